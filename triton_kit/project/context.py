"""What the scaffold commands do between their options and their output."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from triton_kit.errors import UsageError
from triton_kit.files import write
from triton_kit.files.plan import Plan, PlannedFile
from triton_kit.model.model import Options
from triton_kit.project import check, values
from triton_kit.project import settings as project
from triton_kit.project.render import FILE, Layer, Rendered, render
from triton_kit.project.templates import Template, Templates
from triton_kit.repository.release import release as find_release
from triton_kit.scaffold import options


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What holds where a command runs: the project, if there is one, its templates, the release it aims at.

    ``judged`` is how what is written is linted first.
    """

    project: project.Project | None
    templates: Templates
    release: str | None
    judged: Options


def surroundings(release: str | None = None) -> Surroundings:
    """The surroundings of the working directory; ``release`` takes the place of the project's.

    Raises UsageError for a release that is unknown.
    """
    found = project.find()
    templates = Templates(own=found.templates if found else None)
    if release is not None:
        release = find_release(release).container
    elif found:
        release = found.release
    judged = check.judgement(release, found.ignore if found else ())
    return Surroundings(project=found, templates=templates, release=release, judged=judged)


def find_repository(here: Surroundings, given: Path | None) -> Path:
    """The model repository: the given one, the project's, or model_repository here. Raises UsageError."""
    if given is not None:
        repository = given
    elif here.project:
        repository = _shown(here.project.repository)
    else:
        repository = Path("model_repository")
        if not repository.is_dir():
            raise UsageError(
                "there is no project here, and no model_repository", hint="run tk init DIR, or give --repository DIR"
            )
    if not repository.is_dir():
        what = "is not a directory" if repository.exists() else "does not exist"
        raise UsageError(f"the repository {repository} {what}", hint=f"make it: mkdir -p {repository}")
    return repository


def _shown(path: Path) -> Path:
    """The path as one would type it from here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def option_layers(file: Path | None, settings: Sequence[str]) -> tuple[Layer, ...]:
    """The content of ``--values`` and ``--set``, the latter on top."""
    layers = []
    if file is not None:
        layers.append(Layer(origin="--values", content={"values": values.read_values(file)}))
    if settings:
        layers.append(Layer(origin="--set", content=values.parse_settings(settings)))
    return tuple(layers)


def render_models(
    here: Surroundings, repository: Path | None, models: Sequence[str], env: str | None, layers: tuple[Layer, ...]
) -> list[Rendered]:
    """The rendered config of each model: of the named ones, or of all that have a model.yaml."""
    directories = [_directory(here, repository, name) for name in dict.fromkeys(models)]
    if not models:
        root = find_repository(here, repository)
        directories = sorted(p.parent for p in root.glob(f"*/{FILE}"))
        if env is not None:
            # An environment changes what it has a file for; the other models are as they are everywhere.
            with_env = {p for p in directories if (p / f"model.{env}.yaml").is_file()}
            if directories and not with_env:
                raise UsageError(f"no model in {root} has a model.{env}.yaml", hint="check the name after --env")
            return [render(p, here.templates, env=env if p in with_env else None, layers=layers) for p in directories]
    return [render(p, here.templates, env=env, layers=layers) for p in directories]


def _directory(here: Surroundings, repository: Path | None, name: str) -> Path:
    """A model by its directory, or by its name in the repository."""
    path = Path(name)
    if (path / FILE).is_file():
        return path
    if "/" in name:
        raise UsageError(f"{name} has no {FILE}" if path.is_dir() else f"{name} does not exist")
    root = find_repository(here, repository)
    if not (root / name).is_dir():
        there = tuple(sorted(p.parent.name for p in root.glob(f"*/{FILE}")))
        raise UsageError(f"{root} has no model {name}", hint=project.suggestion(name, there) if there else None)
    return root / name


def write_rendered(rendered: Sequence[Rendered], *, force: bool, judged: Options) -> None:
    """Write each config in one step; none at all where one was edited by hand or would be refused, unless forced."""
    edited = [r for r in rendered if r.edited]
    if edited and not force:
        names = ", ".join(str(r.path) for r in edited)
        raise UsageError(
            f"{names} was edited by hand since it was rendered",
            hint=f"see tk render --diff; move the edits to {FILE}, or overwrite them with --force",
        )
    if not force:
        for item in rendered:
            check.check_config(item.directory, item.text, judged)
    for item in rendered:
        write.replace_text(item.path, item.text)


def diff(rendered: Rendered) -> Iterator[str]:
    """The change as a unified diff, without line ends."""
    old = (rendered.current or "").splitlines()
    before = str(rendered.path) if rendered.current is not None else "/dev/null"
    return difflib.unified_diff(old, rendered.text.splitlines(), before, str(rendered.path), lineterm="")


def rendered_as_json(rendered: Sequence[Rendered]) -> dict[str, object]:
    """The result for scripts."""
    models = [
        {"model": r.directory.name, "file": str(r.path), "changed": r.changed, "edited": r.edited, "text": r.text}
        for r in rendered
    ]
    return {"version": 1, "models": models}


def is_json(format_: str) -> bool:
    """Whether the result is to be JSON. Raises UsageError for an unknown format."""
    if format_ not in ("text", "json"):
        raise UsageError(f"--format {format_}: not a format", hint="write text or json")
    return format_ == "json"


def list_templates(here: Surroundings) -> list[Template]:
    """All templates, by name."""
    return [here.templates.get(name) for name in here.templates.names()]


def templates_as_json(found: Sequence[Template]) -> dict[str, object]:
    """The list for scripts."""
    return {
        "version": 1,
        "templates": [
            {"name": t.name, "description": t.description, "own": t.own, "files": [str(p) for p in t.files().values()]}
            for t in found
        ],
    }


def copy_template(here: Surroundings, name: str, to: str) -> Path:
    """Copy a template into the project's templates; raises UsageError without a project, or where one is there."""
    if here.project is None:
        raise UsageError("there is no project here to copy a template into", hint="run tk init DIR, or go to a project")
    options.check_name(to)
    source = Templates().get(name).directories[0]
    root = _shown(here.project.templates) / "config" / to
    files = [
        PlannedFile(path=p.relative_to(source).as_posix(), source=p) for p in sorted(source.rglob("*")) if p.is_file()
    ]
    write.refuse_occupied(root)
    with write.explained(root):
        root.parent.mkdir(parents=True, exist_ok=True)
    write.write(Plan(root=root, files=tuple(files)))
    return root
