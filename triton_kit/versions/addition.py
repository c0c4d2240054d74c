"""A new version of a model from a file: compared, judged as if it were served, and moved into place."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from triton_kit.backends.facts import facts
from triton_kit.backends.table import BACKENDS, for_file
from triton_kit.errors import ProblemsFound, UsageError
from triton_kit.files.plan import Mode, PlannedFile
from triton_kit.files.stage import stage
from triton_kit.files.write import explain_os_errors, fill, remove_moved, sync
from triton_kit.model import disk
from triton_kit.project.context import ProjectContext
from triton_kit.repository.names import CONFIG_NAME
from triton_kit.versions.config_edit import with_policy
from triton_kit.versions.log import State, entry, finished, state_json, write_log
from triton_kit.versions.model_folder import ModelFolder, backend_and_file, next_number, state_of, versions_of
from triton_kit.versions.policy import specific
from triton_kit.versions.policy_change import changing, read_config
from triton_kit.versions.signatures import differences, read_signature, version_signature
from triton_kit.versions.verdict import judge_dependents, judge_model, stage_model


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedVersion:
    """What was added; ``compared`` is the version that its signature was compared with, ``None`` where none was."""

    number: int
    path: Path
    before: State
    after: State
    compared: int | None
    changes: tuple[str, ...]


def add_version(
    here: ProjectContext,
    folder: ModelFolder,
    source: Path,
    mode: Mode = "copy",
    *,
    allow_signature_change: bool = False,
) -> AddedVersion:
    """Make the next version of a file, of a model that is a directory, or of a version directory made elsewhere.

    Killed at any moment, the version is there whole, or not at all. Raises ProblemsFound where the signature is not
    that of the served version, or where a server would refuse the model with the new version served.
    """
    backend, name = backend_and_file(folder)
    planned = plan_files(folder, backend, name, source, mode)
    with changing(here, folder) as entries:
        before, number = state_of(folder), next_number(folder)
        compared, changes = _compare(folder, before, backend, source if source.is_file() else _model_in(source, name))
        if changes and not allow_signature_change:
            listed = "\n".join(f"  {change}" for change in changes)
            raise ProblemsFound(
                f"{source} has another signature than version {compared}, which is served\n{listed}",
                hint="give --allow-signature-change if the clients know of it",
            )
        target = folder.path / str(number)
        with explain_os_errors(target), stage(folder.repository) as root:
            config = read_config(folder)
            staged = stage_model(folder, root, with_policy(config, specific([number]), name=str(folder.config)))
            fill(staged / str(number), planned)
            judge_model(folder, root)
            after = State(policy=before.policy, served=before.policy.serves([*versions_of(folder), number]))
            if after.served != before.served:
                # The policy serves the new version at once: what is judged is what will be.
                (staged / CONFIG_NAME).write_bytes(config.encode("utf-8", "surrogateescape"))
                judge_model(folder, root)
                judge_dependents(folder, root)
            done = [*entries, entry("add", [number], before, after)]
            write_log(folder.path, done)
            try:
                (staged / str(number)).rename(target)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                    raise UsageError(f"{target} appeared in the meantime", hint="run it again") from None
                raise
            sync(folder.path)
        write_log(folder.path, finished(done))
        remove_moved(planned)
    return AddedVersion(
        number=number, path=target, before=before, after=after, compared=compared, changes=tuple(changes)
    )


def plan_files(folder: ModelFolder, backend: str, name: str, source: Path, mode: Mode) -> tuple[PlannedFile, ...]:
    """The files of the new version directory. Raises UsageError for a source that is none for this model."""
    if facts(backend).steps:
        raise UsageError(f"{folder.name} is an ensemble, which has no model file", hint="add versions to its steps")
    if not source.exists():
        raise UsageError(f"{source} does not exist", hint="give the model's file, or its directory")
    if folder.path.resolve().is_relative_to(source.resolve()):
        raise UsageError(f"the model {folder.path} is inside of {source}", hint="name the model file")
    known = BACKENDS.get(backend)
    if not name:
        raise UsageError(
            f"{folder.name} does not say which file a version has", hint="write backend and default_model_filename"
        )
    if source.is_dir() and not (known and known.recognise(source)):
        return _directory(source, name, mode)
    if source.is_dir() and disk.kind_of(str(source / name)) is not None:
        return _directory(source, name, mode)
    found = for_file(source)
    if known and found is not None and found.name != known.name and known.recognise(source) is None:
        raise UsageError(f"{source} is for the backend {found.name}, and {folder.name} is for {backend}")
    planned = [PlannedFile(path=name, source=source, mode=mode)]
    if known is not None:
        planned += [PlannedFile(path=c.target, source=c.source, mode=mode) for c in known.companions(source)]
    return tuple(planned)


def _directory(source: Path, name: str, mode: Mode) -> tuple[PlannedFile, ...]:
    """The files of a version directory made elsewhere."""
    if disk.kind_of(str(source / name)) is None:
        raise UsageError(f"{source} holds no {name}", hint=f"give the model's file, or a directory with {name} in it")
    return tuple(PlannedFile(path=p.name, source=p, mode=mode) for p in sorted(source.iterdir()))


def _model_in(source: Path, name: str) -> Path:
    return source / name if (source / name).exists() else source


def _compare(folder: ModelFolder, now: State, backend: str, file: Path) -> tuple[int | None, Sequence[str]]:
    """The latest served version that shows its signature, and what the file's has different."""
    new = read_signature(backend, file)
    there = versions_of(folder)
    if new is None:
        return None, ()
    for number in sorted(now.served, reverse=True):
        if number in there and (old := version_signature(folder, there[number])) is not None:
            return number, differences(old, new)
    return None, ()


def as_json(folder: ModelFolder, added: AddedVersion) -> dict[str, object]:
    """What was added, for scripts."""
    return {
        "model": folder.name,
        "added": added.number,
        "path": str(added.path),
        "compared": added.compared,
        "changes": list(added.changes),
        "before": state_json(added.before),
        "after": state_json(added.after),
    }
