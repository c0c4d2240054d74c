"""Old versions that go: which ones, why the others stay, and each removed in one step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from triton_kit.files.stage import stage
from triton_kit.files.write import explain_os_errors, sync
from triton_kit.model.broken import Broken
from triton_kit.model.ensemble import steps_of
from triton_kit.model.repository import Repository
from triton_kit.project.context import ProjectContext
from triton_kit.versions.log import Entry, State, entry, finished, write_log
from triton_kit.versions.model_folder import ModelFolder, state_of, versions_of
from triton_kit.versions.moves import rollback_target
from triton_kit.versions.policy_change import changing
from triton_kit.versions.verdict import dependents_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """The versions that go, and those that stay with the reasons, beside the newest."""

    gone: tuple[int, ...]
    kept: Mapping[int, tuple[str, ...]]


def choose(numbers: Iterable[int], keep: int, reasons: Mapping[int, Sequence[str]], *, force: bool = False) -> Removal:
    """Which versions go: all but the ``keep`` newest, and those that there is a reason to keep, unless forced."""
    ordered = sorted(numbers, reverse=True)
    kept: dict[int, tuple[str, ...]] = {}
    gone = []
    for number in reversed(ordered[keep:]):
        if reasons.get(number) and not force:
            kept[number] = tuple(reasons[number])
        else:
            gone.append(number)
    return Removal(gone=tuple(gone), kept=kept)


def prune(
    here: ProjectContext,
    folder: ModelFolder,
    keep: int,
    *,
    loaded: Mapping[int, Sequence[str]],
    force: bool = False,
    dry_run: bool = False,
) -> Removal:
    """Remove the versions that are to go, each whole in one step, oldest first.

    ``loaded`` names the servers that have a version loaded. A version that is a link loses the link alone.
    """
    with changing(here, folder) as entries:
        now = state_of(folder)
        reasons = _reasons(folder, now, rollback_target(folder, entries, now), loaded)
        there = [number for number, path in versions_of(folder).items() if path.is_dir()]
        found = choose(there, keep, reasons, force=force)
        if dry_run:
            return found
        for number in found.gone:
            entries = _remove(folder, number, entries)
    return found


def _remove(folder: ModelFolder, number: int, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Take one version out of the model; its files go when it is out. Gives the log with that step."""
    path, before = folder.path / str(number), state_of(folder)
    left = [v for v in versions_of(folder) if v != number]
    step = entry("prune", [number], before, State(policy=before.policy, served=before.policy.serves(left)))
    with explain_os_errors(path), stage(folder.repository) as root:
        write_log(folder.path, [*entries, step])
        path.rename(root / path.name)
        sync(folder.path)
    done = finished([*entries, step])
    write_log(folder.path, done)
    return done


def _reasons(
    folder: ModelFolder, now: State, back: Sequence[int], loaded: Mapping[int, Sequence[str]]
) -> dict[int, list[str]]:
    """Why versions are to stay, by number."""
    reasons: dict[int, list[str]] = {}
    for number in now.served:
        reasons.setdefault(number, []).append("the policy serves it")
    for number in (n for n in back if n not in now.served):
        reasons.setdefault(number, []).append("a rollback would serve it")
    for number, name in _asked_for(folder):
        reasons.setdefault(number, []).append(f"the ensemble {name} asks for it")
    for number, servers in loaded.items():
        reasons.setdefault(number, []).extend(f"{server} has it loaded" for server in servers)
    return reasons


def _asked_for(folder: ModelFolder) -> Iterator[tuple[int, str]]:
    """The versions that steps of ensembles name, with the ensemble."""
    repository = Repository(str(folder.repository), folder.lint_options.server)
    for name in dependents_of(folder.repository, folder.name):
        model = repository.model(name)
        with contextlib.suppress(Broken):
            for _, step, found in steps_of(model) if model is not None else ():
                if found.name == folder.name and step.model_version >= 0:
                    yield step.model_version, name


def as_json(folder: ModelFolder, found: Removal, dry_run: bool) -> dict[str, object]:
    """What went, for scripts."""
    return {
        "model": folder.name,
        "dry_run": dry_run,
        "removed": list(found.gone),
        "kept": [{"number": number, "reasons": list(reasons)} for number, reasons in found.kept.items()],
    }
