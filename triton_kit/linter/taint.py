"""Which fields of a configuration a parse problem puts in doubt, so that rules about them keep silent."""

from __future__ import annotations

import difflib
from functools import cache

from triton_kit.repository.schema import message_type
from triton_kit.repository.textproto import Document

TOP_FIELDS = tuple(message_type("ModelConfig").fields)

ONEOF = frozenset(("dynamic_batching", "sequence_batching", "ensemble_scheduling"))


def tainted_fields(document: Document) -> frozenset[str]:
    """The top-level fields that a broken place may concern; all of them after a syntax error at the top level."""
    tainted: set[str] = set()
    for problem in document.problems:
        field = problem.at[0] if problem.at else None
        if not isinstance(field, str):
            return frozenset(TOP_FIELDS)
        tainted |= _meant(field)
    return frozenset(tainted)


@cache
def _meant(field: str) -> frozenset[str]:
    """The fields that this one is, or may have been meant to be."""
    if field in ONEOF:
        return ONEOF
    if field in TOP_FIELDS:
        return frozenset((field,))
    return frozenset(difflib.get_close_matches(field.lower(), TOP_FIELDS, n=3, cutoff=0.5))
