"""Which models a command is about: paths as they are typed, and the names of models in the project's repository."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from triton_kit.project.settings import Project

DEFAULT_REPOSITORY = "model_repository"
"""Where models are named from without a project, if it is there: as ``tk render`` and ``tk versions`` do."""


def project_around(start: str) -> Project | None:
    """The project that the path is in. YAML is read only where there is a tk.yaml: it is slow to import."""
    folder = os.path.abspath(start)
    while not os.path.isfile(os.path.join(folder, "tk.yaml")):
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return None
    from triton_kit.project.settings import read

    return read(Path(folder, "tk.yaml"))


def default_path(project: Project | None) -> str:
    """Without a path, the repository of the project here; without a project, the directory itself."""
    return os.path.relpath(project.repository) if project else "."


def model_paths(given: Sequence[str], project: Project | None) -> list[str]:
    """The paths, each name of a model that is not a path here by the model's path in the repository.

    Raises UsageError, with the nearest name, for a word that is neither.
    """
    return [_path(word, project) for word in given]


def _path(word: str, project: Project | None) -> str:
    if not word or "/" in word or os.path.lexists(word):
        return word
    repository = os.path.relpath(project.repository) if project else DEFAULT_REPOSITORY
    named = os.path.join(repository, word)
    if os.path.isdir(named):
        return named
    try:
        with os.scandir(repository) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir())
    except OSError:
        return word
    from triton_kit.suggestion import nearest

    if near := nearest(word, names):
        raise UsageError(f"{word} is neither a path nor a model in {repository}", hint=f"did you mean {near}?")
    return word
