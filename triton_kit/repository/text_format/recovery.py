"""What the quick path of the reader does not take: other spellings of a value, mistakes, and where to go on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triton_kit.repository.schema import Field
from triton_kit.repository.text_format import literals, missing, suggestions
from triton_kit.repository.text_format.code_comments import code_comment
from triton_kit.repository.text_format.delimiters import (
    after_item,
    no_start_of_block,
    no_start_of_item,
    report_delimiter,
    report_open,
    report_twice,
    surplus,
)
from triton_kit.repository.text_format.lexer import T_STRING, T_WORD, TOKEN, skip, tail, token_end
from triton_kit.repository.text_format.resync import balance, is_template, past, resync, template
from triton_kit.repository.text_format.source import Replacement
from triton_kit.repository.text_format.tokens import INTEGERS, LIMIT, LIST, OTHER, statement

__all__ = ["after_item", "irregular", "report_delimiter", "report_twice", "stumble", "surplus"]

if TYPE_CHECKING:
    from triton_kit.repository.message import Message
    from triton_kit.repository.text_format.reader import Reader

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]+")
_SIGN = re.compile(r"[:=]*=[:=]*>?|->|:(?:\s*:)+")
_COLON = re.compile(r"\s*:\s*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_FIELD = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*[:{<[]")
_EXTENSION = re.compile(r"\[\s*[A-Za-z][\w./-]*\s*\]")


def irregular(reader: Reader, m: re.Match[str]) -> int:
    """A named field whose value the quick path did not take; the offset where reading goes on."""
    if len(reader.found) >= LIMIT:
        return reader.size
    kind = m.lastindex or OTHER
    start = m.start(kind)
    if kind in (INTEGERS, LIST):
        start = reader.text.rindex("[", 0, start + 1)
    return value_at(reader, m[1], m.start(1), m.end(1), start, colon=m.start(2) >= 0)


def value_at(reader: Reader, name: str, name_start: int, name_end: int, start: int, *, colon: bool) -> int:
    """A field with its value at ``start``, anything but white space; the offset where reading goes on."""
    text, message = reader.text, reader.stack[-1].message
    field = message._type.fields.get(name)
    if field is None and start == name_end and text[start] in "-.":
        return _after_word(reader, name, name_start, name_end)
    if field is None:
        return _unknown(reader, name, name_start, name_end, start)
    if field.kind == "message":
        return _block_at(reader, field, name_start, name_end, start)
    if text[start] in "{<" and not is_template(text, start):
        reader.report("type", start, start + 1, *suggestions.block_for_scalar(field), field=field)
        return past(reader, start)
    if not colon:
        colon_ = Replacement(name_end, name_end, ":")
        what = f"{name} has no colon"
        reader.report("syntax", name_start, name_end, what, "write a : after the name", colon_, field=field)
    return literals.read_field(reader, field, name_start, name_end, start)


def _block_at(reader: Reader, field: Field, name_start: int, name_end: int, start: int) -> int:
    text, name = reader.text, field.name
    if (end := template(reader, start)) is not None:
        return tail(text, end)
    if text[start] in "{<":
        reader.open(field, text[start], name_start, start, False, name_end)
        return skip(text, start + 1)
    if text[start] == "[":
        return _list_at(reader, field, name_start, name_end, start)
    if (end := no_start_of_block(reader, field, name_start, name_end, start)) is not None:
        return end
    token = TOKEN.match(text, start)
    bare = token is not None and token.lastindex == T_WORD and "\n" in text[name_end:start]
    if bare:
        reader.report("syntax", name_start, name_end, f"{name} has no block", f"write {name} {{ ... }}", field=field)
        return start
    reader.report(
        "type",
        start,
        token_end(text, start),
        *suggestions.scalar_for_block(field, text[start : token_end(text, start)]),
        field=field,
    )  # fmt: skip
    return past(reader, start)


def _list_at(reader: Reader, field: Field, name_start: int, name_end: int, start: int) -> int:
    text, name = reader.text, field.name
    inside = skip(text, start + 1)
    if not field.repeated:
        reader.report(
            "type", start, start + 1, f"{name} takes one block, not a list", f"write {name} {{ ... }}", field=field
        )
    elif text[inside] == "]":
        reader.stack[-1].message._marks.append((name, name_start, start, inside + 1, None))
        return tail(text, inside + 1)
    elif (end := template(reader, inside)) is not None:
        return after_item(reader, field, name_start, end)
    elif (end := no_start_of_item(reader, field, name_start, inside, start)) is not None:
        return end
    elif text[inside] in "{<":
        reader.open(field, text[inside], name_start, inside, True, name_end)
        return skip(text, inside + 1)
    else:
        reader.report(
            "type", inside, token_end(text, inside), f"{name} is a list of blocks", f"write {name} [ {{ ... }} ]",
            field=field,
        )  # fmt: skip
    return past(reader, start)


def _unknown(reader: Reader, name: str, name_start: int, name_end: int, start: int | None) -> int:
    depth = len(reader.stack)
    if depth > 1 and balance(reader) > 0:
        for up in range(depth - 2, -1, -1):
            if name in reader.stack[up].message._type.fields:
                report_open(reader)
                while len(reader.stack) > up + 1:
                    reader.balance = balance(reader) - 1
                    reader.leave(name_start)
                return name_start
    advice = suggestions.unknown_field(name, [(f.message._type, f.field) for f in reader.stack])
    reader.report("unknown-field", name_start, name_end, *advice)
    return resync(reader, name_end) if start is None else past(reader, start)


def stumble(reader: Reader, pos: int) -> int:
    """Something that begins no field; reading goes on beyond it, or in fewer messages."""
    text = reader.text
    if pos >= reader.size or len(reader.found) >= LIMIT:
        if len(reader.stack) > 1:
            report_open(reader)
        while len(reader.stack) > 1:
            reader.leave(reader.size)
        return reader.size
    if (end := template(reader, pos)) is not None:
        return tail(text, end)
    token = TOKEN.match(text, pos)
    if token is not None and token.lastindex == T_WORD:
        return _after_word(reader, token[0], pos, token.end())
    return _no_name(reader, pos, token)


def _after_word(reader: Reader, name: str, pos: int, end: int) -> int:
    """A word with nothing after it that a field may have."""
    text, fields = reader.text, reader.stack[-1].message._type.fields
    known = name in fields
    if not known and (longer := _NAME.match(text, pos)) and longer.end() > end and longer[0][-1] not in ".-":
        name, end = longer[0], longer.end()
    after = skip(text, end)
    if sign := _SIGN.match(text, after):
        value = skip(text, sign.end())
        if known:
            what = f"{suggestions.short(sign[0])} does not set a field"
            blanks = text[end : sign.start()].strip(" \t") == ""
            instead = Replacement(end if blanks else sign.start(), sign.end(), ":")
            reader.report("syntax", sign.start(), sign.end(), what, "write a : instead", instead)
        return value_at(reader, name, pos, end, value, colon=True) if value < reader.size else value
    value = skip(text, after + 1) if text[after] == ":" else after
    word = _FIELD.match(text, value)
    if value < reader.size and value > after and text[value] not in "}>]":
        return value_at(reader, name, pos, end, value, colon=True)
    if text[after] in "{[<" and after < reader.size:
        return value_at(reader, name, pos, end, after, colon=False)
    if known and word and fields[name].kind == "message":
        inside = no_start_of_block(reader, fields[name], pos, end, value)
        if inside is not None:
            return inside
    if known and value == after and not word and "\n" not in text[end:after] and re.match(r"[A-Za-z_-]", text[after]):
        return value_at(reader, name, pos, end, after, colon=False)
    if known:
        shape = f"{name} {{ ... }}" if fields[name].kind == "message" else f"{name}: VALUE"
        reader.report("syntax", pos, end, f"{name} has no value", f"write {shape}", field=fields[name])
        return tail(text, value) if word or value >= reader.size or text[value] in "}>" else resync(reader, end)
    return _unknown(reader, name, pos, end, None)


def _no_name(reader: Reader, pos: int, token: re.Match[str] | None) -> int:
    """Something other than a word where a field should begin."""
    text, c = reader.text, reader.text[pos]
    if text.startswith(("//", "/*"), pos):
        return code_comment(reader, pos)
    if c in ",;":
        reader.report("syntax", pos, pos + 1, f"{c} separates nothing", "remove it", "")
        alone = not text[text.rfind("\n", 0, pos) + 1 : pos].strip() and not _FIELD.match(text, skip(text, pos + 1))
        return resync(reader, pos + 1) if alone else skip(text, pos + 1)
    for attempt in (missing.no_end_of_item, missing.no_name, _not_text_format):
        if (end_ := attempt(reader, pos)) is not None:
            return end_
    if token is not None and token.lastindex == T_STRING and text.startswith(":", skip(text, token.end())):
        return _quoted_name(reader, token)
    end = token.end() if token is not None else pos + 1
    if extension := _EXTENSION.match(text, pos):
        what = f"{suggestions.short(extension[0])} names an extension, and there are none"
        reader.report("syntax", pos, extension.end(), what, "write the name of a field")
        colon = _COLON.match(text, extension.end())
        return past(reader, colon.end() if colon else skip(text, extension.end()))
    if text.startswith(("<<<<<<<", "=======", ">>>>>>>"), pos) and text[pos - 1 : pos] in ("", "\n"):
        what = "a merge conflict is left in the file"
        reader.report("syntax", pos, pos + 7, what, "choose one side, and remove the conflict's marks")
        return reader.size
    return _no_word(reader, pos, end)


def _no_word(reader: Reader, pos: int, end: int) -> int:
    """A bracket, number or sign where a field should begin."""
    text, c = reader.text, reader.text[pos]
    if c == "[":
        reader.report("syntax", pos, pos + 1, "a [ is where a field should begin", "write the name of a field")
        return skip(text, pos + 1) if _FIELD.match(text, skip(text, pos + 1)) else past(reader, pos)
    what = suggestions.short(text[pos:end])
    if c.isdigit():
        several = _last_list(reader, reader.stack[-1].message)
        help_ = f"write {several}: [ ... ] for several values" if several else "write the field's name, not a number"
        reader.report("syntax", pos, end, f"{what} is not the name of a field", help_)
    else:
        reader.report("syntax", pos, end, f"{what} is where a field should begin", "remove it, or write NAME: VALUE")
    if c == "{" and balance(reader) > 0:
        reader.balance = balance(reader) - 1
        return skip(text, pos + 1)
    return past(reader, pos) if c in "{<" else resync(reader, end)


def _not_text_format(reader: Reader, pos: int) -> int | None:
    """Report a character that no file in text format has outside strings, or another format; where reading goes on."""
    text, c = reader.text, reader.text[pos]
    if (
        c == "{"
        and len(reader.stack) == 1
        and not reader.root.__dict__
        and re.match(r'\s*(?:"|\})', text[pos + 1 : pos + 500])
    ):
        reader.report("syntax", pos, pos + 1, "the file is JSON, not protobuf text format", suggestions.NO_JSON)
        return reader.size
    if pos == 0 and text.startswith(("\udcff\udcfe", "\udcfe\udcff"), pos):
        reader.report("encoding", pos, pos + 2, "the file is UTF-16, not UTF-8", "save it as UTF-8 without BOM")
        return reader.size
    if control := _CONTROL.match(text, pos):
        reader.report("encoding", pos, control.end(), "there is a control character outside a string", "remove it")
        return skip(text, control.end())
    return _not_ascii(reader, pos) if c > "\x7f" else None


def _quoted_name(reader: Reader, token: re.Match[str]) -> int:
    """A field's name in quotes, with its colon."""
    text, type_ = reader.text, reader.stack[-1].message._type
    name, shown = token[0][1:-1], suggestions.short(token[0])
    known = name in type_.fields
    help_ = f"write key: {shown} value: ..." if type_.entry else "write the name of a field without quotes"
    reader.report("syntax", token.start(), token.end(), f"{shown} is in quotes", help_, name if known else None)
    value = skip(text, skip(text, token.end()) + 1)
    if known and value < reader.size:
        return value_at(reader, name, token.start(), token.end(), value, colon=True)
    return past(reader, value)


def _last_list(reader: Reader, message: Message) -> str | None:
    """The repeated scalar field that was set last, if a field was."""
    if not message._marks:
        return None
    mark = message._marks[-1]
    name: str = statement(reader.text, mark)[1] if isinstance(mark, int) else mark[0]
    field = message._type.fields[name]
    return name if field.repeated and field.kind != "message" else None


def _not_ascii(reader: Reader, pos: int) -> int:
    text = reader.text
    if text[pos] == "\ufeff":
        what = "a byte-order mark begins the file"
        reader.report("encoding", pos, pos + 1, what, "save it as UTF-8 without BOM", "")
        return skip(text, pos + 1)
    if text[pos].isspace() or text[pos] == "\u200b":
        what = f"U+{ord(text[pos]):04X} is not white space here"
        reader.report("encoding", pos, pos + 1, what, "replace it with a plain space", " ")
        return skip(text, pos + 1)
    what = f"{suggestions.short(text[pos])} is outside a string"
    reader.report("encoding", pos, pos + 1, what, "use ASCII characters outside strings and comments")
    return resync(reader, pos + 1)
