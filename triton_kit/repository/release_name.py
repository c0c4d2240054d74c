"""The names of Triton's container releases: which one holds where none is named, and which comes first."""

from __future__ import annotations

DEFAULT_RELEASE = "26.10"
"""The newest release of the table: what ``None`` for a release means, where no server is there to decide."""

NEWEST = "99.12"
"""A release after all others, for the question of what the newest servers do."""


def parse_release(text: str) -> tuple[int, int]:
    """A container release such as ``24.10`` as a pair that compares; raises ValueError for other text."""
    year, dot, month = text.partition(".")
    if not (dot and len(year) == len(month) == 2 and text.replace(".", "").isdecimal() and 1 <= int(month) <= 12):
        raise ValueError(f"{text!r} is not a release")
    return int(year), int(month)


def show_release(release: tuple[int, int]) -> str:
    """A parsed release as its name: ``24.10``."""
    year, month = release
    return f"{year:02}.{month:02}"


def before(release: str, since: str) -> bool:
    """Whether a container release such as ``24.10`` is older than another."""
    return parse_release(release) < parse_release(since)
