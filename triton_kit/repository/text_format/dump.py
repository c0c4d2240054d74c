"""Values to text format: the one way in which tk writes a configuration."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

from triton_kit.errors import UsageError
from triton_kit.repository.message import Message
from triton_kit.repository.schema import RANGES, Field, MessageType, message_type
from triton_kit.repository.text_format import suggestions
from triton_kit.repository.text_format.literals import to_float32
from triton_kit.suggestion import suggest

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def dump(value: Message | Mapping[str, object], *, message: str = "ModelConfig", route: str = "config") -> str:
    """The configuration as text: fields in the order of the schema, two spaces for a level, enums bare.

    A mapping has enum values by name, maps as mappings and repeated fields as sequences. Raises UsageError where it
    does not fit the schema, with the way to the wrong part, which begins with ``route``.
    """
    type_ = value.type_ if isinstance(value, Message) else message_type(message)
    return "".join(f"{line}\n" for line in _message(value, type_, route))


def escape(text: str) -> str:
    """The text as it is between the double quotes of a literal; surrogate escapes become their bytes."""
    if text.isascii() and text.isprintable():
        return text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(_escaped(c) for c in text)


def _escaped(c: str) -> str:
    if c in _ESCAPES:
        return _ESCAPES[c]
    point = ord(c)
    if point < 0x20 or point == 0x7F:
        return f"\\{point:03o}"
    if 0xDC80 <= point <= 0xDCFF:
        return f"\\{point - 0xDC00:03o}"
    return f"\\u{point:04x}" if 0xD800 <= point <= 0xDFFF else c


def _message(value: object, type_: MessageType, route: str) -> Iterator[str]:
    """The lines of a message's fields."""
    if isinstance(value, Message):
        value = dict(value.fields())
    if not isinstance(value, Mapping):
        _refuse(route, value, "a mapping of fields")
    for name in value:
        if name not in type_.fields:
            every = f"its fields are {', '.join(type_.fields)}"
            hint = suggest(suggestions.snake(str(name)), type_.fields, otherwise=every)
            owner = (
                "a model configuration"
                if type_.name == "ModelConfig"
                else re.sub(r"\[\d+\]$", "", route).split(".")[-1]
            )
            raise UsageError(f"{route}.{name} is not a field of {owner}", hint=hint)
    set_: dict[str, str] = {}
    for name, field in type_.fields.items():
        if name in value and value[name] is not None:
            if field.oneof and field.oneof in set_:
                hint = "keep one of the two"
                raise UsageError(f"{route}.{name} and {route}.{set_[field.oneof]} exclude each other", hint=hint)
            if field.oneof:
                set_[field.oneof] = name
            yield from _field(field, value[name], f"{route}.{name}")


def _field(field: Field, value: object, route: str) -> Iterator[str]:
    if field.map:
        if not isinstance(value, Mapping):
            _refuse(route, value, "a mapping")
        for key, item in value.items():
            yield f"{field.name} {{"
            yield from (f"  {line}" for line in _entry(field, key, item, f"{route}.{key}"))
            yield "}"
    elif field.repeated:
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
            _refuse(route, value, "a list")
        if field.kind == "message":
            yield from _list(field, value, route)
        elif value:
            yield f"{field.name}: [ {', '.join(_scalar(field, v, f'{route}[{i}]') for i, v in enumerate(value))} ]"
    elif field.kind == "message":
        yield from _block(field, value, route)
    else:
        yield f"{field.name}: {_scalar(field, value, route)}"


def _entry(field: Field, key: object, value: object, route: str) -> Iterator[str]:
    assert field.key is not None
    assert field.value is not None
    yield f"key: {_scalar(field.key, key, route)}"
    yield from _field(field.value, value, route)


def _block(field: Field, value: object, route: str) -> Iterator[str]:
    lines = list(_message(value, field.message, route))
    if not lines:
        yield f"{field.name} {{ }}"
    elif len(lines) == 1 and len(lines[0]) < 80:
        yield f"{field.name} {{ {lines[0]} }}"
    else:
        yield f"{field.name} {{"
        yield from (f"  {line}" for line in lines)
        yield "}"


def _list(field: Field, value: Sequence[object], route: str) -> Iterator[str]:
    if not value:
        return
    yield f"{field.name} ["
    for i, item in enumerate(value):
        yield "  {"
        yield from (f"    {line}" for line in _message(item, field.message, f"{route}[{i}]"))
        yield "  }" if i == len(value) - 1 else "  },"
    yield "]"


def _scalar(field: Field, value: object, route: str) -> str:
    match field.kind, value:
        case "string", str():
            return f'"{escape(value)}"'
        case "bytes", bytes():
            return f'"{escape(value.decode("utf-8", "surrogateescape"))}"'
        case "bool", bool():
            return "true" if value else "false"
        case "enum", _:
            return _enum(field, value, route)
        case "float" | "double", int() | float() if not isinstance(value, bool):
            return _float(float(value), field.kind)
        case kind, int() if kind in RANGES and not isinstance(value, bool):
            return _integer(value, kind, route)
    return _refuse(route, value, suggestions.takes(field))


def _integer(value: int, kind: str, route: str) -> str:
    low, high = RANGES[kind]
    if low <= value <= high:
        return str(value)
    raise UsageError(f"{route} is {value}, out of its range", hint=f"give a number from {low} to {high}")


def _enum(field: Field, value: object, route: str) -> str:
    enum = field.enum
    if isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31:
        return enum.names.get(value, str(value))
    if isinstance(value, str):
        if value in enum.values:
            return value
        message, help_, _ = suggestions.unknown_value(value, enum)
        raise UsageError(f"{route}: {message}", hint=help_)
    return _refuse(route, value, f"one of {', '.join(enum.values)}")


def _float(value: float, kind: str) -> str:
    """The shortest decimal that reads back as the same number."""
    if math.isnan(value) or math.isinf(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if kind == "double":
        return repr(value)
    value = to_float32(value)
    if math.isinf(value):
        return _float(value, kind)
    return next(text for digits in range(1, 18) if to_float32(float(text := f"{value:.{digits}g}")) == value)


def _refuse(route: str, value: object, wanted: str) -> NoReturn:
    raise UsageError(f"{route} takes {wanted}, not {suggestions.short(repr(value))}", hint=f"give {wanted}")
