"""Rules about what a Python model's own completion takes and returns."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.python_code import span
from triton_kit.linter.rule import rule
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.signature.python_source import method, model_class, place, required_parameters, returns_nothing

if TYPE_CHECKING:
    from triton_kit.model.python_completion import Ending
    from triton_kit.signature.python_source import FunctionNode


@rule(Severity.ERROR, backend="python")
def python_completion_broken(model: Model) -> Iterator[Problem]:
    """auto_complete_config cannot complete anything as it is written.

    It is a static method that takes the configuration and must return it (python pb_stub.cc).

    Server says:

        must return a valid pb.ModelConfig object
        TritonPythonModel.auto_complete_config() missing

    Bad:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            @staticmethod
            def auto_complete_config(config):
                config.set_max_batch_size(8)

    Good:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            @staticmethod
            def auto_complete_config(config):
                config.set_max_batch_size(8)
                return config
    """
    for version in model.versions if model.options.auto_complete else ():
        if isinstance(model.python(version), Broken):
            continue
        evaluation = model.python_completion(version)
        if evaluation is None:
            continue
        found = model_class(model.python(version))
        function = method(found, "auto_complete_config") if found else None
        file = Path(model.model_file(version))
        decorators = [d.id for d in function.decorator_list if isinstance(d, ast.Name)] if function else []
        needed = required_parameters(function) - ("classmethod" in decorators) if function else 1
        if function and needed != 1 and function.args.vararg is None:
            yield Problem(
                message="auto_complete_config takes one argument, the configuration",
                help="write @staticmethod and def auto_complete_config(config)",
                file=file,
                span=place(function),
            )
        elif evaluation.ending is not None:
            yield _refused_end(evaluation.ending, function, file)
        elif function and returns_nothing(function) and not evaluation.refused:
            yield _refused_end(None, function, file)


def _refused_end(ending: Ending | None, function: FunctionNode | None, file: Path) -> Problem:
    """A problem of how the function ends."""
    node = ending.node if ending else None
    where = span(node) if node is not None else place(function) if function else None
    if ending is not None and ending.kind == "raises":
        said = f"auto_complete_config raises {ending.value or 'an exception'} whatever happens"
        return Problem(message=said, help="let it return its argument", file=file, span=where)
    given = ending.value if ending else None
    what = (
        "does not return the configuration" if given is None else f"returns {_described(given)}, not the configuration"
    )
    help_ = "end it with a return of its argument"
    return Problem(message=f"auto_complete_config {what}", help=help_, file=file, span=where)


def _described(value: object) -> str:
    """What a value is, in a word or two."""
    name = type(value).__name__
    known = {"OpenDict": "a dictionary", "dict": "a dictionary", "Generator": "a generator or coroutine"}
    return known.get(name, f"{'an' if name[0] in 'aeiou' else 'a'} {name}" if name.islower() else "something else")
