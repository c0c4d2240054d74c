"""Promote a version only where its golden cases pass: on a server of one's own before, or on a running one after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from triton_kit.client import Client, model_control
from triton_kit.errors import ProblemsFound, TkError
from triton_kit.project.context import ProjectContext
from triton_kit.runtime.process import run_uninterrupted
from triton_kit.versions import moves
from triton_kit.versions.golden_run import CaseResult, cases_of, require_passed, run_cases
from triton_kit.versions.model_folder import ModelFolder, require_versions
from triton_kit.versions.policy_change import PolicyChange
from triton_kit.versions.trial_server import Trial, trial_server, with_version


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedPromotion:
    """A promotion, and the cases that it passed."""

    changed: PolicyChange
    outcomes: Sequence[CaseResult]


def promote_on_trial(here: ProjectContext, folder: ModelFolder, version: int, trial: Trial) -> TestedPromotion:
    """Promote a version that passes its cases on a server that is started for them.

    Raises ProblemsFound where it does not load or a case fails, before anything is changed.
    """
    files = _cases(folder, version)
    with with_version(folder, version) as root, trial_server(trial, root, [folder.name]) as client:
        outcomes = run_cases(client, folder.name, str(version), files)
    require_passed(outcomes)
    return TestedPromotion(changed=moves.promote(here, folder, version), outcomes=outcomes)


def promote_on(
    here: ProjectContext,
    folder: ModelFolder,
    version: int,
    client: Client,
    *,
    config: Callable[[], Mapping[str, object] | None],
    timeout: float,
) -> TestedPromotion:
    """Promote a version, let a running server load it, and take that back where it does not pass its cases there.

    ``config`` is what the server is to load the model with, see ``control.reload``; ``timeout`` is in seconds, for each
    load. Raises ProblemsFound where the version does not load or a case fails, and TkError where the server does not
    answer or loads its models by itself; then, as on Ctrl-C, what was served before is served again.
    """
    files = _cases(folder, version)
    changed = moves.promote(here, folder, version)
    try:
        _load(client, folder, config, timeout)
        outcomes = run_cases(client, folder.name, str(version), files)
        require_passed(outcomes)
    except BaseException as error:
        if not changed.files:
            raise
        why = error.message.partition("\n")[0] if isinstance(error, TkError) else "interrupted"
        now = _taken_back(here, folder, changed, why) or _served_again(client, folder, config, timeout, changed)
        if not isinstance(error, TkError):
            raise
        kind = ProblemsFound if isinstance(error, ProblemsFound) else TkError
        raise kind(error.message, hint=f"{error.hint}; {now}" if error.hint else now) from None
    return TestedPromotion(changed=changed, outcomes=outcomes)


def _cases(folder: ModelFolder, version: int) -> Sequence[Path]:
    require_versions(folder, (version,))
    return cases_of([folder.path])[folder.name]


def _load(
    client: Client, folder: ModelFolder, config: Callable[[], Mapping[str, object] | None], timeout: float
) -> None:
    outcome = model_control.reload(client, folder.name, config=config(), timeout=timeout)
    if outcome.error is not None:
        raise ProblemsFound(f"{folder.name} did not load: {outcome.error.message}", hint=outcome.error.hint)


def _taken_back(here: ProjectContext, folder: ModelFolder, changed: PolicyChange, why: str) -> str:
    """Take the promotion back; what to say where that failed."""
    failed: list[TkError] = []

    def take_back() -> None:
        try:
            moves.rollback(here, folder, note=why)
        except TkError as error:
            failed.append(error)

    run_uninterrupted(take_back)
    version = ", ".join(map(str, changed.before.served)) or "none"
    return f"the policy could not be set back to version {version}: {failed[0].message}" if failed else ""


def _served_again(
    client: Client,
    folder: ModelFolder,
    config: Callable[[], Mapping[str, object] | None],
    timeout: float,
    changed: PolicyChange,
) -> str:
    """Let the server load what it served before, and say how that went."""
    version = ", ".join(map(str, changed.before.served)) or "none"
    try:
        _load(client, folder, config, timeout)
    except TkError as error:
        return f"the policy serves version {version} again, but the server did not load it: {error.message}"
    return f"version {version} is served again"
