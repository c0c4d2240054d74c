"""What was probably meant: names near a wrong one, the place a field belongs to, the right shape of a value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TypeAlias

from triton_kit import suggestion
from triton_kit.repository.schema import EnumType, Field, MessageType, message_names, message_type

NO_JSON = "write fields as name: value, without quotes around names and without the outer braces"

_ALIASES = {
    "dtype": "data_type",
    "type": "data_type",
    "datatype": "data_type",
    "shape": "dims",
    "batch_size": "max_batch_size",
    "max_batch": "max_batch_size",
    "instance": "instance_group",
    "instances": "instance_group",
    "model_filename": "default_model_filename",
    "max_queue_delay": "max_queue_delay_microseconds",
    "preferred_batch_sizes": "preferred_batch_size",
    "device": "gpus",
    "gpu": "gpus",
    "ensemble": "ensemble_scheduling",
    "steps": "step",
}

_OTHER_UNITS = frozenset(("max_queue_delay", "device", "gpu", "ensemble"))
"""Of these, names whose value would have to change with the name."""

_TYPE_ALIASES = {
    "FLOAT": "FP32",
    "FLOAT32": "FP32",
    "FLOAT16": "FP16",
    "HALF": "FP16",
    "DOUBLE": "FP64",
    "FLOAT64": "FP64",
    "BFLOAT16": "BF16",
    "INT": "INT32",
    "INTEGER": "INT32",
    "LONG": "INT64",
    "BYTES": "STRING",
    "STR": "STRING",
    "BOOLEAN": "BOOL",
}


def short(text: str) -> str:
    """The text for a message: one line, not long."""
    text = text if text.isprintable() else text.encode("unicode_escape", "backslashreplace").decode()
    return text if len(text) <= 40 else text[:37] + "..."


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that is most like the word, None where none is near; a word that is far off may have another place."""
    return suggestion.nearest(word, names, cutoff=0.7)


def only_near(word: str, names: Iterable[str]) -> str | None:
    """The one name that the word is a misspelling of; None where there is none, or several, or where numbers differ.

    Stricter than ``nearest``: another case, one slip in a word of three letters or more, two in one of seven or more.
    """
    from triton_kit.repository.text_format.edit_distance import slips

    if len(word) > 80:
        return None
    folded = word.lower()
    numbers = sorted(c for c in folded if c.isdigit())
    found: list[tuple[int, str]] = []
    for name in dict.fromkeys(names):
        if len(name) > 80 or sorted(c for c in name if c.isdigit()) != numbers:
            continue
        most = 0 if (length := max(len(word), len(name))) < 4 and min(len(word), len(name)) < 3 else 1
        count = slips(folded, name.lower(), most if length < 7 else 2)
        if count is not None:
            found.append((count, name))
    found.sort()
    if not found or (len(found) > 1 and found[1][0] == found[0][0]):
        return None
    return found[0][1]


def snake(name: str) -> str:
    """A camelCase, CAPITAL or hyphenated name in the way fields are named."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.replace("-", "_")).lower()


Advice: TypeAlias = tuple[str, str, str | None]
"""Message, help, and the text that should be there, where there is no doubt about it."""


def unknown_field(name: str, stack: Sequence[tuple[MessageType, Field | None]]) -> Advice:
    """Advice on a name that is not a field of the last message of the stack."""
    if stack[0][0].name not in message_names():
        # Text of another program, of which no more is known than its fields.
        return f"{name[:100]} is not a field", f"the fields are {', '.join(stack[-1][0].fields)}", None
    return _unknown_field(name[:100], tuple(type_.name for type_, _ in stack), tuple(f.name for _, f in stack if f))


@cache
def _unknown_field(name: str, types: tuple[str, ...], route: tuple[str, ...]) -> Advice:
    type_ = message_type(types[-1])
    message = f"{name} is not a field of {owner(route)}"
    lower = snake(name)
    if lower in type_.fields:
        return message, f"write {lower}", lower
    for up in range(len(types) - 2, -1, -1):
        if name in message_type(types[up]).fields:
            return (
                message,
                f"move it out, into {owner(route[:up])}" if up else f"move it out of {route[0]}, to the top level",
                None,
            )
    if (alias := _ALIASES.get(lower)) in type_.fields:
        return message, f"did you mean {alias}?", None if lower in _OTHER_UNITS else alias
    places = _places().get(name, ())
    for place in places:
        if place[: len(route)] == route and len(place) == len(route) + 1:
            return message, f"move it into {place[-1]} {{ ... }}", None
    if near := nearest(lower, type_.fields):
        return message, f"did you mean {near}?", near if near == only_near(lower, type_.fields) else None
    if len(places) == 1 or (places and len(places[0]) <= 2):
        return message, f"move it into {'.'.join(places[0])}", None
    if not places and (near := nearest(lower, _places())):
        return message, f"did you mean {near}, inside {owner(_places()[near][0])}?", None
    help_ = f"its fields are {', '.join(type_.fields)}" if type_.fields else "remove it: there are no fields"
    return message, help_, None


def owner(route: Sequence[str]) -> str:
    """How a message calls the block that the route leads to."""
    return route[-1] if route else "a model configuration"


@cache
def _places() -> dict[str, list[tuple[str, ...]]]:
    """Field name -> the routes of the messages that have it, the shallow ones first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    level: list[tuple[tuple[str, ...], MessageType]] = [((), message_type("ModelConfig"))]
    while level:
        following = []
        for route, type_ in level:
            for field in type_.fields.values():
                if not type_.entry:
                    found.setdefault(field.name, []).append(route)
                if field.kind == "message":
                    following.append(((*route, field.name), field.message))
        level = following
    return found


def unknown_value(value: str, enum: EnumType) -> Advice:
    """Advice on a word that is not a value of the enum."""
    message = f"{short(value)} is not a value of {enum.name.rsplit('.', 1)[-1]}"
    upper = snake(value).upper() if not value.isupper() else value
    prefix = next(iter(enum.values)).split("_")[0] + "_"
    plain = value.upper().removeprefix(prefix)
    for guess in (
        value.upper().replace("-", "_"),
        upper,
        prefix + value.upper(),
        prefix + _TYPE_ALIASES.get(plain, plain),
    ):
        if guess in enum.values:
            return message, f"write {guess}", guess
    if near := nearest(value.upper(), enum.values) or nearest(prefix + value.upper(), enum.values):
        only = only_near(value, enum.values) or only_near(prefix + value, enum.values)
        return message, f"did you mean {near}?", near if near == only else None
    return message, f"write one of {', '.join(enum.values)}", None


def takes(field: Field) -> str:
    """What a field takes, for a message."""
    names = {"string": "a string", "bytes": "a string", "bool": "true or false", "enum": "a name", "message": "a block"}
    names |= {"float": "a number", "double": "a number"}
    return names.get(field.kind, "an integer")


def block_for_scalar(field: Field) -> tuple[str, str]:
    """Message and help for a block given to a scalar field."""
    shape = "[ ... ]" if field.repeated else "VALUE"
    return f"{field.name} takes {takes(field)}, not a block", f"write {field.name}: {shape}"


def scalar_for_block(field: Field, value: str) -> tuple[str, str]:
    """Message and help for a scalar given to a message field."""
    message = f"{field.name} takes a block, not {short(value)}"
    fields = field.message.fields
    if value in fields:
        inner = f"{value}: ..."
        if fields[value].kind == "message":
            inner = f"{value} {{ ... }}" if fields[value].message.fields else f"{value} {{ }}"
        return message, f"write {field.name} {{ {inner} }}"
    if list(fields) == ["string_value"]:
        inner = value if value[:1] in ('"', "'") else f'"{value}"'
        return message, f"write {field.name} {{ string_value: {inner} }}"
    return message, f"write {field.name} {{ ... }}"
