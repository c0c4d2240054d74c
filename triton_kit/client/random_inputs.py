"""Make inputs up: random ones, the same for the same seed, or zeros; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triton_kit.client.input_slots import Slot
from triton_kit.errors import UsageError
from triton_kit.repository.tensor import BY_WIRE, agree, show_shape

if TYPE_CHECKING:
    from triton_kit.client.types import Array

_HIGH = 100
"""Random integers are below this, so that they are small indices and fit every integer type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenShape:
    """The shape to fill, and whether a size had to be chosen where the model leaves it open."""

    shape: tuple[int, ...]
    guessed: bool


def choose_shape(slot: Slot, wanted: Sequence[int] | None, *, batch: int | None) -> ChosenShape:
    """The input's shape with every -1 replaced: the batch by ``batch``, others as ``wanted`` says, else by 1.

    ``wanted`` may leave the batch dimension out. Raises UsageError when it disagrees with the model.
    """
    size = 1 if batch is None else batch
    if wanted is None:
        sizes = [d if d >= 0 else 1 for d in slot.shape]
        if slot.batching:
            sizes[0] = size
        return ChosenShape(shape=tuple(sizes), guessed=any(d < 0 for d in slot.shape[slot.batching :]))
    for complete in ((size, *wanted) if slot.batching else tuple(wanted), tuple(wanted)):
        if min(complete, default=0) >= 0 and agree(complete, slot.shape):
            if slot.batching and batch is not None and complete[0] != batch:
                raise UsageError(f"--shape gives {slot.name} a batch of {complete[0]}, and --batch asks for {batch}")
            return ChosenShape(shape=complete, guessed=False)
    raise UsageError(
        f"input {slot.name} takes the shape {show_shape(slot.shape)}, and --shape says {show_shape(wanted)}"
    )


def random_inputs(shapes: Mapping[str, Sequence[int]], known: Mapping[str, Slot], *, seed: int) -> dict[str, Array]:
    """Arrays of these complete shapes: integers from 0 to 99, floats from 0 to 1, booleans, short words.

    An input's values depend on the seed, its name and its shape alone, not on what other inputs there are.
    """
    import zlib

    import numpy as np

    arrays: dict[str, Array] = {}
    for name, shape in shapes.items():
        generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
        kind = BY_WIRE[known[name].datatype]
        match kind.wire:
            case "BYTES":
                numbers = generator.integers(0, 26, size=(math.prod(shape), 5))
                words = np.empty(len(numbers), dtype=object)
                words[:] = [bytes((row + ord("a")).astype(np.uint8)) for row in numbers]
                arrays[name] = words.reshape(shape)
            case "BOOL":
                arrays[name] = generator.integers(0, 2, size=shape).astype(bool)
            case "FP16" | "FP32" | "FP64" | "BF16":
                # Drawn as float32 and cut, since rounding up in a shorter type could give 1.
                drawn = generator.random(size=shape, dtype=np.float32)
                arrays[name] = (
                    (np.floor(drawn * 256) / 256).astype(kind.numpy)
                    if kind.wire == "FP16"
                    else (drawn.astype(kind.numpy or np.float32))
                )
            case _:
                arrays[name] = generator.integers(0, _HIGH, size=shape).astype(kind.numpy)
    return arrays


def zero_inputs(shapes: Mapping[str, Sequence[int]], known: Mapping[str, Slot]) -> dict[str, Array]:
    """Arrays of these complete shapes, all zero, false or empty."""
    import numpy as np

    arrays: dict[str, Array] = {}
    for name, shape in shapes.items():
        kind = BY_WIRE[known[name].datatype]
        if kind.wire == "BYTES":
            arrays[name] = np.full(shape, b"", dtype=object)
        else:
            arrays[name] = np.zeros(shape, dtype=kind.numpy or "float32")
    return arrays
