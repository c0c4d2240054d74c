"""Single tokens and what a literal stands for: for what is not in its plainest spelling (protobuf io/tokenizer.cc)."""

from __future__ import annotations

import re
from typing import Literal

from triton_kit.repository.text_format.tokens import SKIP, TAIL, WORD

_TAIL = re.compile(TAIL)

TOKEN = re.compile(
    rf"({WORD})|(\.?[0-9](?:[eE][-+]|[A-Za-z0-9_.])*)"
    r"""|("[^"\\\n\0]*(?:\\[^\n\0][^"\\\n\0]*)*"|'[^'\\\n\0]*(?:\\[^\n\0][^'\\\n\0]*)*')|(["'][^\n\0]*)|([^\n])|\n"""
)
"""One token without the space before it: word, number, string, string without an end, any other character."""

T_WORD, T_NUMBER, T_STRING, T_OPEN_STRING, T_SYMBOL = range(1, 6)

Number = Literal["decimal", "octal", "hex", "float", "bad octal", "bad hex", "bad"]

_NUMBERS: tuple[tuple[Number, re.Pattern[str]], ...] = (
    ("decimal", re.compile(r"0|[1-9][0-9]*")),
    ("octal", re.compile(r"0[0-7]+")),
    ("hex", re.compile(r"0[xX][0-9a-fA-F]+")),
    ("float", re.compile(r"(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[fF]?")),
    ("bad octal", re.compile(r"0[0-9]+")),
    ("bad hex", re.compile(r"0[xX].*")),
)

_ESCAPE = re.compile(
    rb"\\(?:(?:u|U0000)([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|([0-7]{1,3})|x([0-9a-fA-F]{1,2})|(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|(.))",
    re.DOTALL,
)
_GOOD_ESCAPE = re.compile(r"""\\(?:[abfnrtv\\?'"0-7]|x[0-9a-fA-F]|u[0-9a-fA-F]{4}|U00[01][0-9a-fA-F]{5})""")
_ANY_ESCAPE = re.compile(r"\\.", re.DOTALL)
_SIMPLE = dict(
    zip(b"abfnrtv\\?'\"", (b"\a", b"\b", b"\f", b"\n", b"\r", b"\t", b"\v", b"\\", b"?", b"'", b'"'), strict=True)
)


def number_kind(text: str) -> Number:
    """What a number is by its spelling, the sign left out."""
    for kind, pattern in _NUMBERS:
        if pattern.fullmatch(text):
            return kind
    return "bad"


def integer_value(text: str, kind: Number) -> int:
    """The value of a decimal, octal or hex literal; some value beyond 64 bits for one of very many digits."""
    if kind == "decimal" and len(text) > 1000:
        # Python converts no more than some thousand decimal digits.
        return 10**1000
    return int(text, {"decimal": 10, "octal": 8, "hex": 16}[kind])


def float_value(text: str) -> float:
    """The value of a decimal or float literal; infinite where it is too large."""
    return float(text.rstrip("fF"))


def bad_escape(literal: str) -> tuple[int, int] | None:
    """Where in the literal the first escape stands that there is not."""
    for found in _ANY_ESCAPE.finditer(literal):
        if not _GOOD_ESCAPE.match(literal, found.start()):
            return found.span()
    return None


def to_bytes(text: str) -> bytes:
    """The text as it stood in the file; what no file can hold (a lone surrogate given as str) is kept in kind."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def string_value(literals: list[str]) -> bytes:
    """The bytes that adjacent literals, quotes included, stand for together."""
    return b"".join(_ESCAPE.sub(_unescape, to_bytes(literal[1:-1])) for literal in literals)


def _unescape(found: re.Match[bytes]) -> bytes:
    head, trail, octal, hexadecimal, short, long, simple = found.groups()
    if head:
        point = 0x10000 + ((int(head, 16) & 0x3FF) << 10) + (int(trail, 16) & 0x3FF)
        return chr(point).encode()
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    if simple:
        return _SIMPLE[simple[0]]
    point = int(short or long, 16)
    # Beyond the last code point the escape stays in the value as it is written.
    return chr(point).encode("utf-8", "surrogatepass") if point <= 0x10FFFF else found.group()


def skip(text: str, pos: int) -> int:
    """The offset of the next token: past white space and comments."""
    m = SKIP.match(text, pos)
    assert m is not None
    return m.end()


def tail(text: str, pos: int) -> int:
    """The offset of the next field after a value: past space and one separator."""
    m = _TAIL.match(text, pos)
    assert m is not None
    return m.end()


def token_end(text: str, pos: int) -> int:
    """Where the token at this offset ends, at least one character on."""
    token = TOKEN.match(text, pos)
    return max(token.end(), pos + 1) if token is not None else pos + 1
