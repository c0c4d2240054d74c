"""Which fields of a configuration a parse problem puts in doubt, so that rules about them keep silent."""

from __future__ import annotations

from functools import cache

from triton_kit.repository.schema import message_type
from triton_kit.repository.text_format.document import Document
from triton_kit.repository.text_format.source import Route, Span
from triton_kit.suggestion import close

TOP_FIELDS = tuple(message_type("ModelConfig").fields)

ONEOF = frozenset(("dynamic_batching", "sequence_batching", "ensemble_scheduling"))


def tainted_fields(document: Document) -> frozenset[str]:
    """The top-level fields that a broken place may concern.

    A field of an unknown name may be each that it resembles. A syntax error in a field may have swallowed what comes
    after it, so every field that is not there is in doubt; at the top level, everything is.
    """
    tainted: set[str] = set()
    for problem in document.problems:
        field = problem.at[0] if problem.at else _text_at(document, problem.span)
        if problem.kind == "syntax" or (problem.kind == "type" and _is_block(problem.at)):
            if not problem.at:
                return frozenset(TOP_FIELDS)
            tainted.update(name for name in TOP_FIELDS if not document.message.has(name))
        tainted |= _meant(str(field))
    return frozenset(tainted)


def _is_block(at: Route) -> bool:
    """Whether a route leads to a block of the configuration rather than to a value in it."""
    field = message_type("ModelConfig").fields.get(str(at[0])) if at else None
    return field is not None and field.kind == "message" and len(at) <= 2


def _text_at(document: Document, span: Span) -> str:
    line = document.source.text.split("\n")[span.line - 1]
    return line[span.column - 1 : span.end_column - 1]


@cache
def _meant(field: str) -> frozenset[str]:
    """The fields that this one is, or may have been meant to be."""
    if field in ONEOF:
        return ONEOF
    if field in TOP_FIELDS:
        return frozenset((field,))
    return frozenset(close(field.lower(), TOP_FIELDS, count=2, cutoff=0.6))
