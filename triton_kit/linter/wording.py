"""Pieces of messages that many rules need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from triton_kit import suggestion


def nearest(name: str, choices: Iterable[str]) -> str:
    """A help for a name that is none of the choices: the nearest, or all of them where none is near.

    What has no name is not a choice.
    """
    choices = [choice for choice in choices if choice]
    if not choices:
        return "there are none to choose from"
    if near := suggestion.nearest(name, choices):
        return f"did you mean '{near}'?"
    return "use one of: " + ", ".join(sorted(choices)[:20])


def count(number: int, noun: str) -> str:
    """``1 input``, ``2 inputs``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def shape(dims: Sequence[int]) -> str:
    """A shape as config.pbtxt writes it."""
    return "[" + ", ".join(map(str, dims)) + "]"


def listed(names: Iterable[str]) -> str:
    """Names in a row, quoted, the first few of very many."""
    quoted = [f"'{n}'" for n in names]
    more = f" and {len(quoted) - 12} more" if len(quoted) > 12 else ""
    return ", ".join(quoted[:12]) + more
