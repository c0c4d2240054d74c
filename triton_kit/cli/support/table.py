"""Rows of text in aligned columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from triton_kit.cli.support.terminal import style


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """The lines of a table, its head dimmed where colours are; the columns ``right`` end at the right."""
    widths = [max(map(display_width, column)) for column in zip(head, *rows, strict=True)]
    lines = []
    for i, row in enumerate([head, *rows]):
        cells = [
            " " * (w - display_width(c)) + c if n in right else c + " " * (w - display_width(c))
            for n, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        line = "  ".join(cells).rstrip()
        lines.append(style(line, "dim") if i == 0 else line)
    return lines


def display_width(text: str) -> int:
    """The columns a text takes on a terminal, wide characters counted twice and colours not at all."""
    plain, inside = 0, False
    for char in text:
        if char == "\x1b":
            inside = True
        elif inside:
            inside = char != "m"
        elif not unicodedata.combining(char):
            plain += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return plain
