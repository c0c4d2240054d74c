"""A new project as a plan: its defaults, its hooks, its repository, and the models it starts with."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from triton_kit.errors import TkError, UsageError
from triton_kit.files import write
from triton_kit.files.plan import Plan, PlannedFile
from triton_kit.files.write import Check
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
    """What a user asks for when starting a project: where, with which models, for which release.

    ``check`` judges the staged folder of a model, and raises TkError for one that is not to be.
    """

    directory: Path
    sources: tuple[Path, ...] = ()
    sample: bool = False
    release: str = DEFAULT_RELEASE
    check: Check


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A model file that does not become a model, and why."""

    source: Path
    error: TkError


def plan_project(request: StartRequest) -> tuple[Plan, tuple[LeftOut, ...]]:
    """The plan for the project, and the files that are left out of it: those that are not models, or refused ones.

    Reads the models' files and writes nothing but a stage that goes again. Raises the TkError of the file where there
    is one alone, and UsageError where none of several is good.
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
    left_out: list[LeftOut] = []
    notes: list[str] = []
    for source in request.sources:
        try:
            plan = _plan_source(request, source, taken, templates)
        except TkError as error:
            if len(request.sources) == 1:
                raise
            left_out.append(LeftOut(source=source, error=error))
            continue
        taken.add(plan.root.name)
        notes += [f"{plan.root.name}: {note}" for note in plan.notes]
        models += [replace(f, path=f"{REPOSITORY}/{plan.root.name}/{f.path}") for f in plan.files]
    if left_out and len(left_out) == len(request.sources):
        lines = "".join(f"\n  {one.error.message}" for one in left_out)
        raise UsageError(f"none of the {len(left_out)} files can be a model{lines}", hint=left_out[0].error.hint)
    if not models:
        models = [PlannedFile(path=f"{REPOSITORY}/.gitkeep", text="")]
    steps = _next(request, sorted(taken))
    planned = Plan(root=request.directory, files=(*models, *files), next_steps=steps, notes=tuple(notes))
    return planned, tuple(left_out)


def _plan_source(request: StartRequest, source: Path, taken: Collection[str], templates: Templates) -> Plan:
    """The plan for the model of one file, judged in a stage. Raises TkError."""
    name = model_name(source)
    if name in taken:
        later = shlex.join(
            ["tk", "add", "NAME", "--from", str(source), "--repository", str(request.directory / REPOSITORY)]
        )
        raise UsageError(f"{source} would be a second model {name}", hint=f"add it afterwards: {later}")
    asked = AddRequest(name=name, repository=Path(REPOSITORY), source=source)
    plan = plan_model(asked, templates, release=request.release)
    if len(request.sources) > 1:
        write.rehearse(plan, request.check)
    return plan


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
