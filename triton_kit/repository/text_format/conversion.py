"""How the text of a value becomes the value, for each field of a message."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter

from triton_kit.repository.schema import BOOLS, RANGES, Field, MessageType
from triton_kit.repository.text_format.tokens import INTEGERS, OTHER

Convert = Callable[[str], object]
Plan = dict[str, tuple[Field, tuple[Convert | None, ...]]]
"""For each field of a message: how each shape of a value (a group of STATEMENT) is converted, None where it is not."""


def plan_of(type_: MessageType) -> Plan:
    """How the fields of a message are read; made once for each type."""
    plan = type_.cache
    if plan is None:
        plan = type_.cache = {name: (field, (None,) * 3 + _converters(field)) for name, field in type_.fields.items()}
    return plan


_unquote: Convert = itemgetter(slice(1, -1))


def _converters(field: Field) -> tuple[Convert | None, ...]:
    """What reads a STRING, an INTEGER, a NAME, INTEGERS, BLOCK, LIST and OTHER for that field."""
    rest: tuple[Convert | None, ...] = (None,) * (OTHER - INTEGERS)
    if field.kind == "string":
        return (_unquote, None, None, None, *rest)
    if field.kind in RANGES:
        return (None, _integer(*RANGES[field.kind]), None, _integers(field) if field.repeated else None, *rest)
    if field.kind == "bool":
        return (None, {"0": False, "1": True}.__getitem__, BOOLS.__getitem__, None, *rest)
    if field.kind == "double":
        return (None, float, None, None, *rest)
    if field.kind == "enum":
        names = {name: name for name in field.enum.values}
        return (None, None, names.__getitem__, None, *rest)
    return (None, None, None, None, *rest)


def _integer(low: int, high: int) -> Convert:
    def read(text: str) -> int:
        value = int(text)
        # An unsigned field takes no minus sign, not even that of -0.
        if low <= value <= high and (low or text[0] != "-"):
            return value
        raise ValueError

    return read


def _integers(field: Field) -> Convert:
    low, high = RANGES[field.kind]

    def read(text: str) -> list[int]:
        # Base 0 refuses what the text format reads as octal.
        values = [int(item, 0) for item in text.split(",")]
        if low <= min(values) and max(values) <= high and not ("-" in text and low == 0):
            return values
        raise ValueError

    return read
