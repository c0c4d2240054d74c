"""Mistakes of braces, brackets and of what is set twice: those that need a look at what was read before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triton_kit.repository.schema import Field
from triton_kit.repository.text_format import suggestions
from triton_kit.repository.text_format.lexer import skip, tail, token_end
from triton_kit.repository.text_format.resync import balance, is_template, past_list, template
from triton_kit.repository.text_format.source import Replacement
from triton_kit.repository.text_format.tokens import CLOSE, LIMIT, statement

_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*[:{<[]")

if TYPE_CHECKING:
    from triton_kit.repository.message import Mark
    from triton_kit.repository.text_format.reader import Reader


def after_item(reader: Reader, field: Field, name: int, end: int) -> int:
    """After a message in brackets neither a comma with another message nor the closing bracket; goes on behind."""
    text = reader.text
    pos = skip(text, end)
    if (past := template(reader, pos)) is not None:
        return (
            after_item(reader, field, name, past) if not _over(reader, past) else _end_list(reader, field, name, past)
        )
    c = text[pos] if pos < reader.size else ""
    if c == "}" and balance(reader) < 0 and text[skip(text, pos + 1)] in ",]":
        reader.report("syntax", pos, pos + 1, "} closes nothing", "remove it", field=field)
        reader.balance = balance(reader) + 1
        return after_item(reader, field, name, pos + 1)
    following = skip(text, pos + 1) if c in (",", ";") else pos
    if c == ";":
        reader.report(
            "syntax", pos, pos + 1, "; does not separate the items of a list", "write a comma", ",", field=field
        )
    if following < reader.size and text[following] in "{<" and not is_template(text, following):
        if c in "{<":
            reader.report(
                "syntax",
                pos,
                pos + 1,
                f"two blocks of {field.name} have no comma between them",
                "write a comma",
                Replacement(end, end, ","),
                field=field,
            )
        reader.open(field, text[following], name, following, True)
        return skip(text, following + 1)
    if text.startswith("]", following):
        if c == ",":
            reader.report(
                "syntax", pos, pos + 1, "there is a comma before the ] of a list", "remove the comma", "", field=field
            )
        reader.end_list(field, name, following + 1)
        return tail(text, following + 1)
    if c == "," and (past := template(reader, following)) is not None:
        return after_item(reader, field, name, past)
    return _no_item(reader, field, name, following)


def _no_item(reader: Reader, field: Field, name: int, following: int) -> int:
    """Something in a list of messages that is neither a message nor its end."""
    text = reader.text
    if following < reader.size and text[following] in ",\"'0123456789":
        what = suggestions.short(text[following : token_end(text, following)])
        reader.report(
            "syntax",
            following,
            token_end(text, following),
            f"{what} is not a block of {field.name}",
            "write { ... }",
            field=field,
        )
        return past_list(reader, following)
    if (inside := no_start_of_item(reader, field, name, following, following)) is not None:
        return inside
    start = text.index("[", name)
    reader.report(
        "syntax",
        start,
        start + 1,
        f"the list of {field.name} is never closed",
        "write a ] after its last item",
        field=field,
    )
    return following


def no_start_of_item(reader: Reader, field: Field, name: int, pos: int, shown: int) -> int | None:
    """At the first field of an item of a list whose ``{`` is missing; where reading goes on, else None."""
    if not _begins(reader, field, pos):
        return None
    reader.report("syntax", shown, shown + 1, f"a block of {field.name} has no opening brace", "write { before it")
    reader.balance = balance(reader) + 1
    reader.open(field, "{", name, pos, True)
    return pos


def no_start_of_block(reader: Reader, field: Field, name: int, name_end: int, pos: int) -> int | None:
    """At the first field of a block whose ``{`` is missing; where reading goes on, else None."""
    if not _begins(reader, field, pos):
        return None
    what = f"{field.name} has no opening brace"
    reader.report("syntax", name, name_end, what, f"write {field.name} {{", field=field)
    reader.open(field, "{", name, pos, False, name_end)
    reader.balance = balance(reader) + 1
    return pos


def _begins(reader: Reader, field: Field, pos: int) -> bool:
    word = _FIELD.match(reader.text, pos)
    return bool(word and word[1] in field.message.fields and balance(reader) < 0)


def _over(reader: Reader, pos: int) -> bool:
    return skip(reader.text, pos) >= reader.size


def _end_list(reader: Reader, field: Field, name: int, end: int) -> int:
    reader.end_list(field, name, end)
    return tail(reader.text, end)


def surplus(reader: Reader, m: re.Match[str]) -> int:
    """A closing delimiter with nothing open."""
    reader.report("syntax", m.start(CLOSE), m.end(CLOSE), f"{m[CLOSE]} closes nothing", "remove it")
    return m.end() if len(reader.found) < LIMIT else reader.size


def report_delimiter(reader: Reader, m: re.Match[str], closer: str) -> None:
    """A message that ends with the delimiter of the other kind."""
    start = reader.stack[-1].message._start
    what = f"{m[CLOSE]} does not close a {reader.text[start]}"
    reader.report(
        "syntax", m.start(CLOSE), m.end(CLOSE), what, f"write {closer}", closer,
        related=(("opened here", start, start + 1),),
    )  # fmt: skip


def report_twice(reader: Reader, field: Field, other: Field, start: int, end: int) -> None:
    """A field that is set already, or another one of its oneof."""
    message = reader.stack[-1].message
    first = message.__dict__[other.name]
    place = getattr(first, "_name", None)
    if place is None:
        places = (_begin(m) for m in message._marks if _named(reader, m, other.name))
        place = next(places, start)
    related = ((f"{other.name} is set here", place, place + len(other.name)),)
    if field is other:
        text, help_ = f"{field.name} is set twice", "remove one of the two"
        reader.report("duplicate", start, end, text, help_, field=field, related=related)
    else:
        text, help_ = f"{field.name} and {other.name} exclude each other", "keep one of the two"
        reader.report("oneof", start, end, text, help_, field=field, related=related)


def _begin(mark: Mark) -> int:
    if isinstance(mark, int):
        return mark
    return mark[1]._name if len(mark) == 2 else mark[1]


def _named(reader: Reader, mark: Mark, name: str) -> bool:
    return bool((statement(reader.text, mark)[1] if isinstance(mark, int) else mark[0]) == name)


def report_open(reader: Reader) -> None:
    frame = reader.stack[-1]
    start = frame.message._start
    what = f"the block of {frame.field.name} is never closed" if frame.field else "a block is never closed"
    reader.report("syntax", start, start + 1, what, f"write a {frame.closer} where it ends")
