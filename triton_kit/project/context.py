"""What the scaffold commands do between their options and their output."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from triton_kit.errors import UsageError
from triton_kit.files import write
from triton_kit.files.plan import Plan, PlannedFile
from triton_kit.linter.options import Options
from triton_kit.project import check, values
from triton_kit.project import settings as project
from triton_kit.project.model_name import check_name
from triton_kit.project.render import FILE, Layer, Rendered, edited_by_hand, render
from triton_kit.project.setting_paths import ORIGIN
from triton_kit.project.templates import Template, Templates
from triton_kit.repository.release import release as find_release
from triton_kit.repository.release_name import DEFAULT_RELEASE
from triton_kit.suggestion import suggest


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectContext:
    """What holds where a command runs: the project, if there is one, its templates, the release it aims at.

    ``release`` is DEFAULT_RELEASE where nobody named one, ``named`` then ``None``.
    ``lint_options`` is how what is written is linted first.
    """

    project: project.Project | None
    templates: Templates
    release: str
    named: str | None
    lint_options: Options


def find_context(release: str | None = None) -> ProjectContext:
    """The surroundings of the working directory; ``release`` takes the place of the project's.

    Raises UsageError for a release that is unknown.
    """
    found = project.find()
    templates = Templates(own=found.templates if found else None)
    if release is not None:
        release = find_release(release).container
    elif found:
        release = found.release
    aim = release or DEFAULT_RELEASE
    lint_options = check.lint_options_for(aim, found.ignore if found else ())
    return ProjectContext(project=found, templates=templates, release=aim, named=release, lint_options=lint_options)


def find_repository(here: ProjectContext, given: Path | None) -> Path:
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
        layers.append(Layer(origin=ORIGIN, content=values.parse_settings(settings)))
    return tuple(layers)


def render_models(
    here: ProjectContext, repository: Path | None, models: Sequence[str], env: str | None, layers: tuple[Layer, ...]
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


def _directory(here: ProjectContext, repository: Path | None, name: str) -> Path:
    """A model by its directory, or by its name in the repository."""
    path = Path(name)
    if (path / FILE).is_file():
        return path
    if "/" in name:
        raise UsageError(f"{name} has no {FILE}" if path.is_dir() else f"{name} does not exist")
    root = find_repository(here, repository)
    if not (root / name).is_dir():
        there = tuple(sorted(p.parent.name for p in root.glob(f"*/{FILE}")))
        raise UsageError(f"{root} has no model {name}", hint=suggest(name, there) if there else None)
    return root / name


def write_rendered(rendered: Sequence[Rendered], *, force: bool, lint_options: Options, command: str) -> None:
    """Write each config in one step; none at all where one was edited by hand or would be refused, unless forced.

    ``command`` is how ``tk render`` was called, for the remedy.
    """
    if not force:
        refuse_unwritable(rendered, lint_options, command)
    for item in rendered:
        write.replace_text(item.path, item.text)


def refuse_unwritable(rendered: Sequence[Rendered], lint_options: Options, command: str) -> None:
    """Raise UsageError for configs that were edited by hand, ProblemsFound for one that would be refused."""
    if edited := [r.path for r in rendered if r.edited]:
        raise edited_by_hand(edited, command)
    for item in rendered:
        check.check_config(item.directory, item.text, lint_options)


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
    return {"models": models}


def list_templates(here: ProjectContext) -> list[Template]:
    """All templates, by name."""
    return [here.templates.get(name) for name in here.templates.names()]


def templates_as_json(found: Sequence[Template]) -> dict[str, object]:
    """The list for scripts."""
    return {
        "templates": [
            {"name": t.name, "description": t.description, "own": t.own, "files": [str(p) for p in t.files().values()]}
            for t in found
        ],
    }


def copy_template(here: ProjectContext, name: str, to: str) -> Path:
    """Copy a template into the project's templates; raises UsageError without a project, or where one is there."""
    if here.project is None:
        raise UsageError("there is no project here to copy a template into", hint="run tk init DIR, or go to a project")
    check_name(to)
    source = Templates().get(name).directories[0]
    root = _shown(here.project.templates) / "config" / to
    files = [
        PlannedFile(path=p.relative_to(source).as_posix(), source=p) for p in sorted(source.rglob("*")) if p.is_file()
    ]
    write.refuse_occupied(root)
    with write.explain_os_errors(root):
        root.parent.mkdir(parents=True, exist_ok=True)
    write.write(Plan(root=root, files=tuple(files)))
    return root
