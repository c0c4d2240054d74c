"""What a server would refuse in the models that it is given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.errors import ProblemsFound

if TYPE_CHECKING:
    from triton_kit.linter.diagnostic import Diagnostic
    from triton_kit.model.server_options import ServerOptions
    from triton_kit.runtime.gpu.selection import GpuChoice

NEVER_ON_CPU = frozenset(("tensorrt-without-gpu",))
"""The rules on what needs a GPU whatever the configuration says."""

NEEDS_GPU = NEVER_ON_CPU | {"no-gpu-for-group", "no-such-gpu"}
"""The rules whose findings are about the machine's GPUs."""


def refused_as_served(
    path: Path, server: ServerOptions, *, cpu: bool = False, more: Sequence[Path] = ()
) -> list[Diagnostic]:
    """What such a server would refuse in a repository or model, and in ``more`` repositories beside it.

    With ``cpu`` it has no GPU, and groups that ask for one are put on the CPU: what is left is what cannot run there at
    all.
    """
    from triton_kit.linter.diagnostic import Severity
    from triton_kit.linter.engine import lint_paths
    from triton_kit.linter.options import Options
    from triton_kit.project.origin import where_it_is_made

    def refused(gpus: int | None) -> list[Diagnostic]:
        report = where_it_is_made(lint_paths([path, *more], Options(server._replace(gpus=gpus))))
        return [diagnostic for diagnostic in report.diagnostics if diagnostic.severity is Severity.ERROR]

    if not cpu:
        return refused(server.gpus)
    return [*refused(None), *(diagnostic for diagnostic in refused(0) if diagnostic.rule in NEVER_ON_CPU)]


def refusal(found: Sequence[Diagnostic], repository: Path, gpus: GpuChoice) -> ProblemsFound:
    """Why a server with these GPUs is not started, by what it would refuse."""
    causes = [diagnostic for diagnostic in found if diagnostic.rule != "step-model-refused"]
    if causes and all(diagnostic.rule in NEEDS_GPU for diagnostic in causes):
        models = list(dict.fromkeys(str(diagnostic.model) for diagnostic in causes))
        verb = "wants" if len(models) == 1 else "want"
        never = any(diagnostic.rule in NEVER_ON_CPU for diagnostic in causes)
        return ProblemsFound(
            f"{', '.join(models)} {verb} a GPU that the server would not have ({gpus.reason})",
            hint="serve where there is a GPU: a TensorRT plan runs on no CPU"
            if never
            else "serve on the CPU with --cpu, which changes nothing on disk, or name GPUs with --gpus",
        )
    return ProblemsFound(
        f"{repository} has problems that the server would refuse",
        hint="correct them, or serve all the same with --no-validate",
    )
