"""Load or unload models of a running server one after the other, and find out why one of them failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from triton_kit.client.model_control import ControlResult
from triton_kit.serve.source import Source

if TYPE_CHECKING:
    from triton_kit.linter.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlledModel:
    """What became of a model, and what the linter finds in one that failed."""

    result: ControlResult
    findings: Sequence[Diagnostic] = ()


def control_each(
    names: Iterable[str], act: Callable[[str], ControlResult], source: Source, *, explain: bool = True
) -> Iterator[ControlledModel]:
    """Do it to each model once, in this order. With ``explain`` the files of one that failed are checked.

    Raises what ``act`` does.
    """
    for name in dict.fromkeys(names):
        source.prepare(name)
        result = act(name)
        findings = source.findings(name) if explain and result.error is not None else []
        yield ControlledModel(result=result, findings=findings)
