"""The envelope of every JSON document that tk prints: the version of its format, and how it is laid out."""

from __future__ import annotations

from collections.abc import Mapping

VERSION = 1
"""Raised when a key goes, or changes its meaning; a new key is not a reason. ``docs/json.md`` has the keys."""


def document(content: Mapping[str, object]) -> dict[str, object]:
    """The content as a document: its version first."""
    return {"version": VERSION, **content}


def render(content: Mapping[str, object], *, indent: int | None = 2) -> str:
    """The content as the text of a document; without ``indent`` on one line."""
    import json

    return json.dumps(document(content), indent=indent, ensure_ascii=False)
