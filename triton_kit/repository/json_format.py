"""A configuration as protobuf's JSON, in which a server takes it with a request to load."""

from __future__ import annotations

import base64
import math
from typing import TypeAlias

from triton_kit.errors import assert_never
from triton_kit.repository.message import Message, Value

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json]"
"""A value as JSON has it."""


def as_json(message: Message) -> dict[str, Json]:
    """The fields that were set, with the names of the schema, enum values by name, and bytes in base 64.

    Bytes of a string that are not UTF-8 cannot be written in JSON and become replacement characters.
    """
    return {name: _value(value) for name, value in message.fields()}


def _value(value: Value) -> Json:
    match value:
        case Message():
            return as_json(value)
        case list():
            return [_value(item) for item in value]
        case dict():
            return {str(key).lower() if isinstance(key, bool) else str(key): _value(i) for key, i in value.items()}
        case bytes():
            return base64.b64encode(value).decode()
        case str():
            return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case bool() | int() | float():
            return value
        case _:
            assert_never(value)
