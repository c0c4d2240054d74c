"""Another version policy, in one step: judged, written where it lasts, and logged."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from triton_kit.errors import TkError, UsageError, assert_never
from triton_kit.files.stage import remove_stale
from triton_kit.files.write import explain_os_errors, replace_text
from triton_kit.model import disk as files
from triton_kit.project import settings, yaml_file
from triton_kit.project.context import ProjectContext
from triton_kit.project.render import FILE as MODEL_YAML
from triton_kit.project.render import edited_by_hand, is_rendered, read_layers, render_command, render_text
from triton_kit.versions import config_edit, yaml_edit
from triton_kit.versions.lock import locked
from triton_kit.versions.log import Action, Entry, State, entry, finished, read_log, state_json, write_log
from triton_kit.versions.model_folder import ModelFolder, policy_of, served_by, state_of
from triton_kit.versions.policy import FIELD, Policy
from triton_kit.versions.verdict import judge

_ENV = re.compile(r"# Rendered by tk from model\.yaml and model\.(.+)\.yaml \(template ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """The new texts of a policy: of config.pbtxt, and of model.yaml where that makes it."""

    config: str
    yaml: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """What a step did: the state before and after it, and the files that were written."""

    folder: ModelFolder
    before: State
    after: State
    files: tuple[Path, ...]


def change_policy(
    here: ProjectContext,
    folder: ModelFolder,
    action: Action,
    choose: Callable[[State, tuple[Entry, ...]], Policy],
    *,
    note: str = "",
) -> PolicyChange:
    """Give the model the policy that ``choose`` makes of the state and the log, while nobody else changes it.

    Killed at any moment, config.pbtxt has the old policy or the new. Raises ProblemsFound, before anything is written,
    where a server would refuse the result.
    """
    with changing(here, folder) as entries:
        before = state_of(folder)
        policy = choose(before, entries)
        after = State(policy=policy, served=served_by(folder, policy))
        if policy == before.policy:
            return PolicyChange(folder=folder, before=before, after=before, files=())
        rewrite = plan_rewrite(here, folder, policy)
        judge(folder, rewrite.config)
        done = [*entries, entry(action, policy.numbers or after.served, before, after, note)]
        write_log(folder.path, done)
        written = write_rewrite(folder, rewrite)
        write_log(folder.path, finished(done))
        return PolicyChange(folder=folder, before=before, after=after, files=written)


@contextlib.contextmanager
def changing(here: ProjectContext, folder: ModelFolder) -> Iterator[tuple[Entry, ...]]:
    """Hold the model for a step, with its log; what a killed step left behind is put in order first."""
    with locked(folder.path):
        for near in (folder.path, folder.repository, folder.repository.resolve().parent):
            remove_stale(near)
        yield _settled(here, folder)


def _settled(here: ProjectContext, folder: ModelFolder) -> tuple[Entry, ...]:
    """The log without doubt: a step that was cut short was taken, or was not."""
    entries = read_log(folder.path)
    if not entries or entries[-1].done:
        return entries
    if entries[-1].before.policy != entries[-1].after.policy and (folder.path / MODEL_YAML).is_file():
        _follow(here, folder)
    entries = finished(entries) if _was_taken(folder, entries[-1]) else entries[:-1]
    write_log(folder.path, entries)
    return entries


def _was_taken(folder: ModelFolder, one: Entry) -> bool:
    match one.action:
        case "add":
            return all((folder.path / str(v)).exists() for v in one.versions)
        case "prune":
            return not any((folder.path / str(v)).exists() for v in one.versions)
        case "promote" | "pin" | "rollback":
            return policy_of(folder) == one.after.policy
        case _:
            assert_never(one.action)


def _follow(here: ProjectContext, folder: ModelFolder) -> None:
    """Let model.yaml say what config.pbtxt says, where a step was killed between the two."""
    text = _read(folder.path / MODEL_YAML)
    with contextlib.suppress(UsageError):
        new = yaml_edit.with_policy(text, policy_of(folder), file=folder.path / MODEL_YAML)
        config = _read(folder.config)
        if new != text and _rendered(here, folder, _read_env(config), new) == config:
            replace_text(folder.path / MODEL_YAML, new)


def plan_rewrite(here: ProjectContext, folder: ModelFolder, policy: Policy) -> Rewrite:
    """The texts that give the model that policy; nothing is written.

    Raises UsageError where config.pbtxt is made from model.yaml and does not follow from it.
    """
    config = read_config(folder)
    file = folder.path / MODEL_YAML
    if not file.is_file():
        return Rewrite(config=config_edit.with_policy(config, policy, name=str(folder.config)))
    if not is_rendered(config):
        raise edited_by_hand([folder.config], render_command(folder.config))
    env, text = _read_env(config), _read(file)
    if _rendered(here, folder, env, text) != config.replace("\r\n", "\n"):
        command = render_command(folder.config) + (f" --env {env}" if env else "")
        raise UsageError(f"{folder.config} is not what {MODEL_YAML} gives now", hint=f"first run: {command}")
    new = yaml_edit.with_policy(text, policy, file=file)
    rendered = None
    with contextlib.suppress(UsageError):
        rendered = _rendered(here, folder, env, new)
    if rendered is None or config_edit.with_policy(rendered, policy, name=str(folder.config)) != rendered:
        where = f"model.{env}.yaml" if env else "the template"
        raise UsageError(
            f"{FIELD} of {folder.config} does not come from {MODEL_YAML} alone", hint=f"look into {where} for it"
        )
    return Rewrite(config=rendered, yaml=new)


def write_rewrite(folder: ModelFolder, rewrite: Rewrite) -> tuple[Path, ...]:
    """Write config.pbtxt, which decides, then model.yaml."""
    with explain_os_errors(folder.path):
        replace_text(folder.config, rewrite.config)
        if rewrite.yaml is None:
            return (folder.config,)
        replace_text(folder.path / MODEL_YAML, rewrite.yaml)
    return folder.config, folder.path / MODEL_YAML


def _rendered(here: ProjectContext, folder: ModelFolder, env: str | None, text: str) -> str:
    """What model.yaml of that text gives."""
    first, *others = read_layers(folder.path, env)
    document = yaml_file.load(text, folder.path / MODEL_YAML)
    content = settings.mapping(document, document.value, (), ("template", "values", "config"))
    return render_text([replace(first, content=content, document=document), *others], here.templates)


def _read_env(config: str) -> str | None:
    """The environment that a config was rendered for."""
    found = _ENV.match(config)
    return found[1] if found else None


def read_config(folder: ModelFolder) -> str:
    """The configuration's text; that of an absent one is empty. Raises TkError where it cannot be read."""
    return _read(folder.config) if folder.config.exists() else ""


def _read(path: Path) -> str:
    try:
        return files.read_bytes(str(path)).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise TkError(f"{path} cannot be read: {files.reason(error)}", hint=files.remedy(error)) from None


def as_json(changed: PolicyChange) -> dict[str, object]:
    """What a step did, for scripts."""
    return {
        "model": changed.folder.name,
        "changed": bool(changed.files),
        "before": state_json(changed.before),
        "after": state_json(changed.after),
        "files": [str(file) for file in changed.files],
    }
