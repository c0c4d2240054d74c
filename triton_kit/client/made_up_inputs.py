"""Random or zero inputs in place of those that are not given; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from triton_kit.client.image import holds_encoded
from triton_kit.client.input_slots import Slot, find_slot
from triton_kit.client.picture_bytes import draw_picture
from triton_kit.client.random_inputs import choose_shape, random_inputs, zero_inputs
from triton_kit.client.random_texts import text_kind
from triton_kit.errors import UsageError
from triton_kit.repository.tensor import show_shape

if TYPE_CHECKING:
    from triton_kit.client.types import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """How to fill: ``fill`` is ``random``, ``zeros`` or empty, ``shapes`` are those asked for, by input.

    ``rung`` counts the guesses that were refused, and ``examples`` are inputs that the model takes.
    """

    fill: str
    seed: int
    batch: int | None
    shapes: Mapping[str, Sequence[int]]
    rung: int = 0
    examples: Mapping[str, Sequence[Array]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUp:
    """The arrays, and each guess in words; ``open`` says whether another guess could differ."""

    arrays: Mapping[str, Array]
    guesses: tuple[str, ...] = ()
    open: bool = False


def make_up_inputs(known: Mapping[str, Slot], filling: Filling, given: Mapping[str, Array]) -> MadeUp:
    """Arrays for what is not given; for optional inputs only where there is nothing else."""
    for name in filling.shapes.keys() & given.keys():
        raise UsageError(f"--shape is for made-up data, and input {name} is given")
    if not filling.fill:
        if filling.shapes:
            raise UsageError("--shape is for made-up data", hint="add --random or --zeros")
        return MadeUp(arrays={})
    left = [s for s in known.values() if s.name not in given and (not s.optional or s.name in filling.shapes)]
    if not left and not given:
        left = list(known.values())
    batch = filling.batch
    if batch is None:
        batch = next((a.shape[0] for name, a in given.items() if known[name].batching), None)
    chosen = {
        s.name: choose_shape(
            s, filling.shapes.get(s.name), batch=batch, rung=filling.rung, examples=filling.examples.get(s.name, ())
        )
        for s in left
    }
    guesses = [f"{name} as {show_shape(c.shape)}" for name, c in chosen.items() if c.guessed]
    sizes = {name: choice.shape for name, choice in chosen.items()}
    if filling.fill == "zeros":
        return MadeUp(arrays=zero_inputs(sizes, known), guesses=tuple(guesses), open=bool(guesses))
    arrays = random_inputs(sizes, known, seed=filling.seed, rung=filling.rung, examples=filling.examples)
    texts = False
    for slot in left:
        examples = filling.examples.get(slot.name, ())
        if (
            slot.datatype == "UINT8"
            and holds_encoded(slot)
            and chosen[slot.name].guessed
            and not filling.rung
            and not examples
        ):
            arrays[slot.name] = _encoded_picture(slot, arrays[slot.name], filling.seed)
            guesses = [g for g in guesses if not g.startswith(f"{slot.name} as ")] + [f"{slot.name} as a picture"]
        elif slot.datatype == "BYTES":
            texts = True
            kind = text_kind(slot.name, filling.rung, examples)
            guesses += [f"{slot.name} as a {kind}"] if kind != "word" else []
    return MadeUp(arrays=arrays, guesses=tuple(guesses), open=bool(guesses) or texts)


def _encoded_picture(slot: Slot, otherwise: Array, seed: int) -> Array:
    """A picture's file for each example of the batch, which is all of one length."""
    import numpy as np

    data = draw_picture(np.random.default_rng(seed))
    if data is None:
        return otherwise
    row = np.frombuffer(data, dtype=np.uint8)
    return np.repeat(row[np.newaxis], otherwise.shape[0], axis=0) if slot.batching else row.copy()


def read_shapes(texts: Sequence[str], known: Mapping[str, Slot]) -> dict[str, tuple[int, ...]]:
    """``NAME:3,224,224`` by name; the name may hold colons itself."""
    shapes: dict[str, tuple[int, ...]] = {}
    for text in texts:
        name, _, sizes = text.rpartition(":")
        try:
            shape = tuple(int(size) for size in sizes.split(","))
        except ValueError:
            shape = (-1,)
        if not name or min(shape) < 0:
            raise UsageError(f"{text!r} is not a shape", hint="write NAME:3,224,224")
        shapes[find_slot(known, name).name] = shape
    return shapes
