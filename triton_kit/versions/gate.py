"""Promote a version only where its golden cases pass: on a server of one's own before, or on a running one after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from triton_kit.client import Client, model_control
from triton_kit.errors import ProblemsFound, TkError
from triton_kit.project.context import Surroundings
from triton_kit.runtime.process import undisturbed
from triton_kit.versions import moves
from triton_kit.versions.golden_run import Outcome, cases_of, require_passed, run_cases
from triton_kit.versions.model_folder import Place, require_versions
from triton_kit.versions.policy_change import Changed
from triton_kit.versions.trial_server import Trial, trial_server, with_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """A promotion, and the cases that it passed."""

    changed: Changed
    outcomes: Sequence[Outcome]


def promote_tried(here: Surroundings, place: Place, version: int, trial: Trial) -> Tested:
    """Promote a version that passes its cases on a server that is started for them.

    Raises ProblemsFound where it does not load or a case fails, before anything is changed.
    """
    files = _cases(place, version)
    with with_version(place, version) as root, trial_server(trial, root, [place.name]) as client:
        outcomes = run_cases(client, place.name, str(version), files)
    require_passed(outcomes)
    return Tested(changed=moves.promote(here, place, version), outcomes=outcomes)


def promote_on(
    here: Surroundings,
    place: Place,
    version: int,
    client: Client,
    *,
    config: Callable[[], Mapping[str, object] | None],
    timeout: float,
) -> Tested:
    """Promote a version, let a running server load it, and take that back where it does not pass its cases there.

    ``config`` is what the server is to load the model with, see ``control.reload``; ``timeout`` is in seconds, for each
    load. Raises ProblemsFound where the version does not load or a case fails, and TkError where the server does not
    answer or loads its models by itself; then, as on Ctrl-C, what was served before is served again.
    """
    files = _cases(place, version)
    changed = moves.promote(here, place, version)
    try:
        _load(client, place, config, timeout)
        outcomes = run_cases(client, place.name, str(version), files)
        require_passed(outcomes)
    except BaseException as error:
        if not changed.files:
            raise
        why = error.message.partition("\n")[0] if isinstance(error, TkError) else "interrupted"
        now = _taken_back(here, place, changed, why) or _served_again(client, place, config, timeout, changed)
        if not isinstance(error, TkError):
            raise
        kind = ProblemsFound if isinstance(error, ProblemsFound) else TkError
        raise kind(error.message, hint=f"{error.hint}; {now}" if error.hint else now) from None
    return Tested(changed=changed, outcomes=outcomes)


def _cases(place: Place, version: int) -> Sequence[Path]:
    require_versions(place, (version,))
    return cases_of([place.path])[place.name]


def _load(client: Client, place: Place, config: Callable[[], Mapping[str, object] | None], timeout: float) -> None:
    outcome = model_control.reload(client, place.name, config=config(), timeout=timeout)
    if outcome.error is not None:
        raise ProblemsFound(f"{place.name} did not load: {outcome.error.message}", hint=outcome.error.hint)


def _taken_back(here: Surroundings, place: Place, changed: Changed, why: str) -> str:
    """Take the promotion back; what to say where that failed."""
    failed: list[TkError] = []

    def take_back() -> None:
        try:
            moves.rollback(here, place, note=why)
        except TkError as error:
            failed.append(error)

    undisturbed(take_back)
    version = ", ".join(map(str, changed.before.served)) or "none"
    return f"the policy could not be set back to version {version}: {failed[0].message}" if failed else ""


def _served_again(
    client: Client, place: Place, config: Callable[[], Mapping[str, object] | None], timeout: float, changed: Changed
) -> str:
    """Let the server load what it served before, and say how that went."""
    version = ", ".join(map(str, changed.before.served)) or "none"
    try:
        _load(client, place, config, timeout)
    except TkError as error:
        return f"the policy serves version {version} again, but the server did not load it: {error.message}"
    return f"version {version} is served again"
