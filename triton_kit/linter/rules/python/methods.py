"""Rules about the parameters of a Python model's methods."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.python_code import classes
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model
from triton_kit.signature.python_source import method, place, required_parameters

if TYPE_CHECKING:
    from triton_kit.signature.python_source import FunctionNode


@rule(Severity.ERROR, backend="python")
def python_initialize_signature(model: Model) -> Iterator[Problem]:
    """The model's initialize cannot be called with one argument.

    The server calls it with a dictionary of texts (python pb_stub.cc:Initialize); without the method it does without.

    Server says:

        TritonPythonModel.initialize() takes … positional argument
        TritonPythonModel.initialize() missing

    Bad:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            def initialize(self):
                self.ready = True

    Good:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            def initialize(self, args):
                self.ready = True
    """
    for found, file in classes(model):
        function = method(found, "initialize")
        said = _unfit(function, 1) if function else ""
        if function and said:
            yield _problem(function, file, f"initialize is called with one argument, and {said}", "args")


@rule(Severity.WARNING, backend="python")
def python_method_signature(model: Model) -> Iterator[Problem]:
    """A method of the model cannot be called in the way in which the server calls it.

    The model loads, and then every request fails where it is execute, which is called with the list of requests; where
    it is finalize, which is called without arguments, nothing is cleaned up. What an initialize that is a coroutine
    should do is never done (python pb_stub.cc).

    Bad:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            def execute(self, requests, context):
                return [None for _ in requests]

    Good:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            def execute(self, requests):
                return [None for _ in requests]
    """
    for found, file in classes(model):
        for name, count, called in (("execute", 1, "with one argument"), ("finalize", 0, "without arguments")):
            function = method(found, name)
            said = _unfit(function, count) if function else ""
            if function and said:
                yield _problem(function, file, f"{name} is called {called}, and {said}", "requests" if count else "")
        initialize = method(found, "initialize")
        if isinstance(initialize, ast.AsyncFunctionDef):
            message = "initialize is a coroutine, which the server does not wait for"
            yield Problem(message=message, help="leave out async", file=file, span=place(initialize))


def _problem(function: FunctionNode, file: Path, message: str, parameter: str) -> Problem:
    parameters = f"self, {parameter}" if parameter else "self"
    return Problem(message=message, help=f"write def {function.name}({parameters})", file=file, span=place(function))


def _unfit(function: FunctionNode, count: int) -> str:
    """Why a method cannot be called with so many arguments; empty where it can, or that is not known."""
    given, decorators = function.args, function.decorator_list
    static = [d.id for d in decorators if isinstance(d, ast.Name) and d.id in ("staticmethod", "classmethod")]
    if len(static) != len(decorators):
        return ""
    own = 0 if static == ["staticmethod"] else 1
    most = len(given.posonlyargs) + len(given.args) - own
    least = required_parameters(function) - own
    if most < count and given.vararg is None:
        return f"takes {_count(most)}" if most >= 0 else "has no self"
    if least > count:
        return f"needs {_count(least)}"
    missing = [arg.arg for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is None]
    return f"needs {missing[0]} by name" if missing else ""


def _count(number: int) -> str:
    return {0: "none", 1: "one"}.get(number, str(number))
