"""What a config.pbtxt looks like as written: fields in their order, comments and blank lines, no schema."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from triton_kit.repository.text_format.lexer import TOKEN

_LEX = re.compile(rf"([ \t\r\v\f]+)|(\n)|(\#[^\n]*)|{TOKEN.pattern}")
_SPACE, _BREAK, _COMMENT, _WORD, _NUMBER, _STRING = range(1, 7)

_CLOSERS = {"{": "}", "<": ">", "[": "]"}


class Token(NamedTuple):
    """A token or a comment, and how many line breaks are before it."""

    kind: int
    text: str
    breaks: int


@dataclass(slots=True, kw_only=True)
class Remark:
    """A comment on a line of its own; ``blank`` says whether an empty line is before it."""

    text: str
    blank: bool = False


@dataclass(slots=True, kw_only=True)
class Body:
    """What is between two delimiters, or the whole file.

    ``inside`` is a comment behind the opening delimiter; ``spread`` says whether there is a line break in it.
    """

    entries: list[Entry | Remark] = field(default_factory=list)
    inside: str | None = None
    spread: bool = False


@dataclass(slots=True, kw_only=True)
class Scalar:
    """A value without delimiters: one literal, or adjacent strings, which ``spread`` says are on several lines.

    ``remarks`` are the comments before, between and behind the strings: those before the literal of that number.
    """

    literals: list[str]
    spread: bool = False
    remarks: dict[int, list[Comment]] = field(default_factory=dict)


class Comment(NamedTuple):
    """A comment, and whether something is before it on its line."""

    text: str
    trailing: bool


@dataclass(slots=True, kw_only=True)
class Message:
    """A value in braces (or in angle brackets, which mean the same)."""

    body: Body


@dataclass(slots=True, kw_only=True)
class Items:
    """A value in brackets: entries without names, all messages or all scalars."""

    body: Body


@dataclass(slots=True, kw_only=True)
class Entry:
    """A field, or an item of a list, which has no name; ``comment`` is behind it on its last line."""

    name: str
    colon: bool
    value: Scalar | Message | Items
    blank: bool = False
    comment: str | None = None


def read_syntax(text: str) -> Body:
    """The text as it is written. It must be one that ``textproto.parse`` has no syntax error for."""
    return _Cursor(_tokens(text)).body("")


def _tokens(text: str) -> list[Token]:
    tokens = []
    breaks = 0
    for m in _LEX.finditer(text):
        kind: int = m.lastindex or _BREAK
        if kind == _BREAK:
            breaks += 1
        elif kind != _SPACE:
            word = m.group()
            tokens.append(Token(kind, word.rstrip(" \t\r\v\f") if kind == _COMMENT else word, breaks))
            breaks = 0
    return tokens


class _Cursor:
    """A place in the tokens; each method reads on from there."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = [*tokens, Token(0, "", 1)]
        self.at = 0

    def body(self, closer: str) -> Body:
        """Read entries up to the closing delimiter, and that too."""
        body = Body()
        first = self.at
        while True:
            token = self.tokens[self.at]
            body.spread = body.spread or token.breaks > 0
            if token.kind == _COMMENT:
                self.at += 1
                _take(body, token, fresh=self.at - 1 == first and not closer)
            elif token.text == closer:
                self.at += 1
                return body
            elif token.text in (",", ";"):
                self.at += 1
            else:
                self.entry(body, named=closer != "]")

    def entry(self, body: Body, *, named: bool) -> None:
        """Read a field, or an item of a list; comments between its parts go before it."""
        blank = self.tokens[self.at].breaks > 1
        before: list[str] = []
        name, colon = "", False
        if named:
            name = self.tokens[self.at].text
            self.at += 1
            self.comments(before)
            colon = self.tokens[self.at].text == ":"
            if colon:
                self.at += 1
                self.comments(before)
        opener = self.tokens[self.at].text
        value: Scalar | Message | Items
        if opener in _CLOSERS:
            self.at += 1
            inner = self.body(_CLOSERS[opener])
            value = Items(body=inner) if opener == "[" else Message(body=inner)
        else:
            value = self.scalar(before)
        for text in before:
            body.entries.append(Remark(text=text, blank=blank))
            blank = False
        body.entries.append(Entry(name=name, colon=colon, value=value, blank=blank))

    def scalar(self, before: list[str]) -> Scalar:
        """Read a number with its sign, a word, or adjacent strings."""
        sign = ""
        if self.tokens[self.at].text == "-":
            sign = "-"
            self.at += 1
            self.comments(before)
        token = self.tokens[self.at]
        self.at += 1
        scalar = Scalar(literals=[sign + token.text])
        if token.kind != _STRING:
            return scalar
        scalar.literals = [_double_quoted(token.text)]
        while True:
            ahead = self.at
            while self.tokens[ahead].kind == _COMMENT:
                ahead += 1
            if self.tokens[ahead].kind != _STRING:
                return scalar
            between = self.tokens[self.at : ahead + 1]
            scalar.spread = scalar.spread or any(t.breaks for t in between)
            if comments := [Comment(t.text, t.breaks == 0) for t in between[:-1]]:
                scalar.remarks[len(scalar.literals)] = comments
            scalar.literals.append(_double_quoted(between[-1].text))
            self.at = ahead + 1

    def comments(self, into: list[str]) -> None:
        """Read the comments that stand here."""
        while self.tokens[self.at].kind == _COMMENT:
            into.append(self.tokens[self.at].text)
            self.at += 1


def _take(body: Body, token: Token, *, fresh: bool) -> None:
    """Put a comment where it belongs: behind what is before it on its line, or on a line of its own."""
    if token.breaks == 0 and not fresh:
        last = body.entries[-1] if body.entries else None
        if last is None and body.inside is None:
            body.inside = token.text
            return
        if isinstance(last, Entry) and last.comment is None:
            last.comment = token.text
            return
    body.entries.append(Remark(text=token.text, blank=token.breaks > 1))


def _double_quoted(literal: str) -> str:
    """The string in double quotes, unless it holds one: then single quotes are the better reading."""
    return literal if '"' in literal else f'"{literal[1:-1]}"'
