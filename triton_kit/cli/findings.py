"""What the linter says of the models that a server is given, in a line each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triton_kit.linter.diagnostic import Diagnostic, Report


def lint_as_served(path: Path, release: str, server_args: Sequence[str], *, gpus: int | None = None) -> Report:
    """The linter's report on a repository or model, as a server of that release with these flags would take it.

    ``gpus`` is how many GPUs the server has, ``None`` where that is not known.
    """
    from triton_kit.linter.engine import lint

    completes = not any(a.startswith(("--disable-auto-complete", "--strict-model-config=t")) for a in server_args)
    return lint(path, release=release, auto_complete=completes, gpus=gpus)


def errors(report: Report) -> list[Diagnostic]:
    """The findings that a server would refuse."""
    from triton_kit.linter.diagnostic import Severity

    return [diagnostic for diagnostic in report.diagnostics if diagnostic.severity is Severity.ERROR]


def place(diagnostic: Diagnostic) -> str:
    """A finding in one line, which begins with its file, line and column."""
    at = f"{diagnostic.file}:{diagnostic.span.line}:{diagnostic.span.column}"
    return f"{at}: {diagnostic.severity}: {diagnostic.message} [{diagnostic.rule}]"
