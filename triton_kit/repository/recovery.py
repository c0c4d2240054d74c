"""What the quick path of the reader does not take: other spellings of a value, mistakes, and where to go on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triton_kit.repository import literals, suggest
from triton_kit.repository.lexer import T_STRING, T_WORD, TOKEN, skip, tail, token_end
from triton_kit.repository.schema import Field
from triton_kit.repository.tokens import CLOSE, INTEGERS, LIST, OTHER

if TYPE_CHECKING:
    from triton_kit.repository.reader import Reader

_BRACES = re.compile(r"""#[^\n]*|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|([{[])|([}\]])""")
_STOPS = re.compile(
    r"""#[^\n]*|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|([{[])|([}\]>])|(\n)"""
    r"""|([A-Za-z_][A-Za-z0-9_]*)(?=[ \t]*[:{<[])|[A-Za-z0-9_]+"""
)
_TEMPLATE = re.compile(r"(?:\$\{.{0,200}?\}|\{\{.{0,200}?\}\}|\{%.{0,200}?%\}|\{#.{0,200}?#\})[^\s,;\[\]{}<>\"'#]*")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]+")
_SIGN = re.compile(r"[:=]*=[:=]*|->|::+")


def irregular(reader: Reader, m: re.Match[str]) -> int:
    """A named field whose value the quick path did not take; the offset where reading goes on."""
    kind = m.lastindex or OTHER
    start = m.start(kind)
    if kind in (INTEGERS, LIST):
        start = reader.text.rindex("[", 0, start + 1)
    return value_at(reader, m[1], m.start(1), m.end(1), start, colon=m.start(2) >= 0)


def value_at(reader: Reader, name: str, name_start: int, name_end: int, start: int, *, colon: bool) -> int:
    """A field with its value at ``start``, anything but white space; the offset where reading goes on."""
    text, message = reader.text, reader.stack[-1].message
    field = message._type.fields.get(name)
    if field is None:
        return _unknown(reader, name, name_start, name_end, start)
    if field.kind == "message":
        return _block_at(reader, field, name_start, name_end, start)
    if text[start] in "{<" and not _TEMPLATE.match(text, start):
        reader.report("type", start, start + 1, *suggest.block_for_scalar(field), field=field)
        return _past(reader, start)
    if not colon:
        reader.report("syntax", name_start, name_end, f"{name} has no colon", "write a : after the name", field=field)
    return literals.read_field(reader, field, name_start, name_end, start)


def _block_at(reader: Reader, field: Field, name_start: int, name_end: int, start: int) -> int:
    text, name = reader.text, field.name
    if (end := template(reader, start)) is not None:
        return tail(text, end)
    if text[start] in "{<":
        reader.open(field, text[start], name_start, start, False, name_end)
        return skip(text, start + 1)
    if text[start] == "[":
        inside = skip(text, start + 1)
        if not field.repeated:
            reader.report(
                "type", start, start + 1, f"{name} takes one block, not a list", f"write {name} {{ ... }}", field=field
            )
        elif text[inside] == "]":
            reader.stack[-1].message._marks.append((name, name_start, start, inside + 1, None))
            return tail(text, inside + 1)
        elif text[inside] in "{<":
            reader.open(field, text[inside], name_start, inside, True, name_end)
            return skip(text, inside + 1)
        elif (end := template(reader, inside)) is not None:
            return after_item(reader, field, name_start, end)
        else:
            reader.report(
                "type", inside, token_end(text, inside), f"{name} is a list of blocks", f"write {name} [ {{ ... }} ]",
                field=field,
            )  # fmt: skip
        return _past(reader, start)
    token = TOKEN.match(text, start)
    bare = token is not None and token.lastindex == T_WORD and "\n" in text[name_end:start]
    if bare:
        reader.report(
            "syntax", name_start, name_end, f"{name} has no block", f"write {name} {{ ... }}", field=field
        )
        return start
    reader.report(
        "type", start, token_end(text, start), *suggest.scalar_for_block(field, text[start : token_end(text, start)]),
        field=field,
    )  # fmt: skip
    return _past(reader, start)


def _unknown(reader: Reader, name: str, name_start: int, name_end: int, start: int) -> int:
    depth = len(reader.stack)
    if depth > 1 and _balance(reader) > 0:
        for up in range(depth - 2, -1, -1):
            if name in reader.stack[up].message._type.fields:
                _report_open(reader, name_start)
                while len(reader.stack) > up + 1:
                    reader.balance = _balance(reader) - 1
                    reader.leave(name_start)
                return name_start
    message, help_ = suggest.unknown_field(name, [(f.message._type, f.field) for f in reader.stack])
    reader.report("unknown-field", name_start, name_end, message, help_)
    return _past(reader, start)


def stumble(reader: Reader, pos: int) -> int:
    """Something that begins no field; the offset where reading goes on, always beyond ``pos`` or with fewer messages."""
    text = reader.text
    if pos >= reader.size:
        _report_open(reader, reader.size)
        while len(reader.stack) > 1:
            reader.leave(reader.size)
        return pos
    if (end := template(reader, pos)) is not None:
        return tail(text, end)
    token = TOKEN.match(text, pos)
    if token is not None and token.lastindex == T_WORD:
        return _after_word(reader, token[0], pos, token.end())
    return _no_name(reader, pos, token)


def _after_word(reader: Reader, name: str, pos: int, end: int) -> int:
    """A word with nothing after it that a field may have."""
    text = reader.text
    after = skip(text, end)
    sign = _SIGN.match(text, after)
    known = name in reader.stack[-1].message._type.fields
    if sign:
        value = skip(text, sign.end())
        if known:
            reader.report("syntax", sign.start(), sign.end(), f"{sign[0]} does not set a field", "write a : instead")
        return value_at(reader, name, pos, end, value, colon=True) if value < reader.size else value
    if text.startswith(":", after):
        value = skip(text, after + 1)
        if value < reader.size and text[value] not in "}>]":
            return value_at(reader, name, pos, end, value, colon=True)
        if known:
            reader.report("syntax", pos, end, f"{name} has no value", "write one after the colon")
            return tail(text, after + 1)
    elif TOKEN.match(text, after) and after < reader.size and re.match(r"[A-Za-z_-]", text[after]):
        # A word after a word: on the same line it is a value without its colon, else the field has no value.
        if known and "\n" not in text[end:after]:
            return value_at(reader, name, pos, end, after, colon=False)
    field = reader.stack[-1].message._type.fields.get(name)
    if field is None:
        message, help_ = suggest.unknown_field(name, [(f.message._type, f.field) for f in reader.stack])
        reader.report("unknown-field", pos, end, message, help_)
    else:
        shape = f"{name} {{ ... }}" if field.kind == "message" else f"{name}: VALUE"
        reader.report("syntax", pos, end, f"{name} has no value", f"write {shape}", field=field)
    return _resync(reader, end)


def _no_name(reader: Reader, pos: int, token: re.Match[str] | None) -> int:
    """Something other than a word where a field should begin."""
    text, c = reader.text, reader.text[pos]
    if text.startswith(("//", "/*"), pos):
        return _code_comment(reader, pos)
    if c in ",;":
        reader.report("syntax", pos, pos + 1, f"{c} separates nothing", "remove it")
        return skip(text, pos + 1)
    if c == "{" and len(reader.stack) == 1 and not reader.root.__dict__ and re.match(r'\s*(?:"|\})', text[pos + 1 : pos + 500]):
        reader.report("syntax", pos, pos + 1, "the file is JSON, not protobuf text format", suggest.NO_JSON)
        return reader.size
    if control := _CONTROL.match(text, pos):
        reader.report("encoding", pos, control.end(), "a control character stands outside a string", "remove it")
        return skip(text, control.end())
    if c > "\x7f":
        return _not_ascii(reader, pos)
    if token is not None and token.lastindex == T_STRING and text.startswith(":", skip(text, token.end())):
        name = token[0][1:-1]
        reader.report("syntax", pos, token.end(), f"{token[0]} is in quotes", "write the name of a field without quotes")
        value = skip(text, skip(text, token.end()) + 1)
        if name in reader.stack[-1].message._type.fields and value < reader.size:
            return value_at(reader, name, pos, token.end(), value, colon=True)
        return _past(reader, value)
    end = token.end() if token is not None else pos + 1
    if c == "[":
        reader.report("syntax", pos, pos + 1, "a [ stands where a field should begin", "write the name of a field")
        return _past(reader, pos)
    what = suggest.short(text[pos:end])
    if c.isdigit():
        reader.report("syntax", pos, end, f"{what} is not the name of a field", "write the field's name, not a number")
    else:
        reader.report("syntax", pos, end, f"{what} stands where a field should begin", "remove it, or write NAME: VALUE")
    if c in "{<":
        return _past(reader, pos)
    return _resync(reader, end)


def _code_comment(reader: Reader, pos: int) -> int:
    text = reader.text
    if text.startswith("//", pos):
        end = text.index("\n", pos)
    else:
        end = text.find("*/", pos) + 2 if "*/" in text[pos:] else text.index("\n", pos)
    if reader.code_comment != pos:
        reader.report("syntax", pos, pos + 2, f"{text[pos : pos + 2]} does not begin a comment", "write # before a comment")
    following = skip(text, end)
    reader.code_comment = following
    return following


def _not_ascii(reader: Reader, pos: int) -> int:
    text = reader.text
    if text[pos] == "\ufeff":
        reader.report("encoding", pos, pos + 1, "a byte-order mark begins the file", "save it as UTF-8 without BOM")
        return skip(text, pos + 1)
    if text[pos].isspace() or text[pos] == "\u200b":
        what = f"U+{ord(text[pos]):04X} is no white space here"
        reader.report("encoding", pos, pos + 1, what, "replace it by a plain space")
        return skip(text, pos + 1)
    what = f"{suggest.short(text[pos])} stands outside a string"
    reader.report("encoding", pos, pos + 1, what, "use ASCII characters outside strings and comments")
    return _resync(reader, pos + 1)


def after_item(reader: Reader, field: Field, name: int, end: int) -> int:
    """After a message in brackets neither a comma with another message nor the closing bracket; goes on behind."""
    text = reader.text
    pos = skip(text, end)
    if (past := template(reader, pos)) is not None:
        return after_item(reader, field, name, past) if not _over(reader, past) else _end_list(reader, field, name, past)
    c = text[pos] if pos < reader.size else ""
    following = skip(text, pos + 1) if c in (",", ";") else pos
    if c == ";":
        reader.report("syntax", pos, pos + 1, "; does not separate the items of a list", "write a comma", field=field)
    if following < reader.size and text[following] in "{<" and not _TEMPLATE.match(text, following):
        if c in "{<":
            reader.report("syntax", pos, pos + 1, f"two blocks of {field.name} have no comma between them", "write a comma", field=field)
        reader.open(field, text[following], name, following, True)
        return skip(text, following + 1)
    if text.startswith("]", following):
        if c == ",":
            reader.report("syntax", pos, pos + 1, "a comma stands before the ] of a list", "remove the comma", field=field)
        reader.end_list(field, name, following + 1)
        return tail(text, following + 1)
    if c == "," and (past := template(reader, following)) is not None:
        return after_item(reader, field, name, past)
    if following < reader.size and text[following] in ",\"'0123456789":
        what = suggest.short(text[following : token_end(text, following)])
        reader.report("syntax", following, token_end(text, following), f"{what} is not a block of {field.name}", "write { ... }", field=field)
        return _past_list(reader, following)
    start = text.index("[", name)
    reader.report("syntax", start, start + 1, f"the list of {field.name} is never closed", "write a ] after its last item", field=field)
    return following


def _over(reader: Reader, pos: int) -> bool:
    return skip(reader.text, pos) >= reader.size


def _end_list(reader: Reader, field: Field, name: int, end: int) -> int:
    reader.end_list(field, name, end)
    return tail(reader.text, end)


def surplus(reader: Reader, m: re.Match[str]) -> int:
    """A closing delimiter with nothing open."""
    reader.report("syntax", m.start(CLOSE), m.end(CLOSE), f"{m[CLOSE]} closes nothing", "remove it")
    return m.end()


def report_delimiter(reader: Reader, m: re.Match[str], closer: str) -> None:
    """A message that ends with the delimiter of the other kind."""
    start = reader.stack[-1].message._start
    reader.report(
        "syntax", m.start(CLOSE), m.end(CLOSE), f"{m[CLOSE]} does not close a {reader.text[start]}", f"write {closer}",
        related=(("opened here", start, start + 1),),
    )  # fmt: skip


def report_twice(reader: Reader, field: Field, other: Field, start: int, end: int) -> None:
    """A field that is set already, or another one of its oneof."""
    message = reader.stack[-1].message
    first = message.__dict__[other.name]
    place = getattr(first, "_name", None)
    if place is None:
        place = next((m.start(1) if isinstance(m, re.Match) else m[1] for m in message._marks if _named(m, other.name)), start)
    related = ((f"{other.name} is set here", place, place + len(other.name)),)
    if field is other:
        text, help_ = f"{field.name} is set twice", "remove one of the two"
        reader.report("duplicate", start, end, text, help_, field=field, related=related)
    else:
        text, help_ = f"{field.name} and {other.name} exclude each other", "keep one of the two"
        reader.report("oneof", start, end, text, help_, field=field, related=related)


def _named(mark: object, name: str) -> bool:
    return mark[1] == name if isinstance(mark, re.Match) else bool(mark[0] == name)  # type: ignore[index]


def template(reader: Reader, pos: int) -> int | None:
    """The end of an unfilled template variable at this offset, reported once for a file; None where there is none."""
    found = _TEMPLATE.match(reader.text, pos)
    if found is None:
        return None
    if not reader.template:
        reader.template = True
        what = suggest.short(found[0])
        reader.report("syntax", pos, found.end(), f"{what} is an unfilled template variable", "fill the template first")
    return found.end()


def _report_open(reader: Reader, _end: int) -> None:
    frame = reader.stack[-1]
    start = frame.message._start
    what = f"the block of {frame.field.name} is never closed" if frame.field else "a block is never closed"
    reader.report("syntax", start, start + 1, what, f"write a {frame.closer} where it ends")


def _balance(reader: Reader) -> int:
    """How many more braces the text opens than closes."""
    if reader.balance is None:
        total = 0
        for found in _BRACES.finditer(reader.text):
            total += (found[1] == "{") - (found[2] == "}")
        reader.balance = total
    return reader.balance


def _past(reader: Reader, start: int) -> int:
    """Beyond a value that is not understood, whatever it is, and a separator after it."""
    text = reader.text
    if (end := template(reader, start)) is not None:
        return tail(text, end)
    if text[start] in "{[<":
        return tail(text, balanced(text, start))
    if text[start] == "-":
        start = skip(text, start + 1)
    end = token_end(text, start)
    while text[start : start + 1] in ('"', "'"):
        end = token_end(text, start)
        start = skip(text, end)
    return tail(text, end)


def _past_list(reader: Reader, pos: int) -> int:
    """Beyond the end of a list whose inside is not understood from this offset on."""
    return tail(reader.text, balanced(reader.text, pos, 1))


def balanced(text: str, pos: int, depth: int = 0) -> int:
    """Beyond the bracket that closes the one at this offset; the end of the text where none does."""
    if not depth and text[pos] == "<":
        pos, depth = pos + 1, 1
        for found in re.compile(r"[<>]").finditer(text, pos):
            depth += 1 if found[0] == "<" else -1
            if not depth:
                return found.end()
        return len(text) - 1
    for found in _BRACES.finditer(text, pos):
        if found[1]:
            depth += 1
        elif found[2]:
            depth -= 1
            if depth <= 0:
                return found.end()
    return len(text) - 1


def _resync(reader: Reader, pos: int) -> int:
    """Where reading may go on after something not understood: the next line, field or end of the message."""
    text, depth = reader.text, 0
    fields, closer = reader.stack[-1].message._type.fields, reader.stack[-1].closer
    for found in _STOPS.finditer(text, pos):
        if found[1]:
            depth += 1
        elif found[2]:
            if found[2] == ">" and closer != ">":
                continue
            if depth:
                depth -= 1
            elif found[2] != "]":
                return found.start()
        elif not depth and (found[3] or (found[4] in fields and found.start() > pos)):
            return skip(text, found.start())
    return reader.size
