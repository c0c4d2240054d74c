"""Whether a server would take a model as it is to be, and the ensembles that use it."""

from __future__ import annotations

import os
from pathlib import Path

from triton_kit.files.stage import stage
from triton_kit.files.write import explain_os_errors
from triton_kit.linter.diagnostic import Diagnostic
from triton_kit.linter.scope import with_dependents
from triton_kit.model.target import Target
from triton_kit.project.check import errors, only, refuse
from triton_kit.repository.names import CONFIG_NAME
from triton_kit.versions.model_folder import ModelFolder


def judge(folder: ModelFolder, config: str) -> None:
    """Raise ProblemsFound if a server would refuse the model with that config, or an ensemble because of it.

    The repository is staged as links to what is there.
    """
    with explain_os_errors(folder.path), stage(folder.repository) as root:
        stage_model(folder, root, config)
        judge_model(folder, root)
        judge_dependents(folder, root)


def judge_model(folder: ModelFolder, root: Path) -> None:
    """Raise ProblemsFound if a server would refuse the model of the staged repository."""
    refuse(errors(root, [folder.name], folder.lint_options), root)


def judge_dependents(folder: ModelFolder, root: Path) -> None:
    """Raise ProblemsFound if a server would refuse an ensemble that uses the staged model, and took it before."""
    dependents = dependents_of(root, folder.name)
    if dependents:
        known = {_key(d) for d in errors(folder.repository, dependents, folder.lint_options).diagnostics}
        refuse(only(errors(root, dependents, folder.lint_options), lambda d: _key(d) not in known), root)


def stage_model(folder: ModelFolder, root: Path, config: str) -> Path:
    """The repository as links in ``root``, the model's folder a real one with that config; gives the latter."""
    for sibling in folder.repository.iterdir():
        if sibling.name != folder.name and sibling.is_dir():
            (root / sibling.name).symlink_to(sibling.resolve(), target_is_directory=True)
    staged = root / folder.name
    staged.mkdir()
    for child in folder.path.iterdir():
        if child.name != CONFIG_NAME:
            (staged / child.name).symlink_to(child.resolve())
    (staged / CONFIG_NAME).write_bytes(config.encode("utf-8", "surrogateescape"))
    return staged


def dependents_of(root: Path, name: str) -> list[str]:
    """The ensembles that use the model, directly or through other ensembles."""
    targets = with_dependents([Target(str(root), (name,))])
    return [model for target in targets for model in target.models if model != name]


def _key(diagnostic: Diagnostic) -> tuple[str | None, str, str]:
    return diagnostic.model, diagnostic.rule, os.path.basename(diagnostic.file) + diagnostic.message  # noqa: PTH119
