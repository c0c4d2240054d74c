"""``tk init``: start a project around a model repository."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Argument, Option
from triton_kit.cli.support.options import DryRun, release_option
from triton_kit.cli.support.release import tell_newer
from triton_kit.errors import UsageError
from triton_kit.repository.release_name import DEFAULT_RELEASE


def init(
    paths: Annotated[
        list[Path] | None, Argument(metavar="[DIR]", help="The project's directory; new, or without these files.")
    ] = None,
    source: Annotated[
        list[Path] | None, Option("--from", metavar="FILE...", help="Add these model files at once.")
    ] = None,
    sample: Annotated[bool, Option("--sample", help="Start with the sample models.")] = False,
    release: Annotated[
        str | None, release_option(f"The Triton release to aim at, YY.MM; by default the newest, {DEFAULT_RELEASE}.")
    ] = None,
    dry_run: DryRun = False,
) -> int:
    """Start a project: a model repository, tk.yaml, pre-commit hooks, a README.

    Without DIR a terminal is asked; scripts must say it. More model files may follow --from: tk init shop --from *.onnx
    Of several files the good ones are added; for the others the exit code is 1.
    """
    from triton_kit.files import plan, write
    from triton_kit.project import check
    from triton_kit.scaffold import new_project

    directory, files = _sort(paths or [], source or [])
    if directory is None:
        directory, asked_sample = _ask(bool(files) or sample)
        sample = sample or asked_sample
    aim = release or DEFAULT_RELEASE
    tell_newer(aim)
    lint_options = check.lint_options_for(aim)
    request = new_project.StartRequest(
        directory=directory,
        sources=tuple(files),
        sample=sample,
        release=aim,
        check=lambda staged: check.check_model(staged, staged.parent, lint_options),
    )
    planned, left_out = new_project.plan_project(request)
    if dry_run and directory.exists():
        write.refuse_in_the_way(directory, dict.fromkeys(f.path.split("/")[0] for f in planned.files))
    make = write.rehearse if dry_run else write.write_into
    make(planned, lambda staged: check.check_repository(staged / new_project.REPOSITORY, lint_options))
    why = "" if release else ", the newest that tk knows"
    ready = f"{directory}/ is ready, for Triton {aim}{why} (release in tk.yaml)"
    terminal.out(plan.show(planned).rstrip("\n") if dry_run else ready)
    for note in planned.notes:
        terminal.warn(note)
    for one in left_out:
        terminal.error(f"{one.source} is left out: {one.error.message}", hint=one.error.hint)
    if not dry_run:
        terminal.say("\nNext:")
        for step in planned.next_steps:
            terminal.say(f"  {step}")
    return 1 if left_out else 0


def _sort(paths: list[Path], sources: list[Path]) -> tuple[Path | None, list[Path]]:
    """The directory and the model files: a shell writes ``--from *.onnx`` as one option and further arguments."""
    files = [path for path in paths if sources and path.is_file()]
    rest = [path for path in paths if path not in files]
    if len(rest) > 1:
        raise UsageError(f"more than one directory: {', '.join(map(str, rest))}", hint="give one")
    return (rest[0] if rest else None), [*sources, *files]


def _ask(chosen: bool) -> tuple[Path, bool]:
    if not terminal.interactive():
        raise UsageError(
            "the directory is missing, and there is no terminal to ask",
            hint="write tk init DIR, tk init DIR --sample, or tk init DIR --from FILE",
        )
    directory = Path(typer.prompt("Directory of the project", default=".", err=True))
    sample = not chosen and typer.confirm("Start with the sample models?", default=False, err=True)
    return directory, sample
