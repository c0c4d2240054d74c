"""Whether a server would take a model as it is to be, and the ensembles that use it."""

from __future__ import annotations

import os
from pathlib import Path

from triton_kit.files.stage import stage
from triton_kit.files.write import explained
from triton_kit.linter.diagnostic import Diagnostic
from triton_kit.linter.scope import with_dependents
from triton_kit.model.target import Target
from triton_kit.project.check import errors, refuse
from triton_kit.repository.names import CONFIG_NAME
from triton_kit.versions.model_folder import Place


def judge(place: Place, config: str) -> None:
    """Raise ProblemsFound if a server would refuse the model with that config, or an ensemble because of it.

    The repository is staged as links to what is there.
    """
    with explained(place.path), stage(place.repository) as root:
        stage_model(place, root, config)
        judge_model(place, root)
        judge_dependents(place, root)


def judge_model(place: Place, root: Path) -> None:
    """Raise ProblemsFound if a server would refuse the model of the staged repository."""
    refuse(errors(root, [place.name], place.judged), root)


def judge_dependents(place: Place, root: Path) -> None:
    """Raise ProblemsFound if a server would refuse an ensemble that uses the staged model, and took it before."""
    dependents = dependents_of(root, place.name)
    if dependents:
        known = {_key(d) for d in errors(place.repository, dependents, place.judged)}
        refuse([d for d in errors(root, dependents, place.judged) if _key(d) not in known], root)


def stage_model(place: Place, root: Path, config: str) -> Path:
    """The repository as links in ``root``, the model's folder a real one with that config; gives the latter."""
    for sibling in place.repository.iterdir():
        if sibling.name != place.name and sibling.is_dir():
            (root / sibling.name).symlink_to(sibling.resolve(), target_is_directory=True)
    staged = root / place.name
    staged.mkdir()
    for child in place.path.iterdir():
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
