"""The moves from one served version to another: promote, pin, rollback."""

from __future__ import annotations

from collections.abc import Sequence

from triton_kit.errors import UsageError
from triton_kit.project.context import ProjectContext
from triton_kit.versions.log import Entry, State, history
from triton_kit.versions.model_folder import ModelFolder, require_versions, served_by, versions_of
from triton_kit.versions.policy import Policy, specific
from triton_kit.versions.policy_change import PolicyChange, change_policy


def promote(here: ProjectContext, folder: ModelFolder, version: int) -> PolicyChange:
    """Serve that version, and no other."""
    require_versions(folder, (version,))
    return change_policy(here, folder, "promote", lambda _now, _log: specific([version]))


def pin(here: ProjectContext, folder: ModelFolder, versions: Sequence[int]) -> PolicyChange:
    """Serve those versions, and no others."""
    require_versions(folder, tuple(versions))
    return change_policy(here, folder, "pin", lambda _now, _log: specific(versions))


def rollback(here: ProjectContext, folder: ModelFolder, *, note: str = "") -> PolicyChange:
    """Serve what was served before, as the log has it. Raises UsageError where there is nothing to go back to."""
    return change_policy(here, folder, "rollback", lambda now, log: previous(folder, history(log, now)), note=note)


def previous(folder: ModelFolder, states: Sequence[State]) -> Policy:
    """The policy that serves what was served before the present state, the last one."""
    now, there = states[-1], versions_of(folder)
    for state in reversed(states[:-1]):
        policy = state.policy
        if served_by(folder, policy) != state.served:
            # What the policy meant then, it no longer means: versions have come since.
            policy = specific(state.served)
        if (policy, state.served) == (now.policy, now.served):
            continue
        gone = [v for v in state.served if v not in there]
        if gone or not state.served:
            listed = ", ".join(map(str, gone)) or "none"
            raise UsageError(
                f"{folder.name} cannot go back: version {listed}, served before, is no longer there",
                hint=f"promote one of: {', '.join(map(str, there)) or 'none'}",
            )
        return policy
    raise UsageError(
        f"{folder.name} has nothing to go back to: its log knows of no other state",
        hint=f"say which version to serve: tk versions promote {folder.name} V",
    )


def rollback_target(folder: ModelFolder, entries: Sequence[Entry], now: State) -> tuple[int, ...]:
    """The versions that a rollback would serve; none where it cannot."""
    try:
        return served_by(folder, previous(folder, history(entries, now)))
    except UsageError:
        return ()
