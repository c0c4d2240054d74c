"""A new project as a plan: its defaults, its hooks, its repository, and the models it starts with."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from triton_kit.errors import UsageError
from triton_kit.files.plan import Plan, PlannedFile
from triton_kit.project import jinja
from triton_kit.project.model_name import check_name
from triton_kit.project.templates import Template, Templates
from triton_kit.repository.release import release
from triton_kit.repository.release_name import DEFAULT_RELEASE
from triton_kit.resources import resource
from triton_kit.scaffold.new_model import plan_model
from triton_kit.scaffold.request import AddRequest

REPOSITORY = "model_repository"

_FILES = {
    "README.md": "README.md.j2",
    ".gitignore": "gitignore.j2",
    ".pre-commit-config.yaml": "pre-commit-config.yaml.j2",
    "tk.yaml": "tk.yaml.j2",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """What a user asks for when starting a project: where, with which models, for which release."""

    directory: Path
    sources: tuple[Path, ...] = ()
    sample: bool = False
    release: str = DEFAULT_RELEASE


def plan_project(request: StartRequest) -> Plan:
    """The plan for the project. Reads the models' files and writes nothing.

    Raises UsageError for a file that is not a model, or two that would have one name.
    """
    release(request.release)
    templates = Templates()
    place = resource("templates") / "project"
    project = Template(name="project", directories=(place,), description="", values=None, own=False)
    values = {"name": request.directory.resolve().name, "release": request.release}
    files = [
        PlannedFile(path=path, text=jinja.render(templates, project, place / source, values))
        for path, source in _FILES.items()
    ]
    models: list[PlannedFile] = _sample() if request.sample else []
    taken = {f.path.split("/")[1] for f in models}
    for source in request.sources:
        name = model_name(source)
        if name in taken:
            raise UsageError(
                f"{source} would be a second model {name}", hint=f"add it later: tk add NAME --from {source}"
            )
        taken.add(name)
        plan = plan_model(
            AddRequest(name=name, repository=Path(REPOSITORY), source=source), templates, release=request.release
        )
        models += [replace(f, path=f"{REPOSITORY}/{name}/{f.path}") for f in plan.files]
    if not models:
        models = [PlannedFile(path=f"{REPOSITORY}/.gitkeep", text="")]
    return Plan(root=request.directory, files=(*models, *files), next_steps=_next(request, sorted(taken)))


def model_name(source: Path) -> str:
    """A name for the model in that file: the file's, or that of its folder where the file is only called model."""
    path = source.resolve()
    name = path.name.partition(".")[0]
    for parent in path.parents:
        if name != "model" and not name.isdecimal():
            break
        name = parent.name
    try:
        return check_name(name)
    except UsageError as error:
        raise UsageError(error.message, hint=f"choose a name: tk add NAME --from {source}") from None


def _sample() -> list[PlannedFile]:
    root = resource("sample_repository")
    found = [p for p in sorted(root.rglob("*")) if p.is_file() and "__pycache__" not in p.parts]
    return [PlannedFile(path=f"{REPOSITORY}/{p.relative_to(root).as_posix()}", source=p) for p in found]


def _next(request: StartRequest, models: Sequence[str]) -> tuple[str, ...]:
    steps = [] if request.directory.resolve() == Path.cwd() else [f"cd {shlex.quote(str(request.directory))}"]
    if models:
        return (*steps, "tk validate", "tk serve")
    return (*steps, "tk add NAME --from model.onnx", "tk validate", "tk serve")
