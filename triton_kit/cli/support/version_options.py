"""What the commands on the versions of a model have in common: which model, where, and how to print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from triton_kit.project.context import ProjectContext
    from triton_kit.versions.model_folder import ModelFolder

Model = Annotated[str, typer.Argument(metavar="MODEL", help="The model's name, or its directory.")]
Repository = Annotated[
    Path | None, typer.Option("--repository", metavar="DIR", help="The repository; by default the project's.")
]
Format = Annotated[str, typer.Option("--format", metavar="text|json", help="How to print the result.")]
Url = Annotated[str | None, typer.Option("--url", help="Ask the server at this address.")]


def find(model: str, repository: Path | None) -> tuple[ProjectContext, ModelFolder]:
    """The project around, and the model in it. Raises UsageError where there is none of that name."""
    from triton_kit.project import context
    from triton_kit.versions.model_folder import find_model_folder

    here = context.find_context()
    return here, find_model_folder(here, model, repository)


def is_json(format_: str) -> bool:
    """Whether JSON is asked for. Raises UsageError for what is no format."""
    from triton_kit.project.context import is_json as read

    return read(format_)
