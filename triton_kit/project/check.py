"""What is written is linted first: tk does not scaffold what it would refuse."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from triton_kit.errors import ProblemsFound
from triton_kit.files.stage import stage
from triton_kit.linter.diagnostic import Diagnostic, Report, Severity
from triton_kit.linter.engine import Run
from triton_kit.linter.options import Options, options
from triton_kit.model.target import Target
from triton_kit.project.rendered_findings import at_their_source
from triton_kit.repository.names import CONFIG_NAME
from triton_kit.value import replace

WAITING = "1/.gitkeep"
"""What is in a version directory whose model file is still to come; git keeps no empty directories."""


_FILE_RULES = ("model-file-missing", "dali-file-missing", "fil-file-missing", "vllm-arguments-missing")
"""What the linter says of a model whose file is still to come."""


def lint_options_for(release: str | None, ignore: tuple[str, ...] = ()) -> Options:
    """How to lint for a release (the default one where none is named), without the rules that the project ignores."""
    return options(release=release, ignore=ignore)


def check_model(staged: Path, repository: Path, lint_options: Options) -> None:
    """Raise ProblemsFound if a server would refuse the staged model in that repository.

    A model that was added without its file may lack that one thing.
    """
    _bring_siblings(staged, repository)
    found = errors(staged.parent, [staged.name], lint_options)
    if (staged / WAITING).exists():
        found = only(found, lambda d: d.rule not in _FILE_RULES)
    refuse(found, staged.parent)


def check_config(directory: Path, text: str, lint_options: Options) -> None:
    """Raise ProblemsFound if a server would refuse that config for the model, for something that is in it.

    What is wrong with other files of the model is not a reason to leave an old config.
    """
    directory = directory.resolve()
    with stage(directory.parent) as place:
        staged = place / directory.name
        mirror(directory, staged)
        (staged / CONFIG_NAME).write_bytes(text.encode())
        _bring_siblings(staged, directory.parent)
        refuse(only(errors(place, [staged.name], lint_options), lambda d: d.file.name == CONFIG_NAME), place)


def check_repository(staged: Path, lint_options: Options) -> None:
    """Raise ProblemsFound if a server would refuse a model of the staged repository."""
    names = sorted(p.name for p in staged.iterdir() if p.is_dir())
    refuse(errors(staged, names, lint_options), staged)


def errors(repository: Path, names: list[str], lint_options: Options) -> Report:
    """The errors of those models."""
    report = Run(lint_options).report([Target(str(repository), tuple(names))])
    return only(report, lambda d: d.severity is Severity.ERROR)


def only(report: Report, wanted: Callable[[Diagnostic], bool]) -> Report:
    """The report with those of its findings that are wanted."""
    return replace(report, diagnostics=tuple(d for d in report.diagnostics if wanted(d)))


def refuse(report: Report, root: Path) -> None:
    """Raise ProblemsFound that shows the findings, their files relative to ``root``."""
    found = at_their_source(report).diagnostics
    if not found:
        return
    lines = []
    for d in found:
        file = os.path.relpath(d.file, root)
        lines.append(f"  {file}:{d.span.line}:{d.span.column}: {d.message} [{d.rule}]")
    count = "an error" if len(found) == 1 else f"{len(found)} errors"
    listed = "\n".join(lines)
    hint = next((d.help for d in found if d.help), None)
    raise ProblemsFound(f"nothing was written: a server would refuse it, for {count}\n{listed}", hint=hint)


def _bring_siblings(staged: Path, repository: Path) -> None:
    """Let an ensemble see the other models of its repository."""
    config = staged / CONFIG_NAME
    if not config.is_file() or b"ensemble_scheduling" not in config.read_bytes() or not repository.is_dir():
        return
    for model in repository.iterdir():
        target = staged.parent / model.name
        if model.is_dir() and not target.exists():
            target.symlink_to(model.resolve(), target_is_directory=True)


def mirror(source: Path, target: Path) -> None:
    """The same tree under another name, by hard links; where that cannot be, by symbolic ones."""
    target.mkdir()
    for child in source.iterdir():
        if child.name == CONFIG_NAME:
            continue
        if child.is_symlink():
            (target / child.name).symlink_to(child.resolve())
        elif child.is_dir():
            mirror(child, target / child.name)
        else:
            try:
                os.link(child, target / child.name)
            except OSError:
                (target / child.name).symlink_to(child)
