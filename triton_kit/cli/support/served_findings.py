"""A finding in one line, as the commands that start or steer a server show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triton_kit.linter.diagnostic import Diagnostic


def one_line(diagnostic: Diagnostic) -> str:
    """A finding in one line, which begins with its file, line and column."""
    at = f"{diagnostic.file}:{diagnostic.span.line}:{diagnostic.span.column}"
    return f"{at}: {diagnostic.severity}: {diagnostic.message} [{diagnostic.rule}]"
