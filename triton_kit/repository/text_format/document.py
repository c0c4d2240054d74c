"""Protobuf text format to values with a source map, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from triton_kit.repository.message import Message
from triton_kit.repository.schema import MessageType, message_type
from triton_kit.repository.text_format.reader import Found, Reader
from triton_kit.repository.text_format.source import Replacement, Route, Span
from triton_kit.repository.text_format.source_map import SourceMap
from triton_kit.value import Value

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelConfig

__all__ = ["Document", "Message", "ParseProblem", "ProblemKind", "SourceMap", "parse"]

ProblemKind: TypeAlias = Literal[
    "syntax", "unknown-field", "unknown-enum", "type", "range", "duplicate", "oneof", "encoding"
]


class ParseProblem(Value):
    """Something the reader refuses, with its place, what is so, and what to do.

    ``replacement`` is what fixes it, where nothing else can have been meant.
    """

    kind: ProblemKind
    span: Span
    message: str
    help: str | None = None
    at: Route = ()
    related: tuple[tuple[str, Span], ...] = ()
    replacement: Replacement | None = None


class Document(Value):
    """A parsed file: its message (what could be read), its source map, and everything wrong with it.

    ``names`` are those of all fields that are written, at any depth.
    """

    message: Message
    source: SourceMap
    problems: tuple[ParseProblem, ...]
    names: frozenset[str]

    @property
    def config(self) -> ModelConfig:
        """The message, where it is a model configuration."""
        return cast("ModelConfig", self.message)


def parse(data: bytes | str, *, message: str | MessageType = "ModelConfig") -> Document:
    """Read text format into a message of the schema; never raises for bad text.

    A file without problems is one that protobuf's C++ parser takes, as the server uses it (core
    filesystem/api.cc:ReadTextProto). ``message`` names a message of the schema (raises KeyError for another), or is
    one itself.
    """
    text = data.decode("utf-8", "surrogateescape") if isinstance(data, bytes) else data
    reader = Reader(text, message_type(message) if isinstance(message, str) else message)
    root = reader.read()
    source = SourceMap(text, root, replaced=reader.replaced)
    problems = tuple(_problem(found, source) for found in sorted(reader.found, key=lambda f: f.start))
    names = frozenset().union(*[vars(one) for one in reader.messages])
    return Document(message=root, source=source, problems=problems, names=names)


def _problem(found: Found, source: SourceMap) -> ParseProblem:
    return ParseProblem(
        kind=cast("ProblemKind", found.kind),
        span=source.span(found.start, found.end),
        message=found.message,
        help=found.help,
        at=found.at,
        related=tuple((what, source.span(start, end)) for what, start, end in found.related),
        replacement=found.replacement,
    )
