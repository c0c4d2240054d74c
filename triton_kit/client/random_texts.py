"""Made-up strings: words, numbers or pictures, as the name of an input, an example of it, or a refusal suggests."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from triton_kit.client.input_slots import Slot
from triton_kit.client.picture_bytes import draw_picture, is_picture

if TYPE_CHECKING:
    from numpy.random import Generator

    from triton_kit.client.types import Array

Kind: TypeAlias = Literal["word", "number", "picture"]

_PICTURE = re.compile(r"image|img|picture|photo|jpe?g|png|frame|pixel", re.IGNORECASE)
_NUMBER = re.compile(r"num|count|amount|age$|price|(?:^|_)id$|INPUT\d+$", re.IGNORECASE)


def text_kind(name: str, rung: int, examples: Sequence[Array]) -> Kind:
    """What to make; by each further rung something else, a word in between."""
    first: Kind = "word"
    if texts := _texts(examples):
        text = texts[0]
        first = "picture" if is_picture(text) else "number" if _number(text) is not None else "word"
    elif _PICTURE.search(name):
        first = "picture"
    elif _NUMBER.search(name):
        first = "number"
    kinds: list[Kind] = [first, *(kind for kind in ("word", "number", "picture") if kind != first)]
    return kinds[rung % len(kinds)]


def random_texts(slot: Slot, shape: Sequence[int], generator: Generator, rung: int, examples: Sequence[Array]) -> Array:
    """Strings of that shape; texts that are neither a number nor a picture are drawn from the examples' own."""
    import numpy as np

    kind, count, own = text_kind(slot.name, rung, examples), math.prod(shape), _texts(examples)
    texts: list[bytes] = []
    if kind == "picture" and (picture := draw_picture(generator)) is not None:
        texts = [picture] * count
    elif kind == "number":
        given = [number for text in own if (number := _number(text)) is not None]
        low, high = (min(given), max(given)) if len(set(given)) > 1 else (0, 99)
        texts = [str(n).encode() for n in generator.integers(int(low), int(high), size=count, endpoint=True).tolist()]
    elif kind == "word" and own and not rung:
        texts = [own[i] for i in generator.integers(0, len(own), size=count).tolist()]
    if not texts:
        numbers = generator.integers(0, 26, size=(count, 5))
        texts = [bytes((row + ord("a")).astype(np.uint8)) for row in numbers]
    array = np.empty(count, dtype=object)
    array[:] = texts
    return array.reshape(tuple(shape))


def _texts(examples: Sequence[Array]) -> list[bytes]:
    return [text for array in examples for text in array.ravel().tolist()]


def _number(text: bytes) -> float | None:
    """The number that a text writes."""
    with contextlib.suppress(ValueError):
        number = float(text)
        return number if math.isfinite(number) else None
    return None
