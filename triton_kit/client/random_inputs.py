"""Make inputs up: random ones, the same for the same seed, or zeros; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triton_kit.client.input_slots import Slot
from triton_kit.client.open_sizes import guess_shape, open_dimensions
from triton_kit.client.random_texts import random_texts
from triton_kit.errors import UsageError
from triton_kit.repository.tensor import BY_WIRE, agree, show_shape

if TYPE_CHECKING:
    from numpy.random import Generator

    from triton_kit.client.types import Array

_HIGH = 100
"""Random integers are below this, so that they are small indices and fit every integer type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenShape:
    """The shape to fill, and whether a size had to be chosen where the model leaves it open."""

    shape: tuple[int, ...]
    guessed: bool


def choose_shape(
    slot: Slot, wanted: Sequence[int] | None, *, batch: int | None, rung: int = 0, examples: Sequence[Array] = ()
) -> ChosenShape:
    """The input's shape with every -1 replaced: the batch by ``batch``, others as ``wanted`` says, else by a guess.

    ``wanted`` may leave the batch dimension out. The shape of an example is the first guess, then the rungs of
    ``open_sizes`` follow. Raises UsageError when ``wanted`` disagrees with the model.
    """
    size = 1 if batch is None else batch
    if wanted is None:
        own = slot.shape[slot.batching :]
        taken = [shape for one in examples if agree(shape := one.shape[slot.batching :], own)]
        inner = taken[0] if taken and rung == 0 else guess_shape(slot, max(0, rung - bool(taken)))
        return ChosenShape(shape=(size, *inner) if slot.batching else inner, guessed=open_dimensions(slot))
    for complete in ((size, *wanted) if slot.batching else tuple(wanted), tuple(wanted)):
        if min(complete, default=0) >= 0 and agree(complete, slot.shape):
            if slot.batching and batch is not None and complete[0] != batch:
                raise UsageError(f"--shape gives {slot.name} a batch of {complete[0]}, and --batch asks for {batch}")
            return ChosenShape(shape=complete, guessed=False)
    raise UsageError(
        f"input {slot.name} takes the shape {show_shape(slot.shape)}, and --shape says {show_shape(wanted)}"
    )


def random_inputs(
    shapes: Mapping[str, Sequence[int]],
    known: Mapping[str, Slot],
    *,
    seed: int,
    rung: int = 0,
    examples: Mapping[str, Sequence[Array]] | None = None,
) -> dict[str, Array]:
    """Arrays of these complete shapes: integers from 0 to 99, floats from 0 to 1, booleans, short words.

    Where there are examples of an input, its numbers are in their range, and its texts of their kind; a higher ``rung``
    is another kind of text. An input's values depend on the seed, its name, its shape and its examples alone, not on
    what other inputs there are.
    """
    import zlib

    import numpy as np

    arrays: dict[str, Array] = {}
    for name, shape in shapes.items():
        generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
        mine = (examples or {}).get(name, ())
        if known[name].datatype == "BYTES":
            arrays[name] = random_texts(known[name], shape, generator, rung, mine)
        else:
            arrays[name] = _random_numbers(known[name], shape, generator, mine)
    return arrays


def _random_numbers(slot: Slot, shape: Sequence[int], generator: Generator, examples: Sequence[Array]) -> Array:
    import numpy as np

    kind = BY_WIRE[slot.datatype]
    limits = _limits(examples)
    match kind.wire:
        case "BOOL":
            return generator.integers(0, 2, size=shape).astype(bool)
        case "FP16" | "FP32" | "FP64" | "BF16":
            # Drawn as float32 and cut, since rounding up in a shorter type could give 1.
            drawn: Array = generator.random(size=shape, dtype=np.float32)
            if kind.wire == "FP16":
                drawn = np.floor(drawn * 256) / 256
            if limits is not None:
                low, high = min(0.0, float(limits[0])), max(1.0, float(limits[1]))
                drawn = low + drawn * (high - low)
            return drawn.astype(kind.numpy or np.float32)
        case _:
            least, most = limits or (0, _HIGH - 1)
            return generator.integers(int(least), min(int(most), (1 << 63) - 2) + 1, size=shape).astype(kind.numpy)


def _limits(examples: Sequence[Array]) -> tuple[float, float] | None:
    """The least and the largest number of the examples; ``None`` where they show no range."""
    import numpy as np

    numbers = [array[np.isfinite(array)] for array in examples if array.dtype.kind in "iuf"]
    ends = [(one.min().item(), one.max().item()) for one in numbers if one.size]
    if not ends:
        return None
    least, most = min(low for low, _ in ends), max(high for _, high in ends)
    return (least, most) if least < most else None


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
