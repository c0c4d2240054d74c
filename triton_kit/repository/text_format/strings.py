"""Strings that are not in their plainest spelling, and those that are where something else is taken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triton_kit.repository.schema import RANGES, Field
from triton_kit.repository.text_format import lexer, suggestions
from triton_kit.repository.text_format.lexer import T_NUMBER, T_OPEN_STRING, T_STRING, T_WORD, TOKEN, skip
from triton_kit.repository.text_format.resync import junk

if TYPE_CHECKING:
    from triton_kit.repository.text_format.reader import Reader

BAD = object()
"""A value that was reported."""

_FIELD_LINE = re.compile(r"[ \t]*(?:[A-Za-z_][A-Za-z0-9_]*[ \t]*[:{<[]|[}\]>#]|\n|$)")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NEEDS_ESCAPE = re.compile(r"""["'\\\x00-\x1f\u2018-\u201d\xab\xbb]|[^\x00-\x7f]""")
_ENDS = re.compile(r"[ \t\r]*(?:[\n,;}\]>#]|$)")


def read_quoted(reader: Reader, field: Field, pos: int, token: re.Match[str]) -> object:
    """A string where something else is taken."""
    inside = token[0][1:-1]
    instead: str | None
    if field.kind == "enum" and inside not in field.enum.values:
        message, help_, instead = suggestions.unknown_value(inside, field.enum)
        help_ = help_ if help_.startswith("did") else f"{help_}, without quotes"
    else:
        message, help_ = (
            f"{suggestions.short(token[0])} is in quotes, and {field.name} takes {suggestions.takes(field)}",
            "remove the quotes",
        )
        plain = {"enum": inside in field.enum.values} if field.kind == "enum" else {"bool": inside in ("true", "false")}
        fits = plain.get(field.kind, field.kind in RANGES and _DECIMAL.fullmatch(inside) is not None)
        instead = inside if fits else None
    reader.report("type", pos, token.end(), message, help_, instead, field=field)
    return BAD


def read_string(reader: Reader, field: Field, pos: int, token: re.Match[str]) -> tuple[object, int]:
    text = reader.text
    if token.lastindex != T_STRING:
        end = token.end() if token.lastindex in (T_WORD, T_NUMBER) else junk(text, pos)
        # A path or a name with dots and slashes is one mistake, not several.
        end = max(end, junk(text, pos))
        word = text[pos:end]
        quotes = "\u201c\u201d\u2018\u2019\u00ab\u00bb"
        if word[0] in quotes:
            line_end = text.index("\n", pos)
            last = max((text.rfind(q, pos + 1, line_end) for q in quotes), default=-1)
            end = last + 1 if last > 0 else end
            inside = text[pos + 1 : last]
            instead = f'"{inside}"' if last > 0 and not _NEEDS_ESCAPE.search(inside) else None
            what = f"{word[0]} is not a quote"
            reader.report("encoding", pos, end, what, 'write plain " quotes', instead, field=field)
        else:
            reader.report(
                "type",
                pos,
                end,
                f"{suggestions.short(word)} has no quotes, and {field.name} takes a string",
                f'write "{suggestions.short(word)}"',
                f'"{word}"' if _ENDS.match(text, end) and not _NEEDS_ESCAPE.search(word) else None,
                field=field,
            )
        return BAD, end
    literals, bad, end = [], False, pos
    part: re.Match[str] | None = token
    while part is not None and part.lastindex == T_STRING:
        if wrong := lexer.bad_escape(part[0]):
            at = part.start() + wrong[0]
            escape = text[at : at + 2]
            reader.report(
                "syntax",
                at,
                at + 2,
                f"{suggestions.short(escape)} is not an escape",
                f"write \\{suggestions.short(escape)} for a backslash",
                field=field,
            )
            bad = True
        literals.append(part[0])
        end = part.end()
        part = TOKEN.match(text, skip(text, end))
    if part is not None and part.lastindex == T_OPEN_STRING:
        return BAD, read_open_string(reader, field, part.start(), part.end())
    if bad:
        return BAD, end
    value = lexer.string_value(literals)
    return (value if field.kind == "bytes" else value.decode("utf-8", "surrogateescape")), end


def read_open_string(reader: Reader, field: Field, pos: int, line_end: int) -> int:
    """A string without its end: reported, with a guess whether it ends with the line or runs over several."""
    text, quote = reader.text, reader.text[pos]
    if text.startswith("\0", line_end):
        reader.report(
            "encoding", line_end, line_end + 1, "there is a NUL character in a string", "remove it", field=field
        )
        closing = text.find(quote, line_end, text.index("\n", line_end))
        return closing + 1 if closing > 0 else text.index("\n", line_end)
    closing = text.find(quote, line_end, line_end + 10000)
    if closing > 0 and not _FIELD_LINE.match(text, line_end + 1):
        reader.report(
            "syntax", pos, line_end, "a string runs over several lines", "write \\n for a line break", field=field
        )
        return closing + 1
    reader.report(
        "syntax", pos, line_end, "a string has no end on its line", f"write a {quote} where it ends", field=field
    )
    return line_end
