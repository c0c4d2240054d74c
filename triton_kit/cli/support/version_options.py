"""What the commands on the versions of a model have in common: which model, and where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triton_kit.project.context import ProjectContext
    from triton_kit.versions.model_folder import ModelFolder


def find(model: str, repository: Path | None, *, as_json: bool) -> tuple[ProjectContext, ModelFolder]:
    """The project around, and the model in it; with ``as_json`` a note on its release becomes one in the result.

    Raises UsageError where there is none of that name.
    """
    from triton_kit.cli.support.release import tell_newer
    from triton_kit.project import context
    from triton_kit.versions.model_folder import find_model_folder

    here = context.find_context()
    tell_newer(here.release, as_json=as_json)
    return here, find_model_folder(here, model, repository)


def say_versions(numbers: tuple[int, ...]) -> str:
    """``version 2``, ``versions 1, 2`` or ``no version``."""
    if not numbers:
        return "no version"
    return f"version{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
