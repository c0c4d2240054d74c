"""Scalar values that are not in their plainest spelling: read as the server reads them, or said to be wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triton_kit.repository.schema import BOOLS, RANGES, Field
from triton_kit.repository.text_format import lexer, suggestions
from triton_kit.repository.text_format.lexer import T_NUMBER, T_OPEN_STRING, T_STRING, T_WORD, TOKEN, skip, tail
from triton_kit.repository.text_format.resync import balanced, junk, template
from triton_kit.repository.text_format.source import Replacement
from triton_kit.repository.text_format.strings import BAD, read_open_string, read_quoted, read_string

if TYPE_CHECKING:
    from triton_kit.repository.schema import Scalar
    from triton_kit.repository.text_format.reader import Reader

_TRUTHY = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
_NAMES = re.compile(r"[A-Za-z_][A-Za-z0-9_]*[ \t]*[:{<[]")
_GLUED = re.compile(r"[0-9]+([A-Za-z_][A-Za-z0-9_]*)[ \t]*[:{<[]")


def read_field(reader: Reader, field: Field, name_start: int, name_end: int, start: int) -> int:
    """Read the value, or the list, at ``start`` into the message; the offset where reading goes on."""
    text = reader.text
    message = reader.stack[-1].message
    token = TOKEN.match(text, start)
    if token is not None and token.lastindex == T_WORD and "\n" in text[name_end:start] and _NAMES.match(text, start):
        what = f"{field.name} has no value"
        reader.report("syntax", name_start, name_end, what, f"write {suggestions.takes(field)} after it", field=field)
        return start
    if text[start] != "[":
        value, end = _scalar(reader, field, start)
        values, items = ([] if value is BAD else [value]), None
    elif field.repeated:
        values, items, end = _list(reader, field, start)
    else:
        reader.report(
            "type", start, start + 1, f"{field.name} takes one value, not a list", "remove the brackets", field=field
        )
        end = balanced(text, start)
        return tail(text, end)
    if field.repeated:
        message.__dict__.setdefault(field.name, []).extend(values)
    else:
        taken = field.name in message.__dict__ or field.oneof
        if not values or (taken and not reader.may_set(field, name_start, name_end)):
            return tail(text, end)
        message.__dict__[field.name] = values[0]
    message._marks.append((field.name, name_start, start, end, items))
    return tail(text, end)


def _list(reader: Reader, field: Field, start: int) -> tuple[list[object], tuple[tuple[int, int], ...], int]:
    """The values of a list in brackets, their offsets, and where it ends."""
    text = reader.text
    values: list[object] = []
    items: list[tuple[int, int]] = []
    comma, together = -1, False
    pos = skip(text, start + 1)
    while pos < reader.size:
        c = text[pos]
        if c == "]":
            if comma >= 0:
                what = "there is a comma before the ] of a list"
                reader.report("syntax", comma, comma + 1, what, "remove the comma", "", field=field)
            return values, tuple(items), pos + 1
        if c in ",;":
            reader.report("syntax", pos, pos + 1, f"{c} is where a value should be", "remove it", "", field=field)
            comma, pos = -1, skip(text, pos + 1)
            continue
        if c in "}>":
            break
        value, end = _scalar(reader, field, pos)
        if value is not BAD:
            values.append(value)
            items.append((pos, end))
        comma, pos = -1, skip(text, end)
        c = text[pos] if pos < reader.size else ""
        if c == ",":
            comma, pos = pos, skip(text, pos + 1)
        elif c == ";" or _starts_value(field, text, pos):
            pos, together = _no_comma(reader, field, end, pos, together)
        elif c != "]":
            break
    what = f"the list of {field.name} is never closed"
    reader.report("syntax", start, start + 1, what, "write a ] after its last item", field=field)
    return values, tuple(items), pos


def _no_comma(reader: Reader, field: Field, end: int, pos: int, together: bool) -> tuple[int, bool]:
    """Report what stands at ``pos``, behind a value, for a comma; where reading goes on.

    The flag is whether two values had nothing between them: of a list, that is reported once.
    """
    if reader.text[pos] == ";":
        what = "; does not separate the items of a list"
        reader.report("syntax", pos, pos + 1, what, "write a comma", ",", field=field)
        return skip(reader.text, pos + 1), together
    if not together:
        what = f"two values of {field.name} have no comma between them"
        reader.report("syntax", pos, pos + 1, what, "write a comma", Replacement(end, end, ","), field=field)
    return pos, True


def _starts_value(field: Field, text: str, pos: int) -> bool:
    """Whether another value stands here, not the next field."""
    token = TOKEN.match(text, pos)
    if token is None or re.compile(r"\s*[:{<[]").match(text, token.end()):
        return False
    return (
        token.lastindex in (T_NUMBER, T_STRING)
        or text[pos] == "-"
        or (token.lastindex == T_WORD and field.kind in ("enum", "bool"))
    )


def _scalar(reader: Reader, field: Field, pos: int) -> tuple[object, int]:
    """The value at this offset, or BAD, and where it ends; always beyond ``pos``."""
    text = reader.text
    if (end := template(reader, pos)) is not None:
        return BAD, end
    token = TOKEN.match(text, pos)
    kind = token.lastindex if token is not None else None
    if token is None or kind is None:
        reader.report("syntax", pos, pos + 1, f"{field.name} has no value", "write one", field=field)
        return BAD, pos + 1
    if text[pos] in "{[<":
        reader.report("type", pos, pos + 1, *suggestions.block_for_scalar(field), field=field)
        return BAD, balanced(text, pos)
    if kind == T_OPEN_STRING:
        return BAD, read_open_string(reader, field, pos, token.end())
    if field.kind in ("string", "bytes"):
        return read_string(reader, field, pos, token)
    minus = text[pos] == "-"
    if minus:
        token = TOKEN.match(text, skip(text, pos + 1))
        kind = token.lastindex if token is not None else None
        if token is None or kind not in (T_NUMBER, T_WORD):
            end = junk(text, pos)
            what = f"{suggestions.short(text[pos:end])} is not a number, as {field.name} takes"
            reader.report("type", pos, end, what, "write a number", field=field)
            return BAD, end
    read = {"bool": _bool, "enum": _enum, "float": _float, "double": _float}.get(field.kind, _integer)
    if kind == T_STRING:
        return read_quoted(reader, field, pos, token), token.end()
    problem_or_value = read(field, token[0], kind == T_NUMBER, minus)
    if isinstance(problem_or_value, _Problem):
        return BAD, _report(reader, field, problem_or_value, pos, token)
    return problem_or_value, token.end()


class _Problem:
    """``instead`` is the text that should be there, where there is no doubt."""

    __slots__ = ("help", "instead", "kind", "text")

    def __init__(self, kind: str, text: str, help_: str | None, instead: str | None = None) -> None:
        self.kind = kind
        self.text = text
        self.help = help_
        self.instead = instead

    def message(self, value: str) -> str:
        return self.text.replace("{}", value, 1)


def _report(reader: Reader, field: Field, p: _Problem, pos: int, token: re.Match[str]) -> int:
    """Report what is wrong with the value at ``pos``, whose token may be behind a minus sign; where it ends."""
    text = reader.text
    end = max(token.end(), junk(text, pos))
    glued = _GLUED.match(text, token.start())
    if glued and glued[1] in reader.stack[-1].message._type.fields:
        end, what = glued.start(1), f"{text[pos : glued.start(1)]} and {glued[1]} have no space between them"
        reader.report("syntax", pos, end, what, "put a space between them", field=field)
        return end
    if field.kind == "enum" and token.lastindex == T_WORD:
        p = _Problem("unknown-enum", *suggestions.unknown_value(text[pos:end], field.enum))
    elif end > token.end():
        p.instead = None
    reader.report(p.kind, pos, end, p.message(suggestions.short(text[pos:end])), p.help, p.instead, field=field)
    return end


def _integer(field: Field, word: str, number: bool, minus: bool) -> Scalar | _Problem:
    low, high = RANGES[field.kind]
    if not number:
        return _Problem("type", f"{{}} is not an integer, as {field.name} takes", "write a number")
    kind = lexer.number_kind(word)
    if kind in ("decimal", "octal", "hex"):
        value = lexer.integer_value(word, kind) * (-1 if minus else 1)
        if low == 0 and minus:
            return _Problem("range", f"{{}} has a minus sign, and {field.name} takes none", f"write {word}")
        if low <= value <= high:
            return value
        return _Problem("range", f"{{}} is out of the range of {field.name}", f"write a number from {low} to {high}")
    if kind == "float":
        value_ = lexer.float_value(word)
        whole = int(value_) if abs(value_) < 1e15 else 0
        exact = f"{'-' if minus else ''}{whole}" if whole == value_ else None
        help_ = f"write {exact}" if exact else "write a whole number"
        return _Problem("type", f"{{}} is not an integer, as {field.name} takes", help_, exact)
    return _bad_number(kind, word)


def _bad_number(kind: str, word: str) -> _Problem:
    if kind == "bad octal":
        return _Problem("syntax", "{} begins with 0, but is not octal", f"write {word.lstrip('0') or '0'}")
    if kind == "bad hex":
        return _Problem("syntax", "{} is not a hexadecimal number", "write hexadecimal digits after 0x")
    found = re.compile(r"[0-9]+").match(word)
    help_ = f"put a space after {found[0]}, or write {found[0]} alone" if found and found.end() < len(word) else None
    return _Problem("syntax", "{} is not a number", help_)


def _float(field: Field, word: str, number: bool, minus: bool) -> Scalar | _Problem:
    if number:
        kind = lexer.number_kind(word)
        if kind in ("octal", "hex"):
            plain = lexer.integer_value(word, kind) if kind == "hex" else (word.lstrip("0") or "0")
            return _Problem("type", f"{{}} is not a decimal number, as {field.name} takes", f"write {plain}")
        if kind not in ("decimal", "float"):
            return _bad_number(kind, word)
        value = lexer.float_value(word)
    elif word.lower() in ("inf", "infinity", "nan"):
        value = float(word)
    else:
        return _Problem("type", f"{{}} is not a number, as {field.name} takes", "write a number")
    value = -value if minus else value
    return to_float32(value) if field.kind == "float" else value


def to_float32(value: float) -> float:
    """The nearest 32-bit float, infinite beyond the largest."""
    from struct import pack, unpack

    try:
        return float(unpack("<f", pack("<f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _bool(field: Field, word: str, number: bool, minus: bool) -> Scalar | _Problem:
    if not minus and not number and word in BOOLS:
        return BOOLS[word]
    if not minus and number:
        kind = lexer.number_kind(word)
        if kind in ("decimal", "octal", "hex") and lexer.integer_value(word, kind) <= 1:
            return bool(lexer.integer_value(word, kind))
    guess = _TRUTHY.get(word.lower())
    return _Problem(
        "type",
        f"{{}} is neither true nor false, as {field.name} takes",
        f"write {guess or 'true or false'}",
        guess,
    )


def _enum(field: Field, word: str, number: bool, minus: bool) -> Scalar | _Problem:
    if not number:
        if not minus and word in field.enum.values:
            return word
        return _Problem("unknown-enum", *suggestions.unknown_value(word, field.enum))
    kind = lexer.number_kind(word)
    if kind in ("decimal", "octal", "hex"):
        value = lexer.integer_value(word, kind) * (-1 if minus else 1)
        if -(2**31) <= value <= 2**31 - 1:
            return field.enum.names.get(value, value)
        return _Problem("range", f"{{}} is out of the range of {field.name}", "write the name of a value")
    if kind == "float":
        return _Problem(
            "type", f"{{}} is neither a name nor an integer, as {field.name} takes", "write the name of a value"
        )
    return _bad_number(kind, word)
