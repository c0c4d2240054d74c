"""Where reading goes on after a mistake: beyond values, brackets, lines that are not understood."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triton_kit.repository.text_format import suggestions
from triton_kit.repository.text_format.lexer import skip, tail, token_end

if TYPE_CHECKING:
    from triton_kit.repository.text_format.reader import Reader

_BRACES = re.compile(r"""#[^\n]*|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|([{[])|([}\]])""")
_STOPS = re.compile(
    r"""#[^\n]*|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|([{[])|([}\]>])|(\n)"""
    r"""|([A-Za-z_][A-Za-z0-9_]*)(?=[ \t]*[:{<[])|[A-Za-z0-9_]+"""
)
_TEMPLATE = re.compile(
    r"(?:\$\{.{0,200}?\}|\{\{[^:\n]{0,200}?\}\}|\{%.{0,200}?%\}|\{#.{0,200}?#\})[^\s,;\[\]{}<>\"'#]*"
)


def is_template(text: str, pos: int) -> bool:
    """Whether an unfilled template variable is at this offset."""
    return _TEMPLATE.match(text, pos) is not None


def template(reader: Reader, pos: int) -> int | None:
    """The end of an unfilled template variable at this offset, reported once for a file; None where there is none."""
    found = _TEMPLATE.match(reader.text, pos)
    if found is None:
        return None
    if not reader.template:
        what = suggestions.short(found[0])
        reader.report("syntax", pos, found.end(), f"{what} is an unfilled template variable", "fill the template first")
        reader.template = True
    return found.end()


def balance(reader: Reader) -> int:
    """How many more braces the text opens than closes."""
    if reader.balance is None:
        total = 0
        for found in _BRACES.finditer(reader.text):
            total += (found[1] == "{") - (found[2] == "}")
        reader.balance = total
    return reader.balance


def past(reader: Reader, start: int) -> int:
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


def past_list(reader: Reader, pos: int) -> int:
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
        return len(text) - 2
    for found in _BRACES.finditer(text, pos):
        if found[1]:
            depth += 1
        elif found[2]:
            depth -= 1
            if depth <= 0:
                return found.end()
    return len(text) - 2


def junk(text: str, pos: int) -> int:
    """The end of something that is not a value: the rest of the line, up to what ends a value."""
    found = re.compile(r"""[^\s,;\]}>#"':{[]+""").match(text, pos)
    return max(found.end() if found else pos, pos + 1)


def resync(reader: Reader, pos: int) -> int:
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
