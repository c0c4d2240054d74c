"""Sizes for people to read."""

from __future__ import annotations


def show_size(size: int) -> str:
    """Bytes for people: ``820 B``, ``1.5 MB``."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"
