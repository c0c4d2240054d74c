"""A bracket or brace that is missing: where it belongs, so that one missing character is one message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triton_kit.repository.schema import Field
from triton_kit.repository.text_format.delimiters import after_item, report_open
from triton_kit.repository.text_format.lexer import skip, tail
from triton_kit.repository.text_format.resync import balance
from triton_kit.repository.text_format.source import Replacement

if TYPE_CHECKING:
    from triton_kit.repository.text_format.reader import Reader

_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*[:{<[]")


def no_end_of_item(reader: Reader, pos: int) -> int | None:
    """At a ``{`` or ``]`` that ends an item of a list whose ``}`` is missing; where reading goes on, else None."""
    frame, text = reader.stack[-1], reader.text
    if text[pos] not in "{]" or not frame.listed or frame.field is None or balance(reader) <= 0:
        return None
    if text[pos] == "{" and text[:pos].rstrip()[-1:] != ",":
        return None
    report_open(reader)
    reader.balance = balance(reader) - 1
    name = frame.message._name
    reader.leave(pos)
    if text[pos] == "]":
        return after_item(reader, frame.field, name, pos)
    reader.open(frame.field, "{", name, pos, True)
    return skip(text, pos + 1)


def no_name(reader: Reader, pos: int) -> int | None:
    """At the ``{`` of another block of a field that was written as a block, or the ``]`` behind such; else None."""
    text, message = reader.text, reader.stack[-1].message
    if text[pos] == "]" and reader.unnamed is message:
        reader.unnamed = None
        return tail(text, pos + 1)
    field = _last_block(reader)
    word = _FIELD.match(text, skip(text, pos + 1))
    if text[pos] != "{" or field is None or word is None or word[1] not in field.message.fields:
        return None
    if reader.unnamed is not message:
        _report_unnamed(reader, field, pos)
        reader.unnamed = message
    reader.open(field, "{", pos, pos, False)
    return skip(text, pos + 1)


def _report_unnamed(reader: Reader, field: Field, pos: int) -> None:
    what = f"a second block of {field.name} has no name before it"
    if len(re.findall(r"\]", reader.text)) > len(re.findall(r"\[", reader.text)):
        reader.report("syntax", pos, pos + 1, what, f"write {field.name}: [ before the first block", field=field)
        return
    instead = Replacement(pos, pos, f"{field.name} ")
    help_ = f"write {field.name} before it, or one list: {field.name} [ {{ ... }}, {{ ... }} ]"
    reader.report("syntax", pos, pos + 1, what, help_, instead, field=field)


def _last_block(reader: Reader) -> Field | None:
    """The repeated field of messages, or the map, that was read last, where nothing else was read since."""
    message = reader.stack[-1].message
    ends: list[tuple[int, str]] = []
    for mark in message._marks:
        if isinstance(mark, int):
            ends.append((mark, ""))
        else:
            ends.append((mark[1]._end, mark[0]) if len(mark) == 2 else (mark[3], mark[0]))
    for name, field in message._type.fields.items():
        if field.kind == "message" and field.repeated and not field.map and message.__dict__.get(name):
            ends.append((message.__dict__[name][-1]._end, name))
    _, name = max(ends, default=(0, ""))
    found = message._type.fields.get(name)
    return found if found is not None and found.kind == "message" and found.repeated else None
