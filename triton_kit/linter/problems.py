"""Findings that several rules make in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.model.broken import Broken
from triton_kit.model.devices import on_gpu
from triton_kit.model.model import Model
from triton_kit.model.model_file import read_once
from triton_kit.signature.errors import ModelFileError
from triton_kit.value import replace


def unreadable(model: Model, reader: Callable[[Path], object]) -> Iterator[Problem]:
    """The finding for each version whose file cannot be read."""
    for version in model.versions:
        try:
            found = read_once(model, version, reader)
        except Broken:
            continue
        if isinstance(found, ModelFileError):
            yield Problem(
                message=f"the model file {version}/{model.file_name} {found.detail}",
                help=found.hint or "export the model again",
                file=Path(model.model_file(version)),
            )


def once(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Each finding once, however many versions share it."""
    seen = set()
    for problem in problems:
        if (problem.at, problem.message) not in seen:
            seen.add((problem.at, problem.message))
            yield problem


def if_on_gpu(model: Model, problem: Problem) -> Problem:
    """A problem of GPU instances: as it is where there is one, conditional where the machine decides."""
    if on_gpu(model):
        return problem
    return replace(problem, message=f"{problem.message}, if an instance runs on a GPU", severity=Severity.WARNING)
