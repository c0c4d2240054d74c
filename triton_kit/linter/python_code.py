"""What the rules about a Python model's code share: its classes, its own completion, and places in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Span
from triton_kit.signature.python_source import model_class

if TYPE_CHECKING:
    from triton_kit.model.python_completion import Evaluation
    from triton_kit.model.python_config import Call, Refusal


def classes(model: Model) -> Iterator[tuple[ast.ClassDef, Path]]:
    """The class of each version that is served, with its file."""
    for version in model.versions:
        found = model_class(model.python(version))
        if found is not None:
            yield found, Path(model.model_file(version))


def completions(model: Model) -> Iterator[tuple[Evaluation, Path]]:
    """What the completion of each version does, where the server calls it."""
    if not model.options.auto_complete:
        return
    for version in model.versions:
        found = model.python_completion(version)
        if found is not None:
            yield found, Path(model.model_file(version))


def refused_calls(model: Model) -> Iterator[tuple[Call, Refusal, Path, bool]]:
    """The calls on the configuration that raise, why, and whether they do so in any case."""
    for found, file in completions(model):
        for call in (*found.calls, *found.doubtful):
            if call.refusal is not None:
                yield call, call.refusal, file, call in found.calls


def span(node: ast.AST) -> Span:
    """Where a node of the source stands."""
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    end_line, end = getattr(node, "end_lineno", None) or line, getattr(node, "end_col_offset", None) or column
    return Span(line=line, column=column + 1, end_line=end_line, end_column=end + 1)


def call_problem(
    call: Call, file: Path, message: str, help_: str, *, surely: bool = True, related: tuple[Related, ...] = ()
) -> Problem:
    """A problem of a call; where the code does not come to it in any case, a warning that says so."""
    origin = call.refusal.origin if call.refusal else None
    if origin is not None and origin not in ast.walk(call.node):
        related = (Related(message="it is made here", file=file, span=span(origin)), *related)
    return Problem(
        message=message if surely else f"{message}, if the code comes to this call",
        help=help_,
        file=file,
        span=span(call.node),
        related=related,
        severity=None if surely else Severity.WARNING,
    )
