"""Protobuf text format to values with a source map, in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from triton_kit.repository.source import START, Comment, Path, Span

ProblemKind: TypeAlias = Literal[
    "syntax", "unknown-field", "unknown-enum", "type", "range", "duplicate", "oneof", "encoding"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseProblem:
    """Something the reader refuses, with its place, what is so, and what to do."""

    kind: ProblemKind
    span: Span
    message: str
    help: str | None = None
    at: Path = ()
    related: tuple[tuple[str, Span], ...] = ()


class Message:
    """A message of the schema: fields by attribute, absent ones as their proto3 default.

    Scalars are int, float, bool, str or bytes; an enum value is its name (str), or an int where the number has none;
    a repeated field is a list; a map is a dict; an absent sub-message is an empty one.
    """

    def __getattr__(self, name: str) -> Any: ...

    def has(self, name: str) -> bool:
        """Whether the field was set: for a message, that its block is there; for a list or map, that it has items."""
        raise AttributeError(name)

    def fields(self) -> Iterator[tuple[str, Any]]:
        """The fields that were set, with their values, in the order of the schema."""
        raise AttributeError

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists and scalars all the way down; only what was set."""
        raise AttributeError


class SourceMap:
    """Where each part of a document stands in its text."""

    text: str
    comments: tuple[Comment, ...]

    def locate(self, at: Path, *, key: bool = False) -> Span:
        """The span of the value at that route (or of the field's name); of its nearest parent when it is absent."""
        return START


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed file: its message (what could be read), its source map, and everything wrong with it."""

    message: Message
    source: SourceMap
    problems: tuple[ParseProblem, ...]


def parse(data: bytes | str, *, message: str = "ModelConfig") -> Document:
    """Read text format into a message of the schema; never raises for bad text."""
    raise SystemError(data, message)
