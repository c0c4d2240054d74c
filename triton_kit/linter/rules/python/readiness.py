"""Rules about what a Python model says of its readiness."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Span
from triton_kit.signature.python_source import assigned, model_class

NAME = "is_ready"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@rule(Severity.WARNING, since="26.03", backend="python")
def python_is_ready(model: Model) -> Iterator[Problem]:
    """A Python model has an is_ready that does not say whether it is ready.

    From 26.03 on the server calls `is_ready` of the model for `/v2/models/NAME/ready`, whatever it was meant for. It
    gets no arguments, and must return True or False within 5 s; otherwise the model is never ready (python
    pb_stub.cc:ProcessUserModelReadinessRequest). Read in the sources, not seen on a server.

    Server says:

        is_ready() must return a boolean value

    Bad:

        -- tk validate --release 26.03
        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            def initialize(self, args):
                self.is_ready = True
            def execute(self, requests):
                return [None for _ in requests]

    Good:

        -- tk validate --release 26.03
        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            def is_ready(self):
                return True
            def execute(self, requests):
                return [None for _ in requests]
    """
    for version in model.versions:
        found = model_class(model.python(version))
        if found is None:
            continue
        function = next((n for n in found.body if isinstance(n, Function) and n.name == NAME), None)
        values = assigned(found, NAME)
        if values:
            node: ast.stmt | None = values[0]
            said: str | None = f"{NAME} is a value, and from 26.03 on the server calls it"
        else:
            node, said = function, _wrong(function) if function else None
        if node is not None and said:
            yield Problem(
                message=f"{said}: the model is never ready",
                help="write def is_ready(self) with True or False for its result, or give it another name",
                file=Path(model.model_file(version)),
                span=_place(node),
            )


def _wrong(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
    """Why the server's call can never give True or False; ``None`` where it can."""
    names = [d.id for d in function.decorator_list if isinstance(d, ast.Name)]
    if "property" in names:
        return f"{NAME} is a property, and from 26.03 on the server calls what it gives"
    required = len(function.args.posonlyargs) + len(function.args.args) - len(function.args.defaults)
    own = 0 if "staticmethod" in names else 1
    if required > own or any(default is None for default in function.args.kw_defaults):
        return f"{NAME} is called without arguments from 26.03 on, and needs some"
    returns = [n.value for n in ast.walk(function) if isinstance(n, ast.Return)]
    if all(v is None or (isinstance(v, ast.Constant) and not isinstance(v.value, bool)) for v in returns):
        raises = not returns and any(isinstance(n, ast.Raise) for n in ast.walk(function))
        return f"{NAME} {'only raises' if raises else 'never returns True or False'}"
    return None


def _place(node: ast.stmt) -> Span:
    start, words = node.col_offset, {ast.FunctionDef: len("def "), ast.AsyncFunctionDef: len("async def ")}
    column = start + words.get(type(node), 0) + 1
    width = len(NAME) if type(node) in words else (node.end_col_offset or column) - start
    return Span(line=node.lineno, column=column, end_line=node.lineno, end_column=column + width)
