"""Our messages as protobuf's, to compare the two readers by value."""

from __future__ import annotations

import math
from typing import Any

from triton_kit.repository.schema import Field
from triton_kit.repository.text_format.document import Message


def fill(target: Any, message: Message) -> Any:
    """Set in a protobuf message what is set in ours."""
    for name, value in message.fields():
        field = message.type_.fields[name]
        there = getattr(target, name)
        if field.map:
            for key, item in value.items():
                if isinstance(item, Message):
                    fill(there[key], item)
                else:
                    there[key] = item
        elif field.kind == "message":
            for item in value if field.repeated else [value]:
                block = there.add() if field.repeated else there
                block.SetInParent()
                fill(block, item)
        elif field.repeated:
            there.extend(_number(field, item) for item in value)
        else:
            setattr(target, name, _number(field, value))
    return target


def _number(field: Field, value: Any) -> Any:
    return field.enum.values[value] if field.kind == "enum" and isinstance(value, str) else value


def same(one: Any, other: Any) -> bool:
    """Whether two protobuf messages have equal fields; NaN equals NaN, as it does nowhere else."""
    return plain(one) == plain(other)


def plain(message: Any) -> Any:
    """The set fields of a protobuf message as plain values."""
    if isinstance(message, float):
        return "nan" if math.isnan(message) else (message, math.copysign(1, message))
    if hasattr(message, "ListFields"):
        return {field.name: plain(value) for field, value in message.ListFields()}
    if hasattr(message, "items"):
        return {key: plain(value) for key, value in message.items()}
    if isinstance(message, (str, bytes, bool, int)):
        return message
    return [plain(value) for value in message]
