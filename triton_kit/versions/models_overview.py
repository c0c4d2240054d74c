"""The versions of every model of a repository at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from triton_kit.errors import TkError
from triton_kit.model.repository import Repository
from triton_kit.project.context import ProjectContext
from triton_kit.versions.log import State
from triton_kit.versions.model_folder import ModelFolder, state_of, versions_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A model, its versions, and what is served; ``problem`` is why that is not known."""

    folder: ModelFolder
    versions: tuple[int, ...]
    state: State | None
    problem: TkError | None = None


def models_overview(here: ProjectContext, repository: Path) -> tuple[ModelRow, ...]:
    """The models of the repository by name, but for hidden directories. Raises UsageError where it cannot be read."""
    names = sorted(name for name in Repository(repository).models if not name.startswith("."))
    return tuple(_row(ModelFolder(path=repository / name, lint_options=here.lint_options)) for name in names)


def _row(folder: ModelFolder) -> ModelRow:
    versions = tuple(versions_of(folder))
    try:
        return ModelRow(folder=folder, versions=versions, state=state_of(folder))
    except TkError as error:
        return ModelRow(folder=folder, versions=versions, state=None, problem=error)


def as_json(found: Sequence[ModelRow]) -> dict[str, object]:
    """The overview for scripts."""
    return {
        "models": [
            {
                "model": row.folder.name,
                "path": str(row.folder.path),
                "policy": row.state.policy.value if row.state else None,
                "served": list(row.state.served) if row.state else None,
                "versions": list(row.versions),
                "problem": row.problem.message if row.problem else None,
            }
            for row in found
        ],
    }
