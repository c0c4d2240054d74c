"""Places in a text file: routes into a document, spans of text, comments."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from triton_kit.value import Value

Route: TypeAlias = tuple[str | int, ...]
"""A route into a document, such as ``("input", 0, "dims", 1)``; a map entry is reached by its key."""


class Span(Value):
    """A stretch of text: lines and columns count from 1, columns in characters, the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


START = Span(line=1, column=1, end_line=1, end_column=1)
"""The first character of a file: where a finding about the file as a whole stands."""


class Replacement(NamedTuple):
    """A text that should replace what is from one offset to another."""

    start: int
    end: int
    text: str


class Comment(Value):
    """A ``#`` comment: its text with the ``#``, where it is, whether code is before it on its line."""

    span: Span
    text: str
    trailing: bool
