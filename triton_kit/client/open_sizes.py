"""The sizes to try for what a model leaves open, one after the other: a short ladder for each kind of input; pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from triton_kit.client.image import find_layout
from triton_kit.client.input_slots import Slot
from triton_kit.errors import UsageError

PICTURE = (224, 256, 640, 32)
SOUND = (16000, 1, 16, 224)
OTHER = (1, 16, 224, 16000)
RUNGS = 4
"""How many sizes each ladder has."""

_LARGEST = 1 << 22
"""Elements that an input does not get more of by a guess."""

_SOUND = re.compile(r"audio|wav|speech|sound|signal|pcm|samples", re.IGNORECASE)


def open_dimensions(slot: Slot) -> bool:
    """Whether the model leaves a size open, other than that of the batch."""
    return any(d < 0 for d in slot.shape[slot.batching :])


def guess_shape(slot: Slot, rung: int) -> tuple[int, ...]:
    """The input's shape without its batch dimension, each open size by that rung of its ladder."""
    inner = slot.shape[slot.batching :]
    picture = _picture(slot, rung)
    if picture is not None:
        return picture
    ladder = SOUND if _SOUND.search(slot.name) and slot.datatype.startswith(("FP", "BF", "INT")) else OTHER
    size = ladder[rung]
    shape = tuple(d if d >= 0 else size for d in inner)
    return shape if math.prod(shape) <= _LARGEST else tuple(d if d >= 0 else 1 for d in inner)


def _picture(slot: Slot, rung: int) -> tuple[int, ...] | None:
    """The shape of a square picture with one example; ``None`` for an input that does not look like one."""
    try:
        place = find_layout(slot)
    except UsageError:
        return None
    if "C" not in place.axes or slot.datatype in ("BOOL", "BYTES"):
        return None
    sizes: Sequence[int] = [
        place.sizes[axis] if place.sizes[axis] >= 0 else 3 if axis == "C" else PICTURE[rung] for axis in place.axes
    ]
    leading = len(slot.shape) - slot.batching - len(sizes)
    return (1,) * leading + tuple(sizes)
