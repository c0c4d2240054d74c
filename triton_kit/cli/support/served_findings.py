"""What the linter says of the models that a server is given, in a line each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triton_kit.linter.diagnostic import Diagnostic

NEVER_ON_CPU = frozenset(("tensorrt-without-gpu",))
"""The rules on what needs a GPU whatever the configuration says."""

NEEDS_GPU = NEVER_ON_CPU | {"no-gpu-for-group", "no-such-gpu"}
"""The rules whose findings are about the machine's GPUs."""


def refused_as_served(
    path: Path, release: str, server_args: Sequence[str], *, gpus: int | None = None, cpu: bool = False
) -> list[Diagnostic]:
    """What a server of that release with these flags would refuse in a repository or model.

    ``gpus`` is how many GPUs the server has, ``None`` where that is not known. With ``cpu`` it has none, and groups
    that ask for one are put on the CPU: what is left is what cannot run there at all.
    """
    from triton_kit.linter.diagnostic import Severity
    from triton_kit.linter.engine import lint

    completes = not any(a.startswith(("--disable-auto-complete", "--strict-model-config=t")) for a in server_args)

    def refused(count: int | None) -> list[Diagnostic]:
        report = lint(path, release=release, auto_complete=completes, gpus=count)
        return [diagnostic for diagnostic in report.diagnostics if diagnostic.severity is Severity.ERROR]

    if not cpu:
        return refused(gpus)
    return [*refused(None), *(diagnostic for diagnostic in refused(0) if diagnostic.rule in NEVER_ON_CPU)]


def place(diagnostic: Diagnostic) -> str:
    """A finding in one line, which begins with its file, line and column."""
    at = f"{diagnostic.file}:{diagnostic.span.line}:{diagnostic.span.column}"
    return f"{at}: {diagnostic.severity}: {diagnostic.message} [{diagnostic.rule}]"
