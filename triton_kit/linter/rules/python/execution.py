"""Rules about what the code of a Python model does in any case, as far as that shows without running it."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.python_code import call_problem, classes, completions, span
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.warmup import KILLS, samples
from triton_kit.linter.wording import nearest
from triton_kit.model.model import Model
from triton_kit.repository.tensor import DATA_TYPES
from triton_kit.signature.python_source import FunctionNode, method, model_class, place, returns_nothing
from triton_kit.value import replace

if TYPE_CHECKING:
    from triton_kit.model.python_config import Call
    from triton_kit.model.python_execution import Failure


@rule(Severity.ERROR, backend="python")
def python_initialize_fails(model: Model) -> Iterator[Problem]:
    """The model's initialize raises whatever happens, or is not a method at all.

    It is called once for each instance, and its exception refuses the model (python pb_stub.cc:Initialize).

    Server says:

        TritonModelException:
        object is not callable

    Bad:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            def initialize(self, args):
                raise NotImplementedError("initialize")

    Good:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            def initialize(self, args):
                self.name = args["model_name"]
    """
    for found, file in classes(model):
        for statement in found.body:
            if (
                isinstance(statement, ast.Assign)
                and isinstance(statement.value, ast.Constant)
                and any(isinstance(t, ast.Name) and t.id == "initialize" for t in statement.targets)
            ):
                message = f"initialize is {statement.value.value!r}, which cannot be called"
                yield Problem(message=message, help="define the method", file=file, span=span(statement))
        function = method(found, "initialize")
        raised = _raises(function) if function else None
        if raised is not None:
            yield Problem(
                message="initialize raises whatever happens",
                help="leave the method out, or let it do its work",
                file=file,
                span=span(raised),
            )


def _raises(function: FunctionNode) -> ast.Raise | None:
    """The raise that the function comes to in any case."""
    for statement in function.body:
        if isinstance(statement, ast.Raise):
            return statement
        if any(isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) for node in ast.walk(statement)):
            return None
    return None


@rule(Severity.ERROR, backend="python")
def python_warmup_unanswered(model: Model) -> Iterator[Problem]:
    """A model is warmed up whose execute gives no response, answers with an error, or raises.

    Where execute returns None the loading never ends; otherwise the failing warm-up refuses the model or kills the
    server, at random (core backend_model_instance.cc:WarmUp, python pb_stub.cc). Reported is what happens whatever is
    in the requests.

    Server says:

        Number of InferenceResponse objects do not match the number of InferenceRequest objects
        failed to run warmup sample

    Bad:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        model_warmup {
          batch_size: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } }
        }
        -- 1/model.py
        class TritonPythonModel:
            def execute(self, requests):
                return None

    Good:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        model_warmup {
          batch_size: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } }
        }
        -- 1/model.py
        class TritonPythonModel:
            def execute(self, requests):
                return [self.answer(request) for request in requests]
    """
    if model.config.model_transaction_policy.decoupled:
        return
    batch = next((sample.batch_size for _, sample in samples(model)), 0)
    for version in model.versions if batch else ():
        tree = model.python(version)
        found = model_class(tree)
        if found is None or not isinstance(tree, ast.Module) or _sets_decoupled(found):
            continue
        function, file = method(found, "execute"), Path(model.model_file(version))
        if function is None or any(isinstance(n, ast.Yield | ast.YieldFrom) for n in ast.walk(function)):
            continue
        if (failed := _failure(tree, f"{model.version_folder(version)}/{model.file_name}", batch)) is not None:
            yield Problem(
                message=f"{KILLS}the model is warmed up, and its execute {failed.kind} whatever happens",
                help="let it answer a warm-up request, or leave model_warmup out",
                file=file,
                span=span(failed.node),
            )
        elif (does := _unanswered(function)) is not None:
            yield Problem(
                message=f"{does}the model is warmed up, and its execute returns no responses",
                help="return a list with a response for each request, or leave model_warmup out",
                file=file,
                span=place(function),
            )


def _failure(tree: ast.Module, file: str, batch: int) -> Failure | None:
    """How an execute fails whatever happens; asked only of code that fails where nothing else has failed before."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Attribute | ast.Name) and _is_error(node)):
            from triton_kit.model.python_execution import failure

            return failure(tree, file, batch)
        if not isinstance(node, ast.ExceptHandler):
            todo += ast.iter_child_nodes(node)
    return None


def _is_error(node: ast.Attribute | ast.Name) -> bool:
    return (node.attr if isinstance(node, ast.Attribute) else node.id) == "TritonError"


def _unanswered(function: FunctionNode) -> str | None:
    """What a function does to the server that gives no responses; ``None`` for one that may give some."""
    if returns_nothing(function):
        return "hangs the server: "
    returned = [n for n in ast.walk(function) if isinstance(n, ast.Return)]
    return KILLS if all(isinstance(n.value, ast.List) and not n.value.elts for n in returned) else None


def _sets_decoupled(found: ast.ClassDef) -> bool:
    return any(isinstance(n, ast.Attribute) and n.attr == "set_model_transaction_policy" for n in ast.walk(found))


@rule(Severity.ERROR, backend="python")
def python_completion_unreadable(model: Model) -> Iterator[Problem]:
    """auto_complete_config adds a tensor that core cannot read, and then nothing that it adds counts.

    A data type that does not exist, or dims that are not integers: beside a config.pbtxt the completion is dropped
    without a word, without one there is no configuration (core model.cc:Model::Init).

    Server says:

        model configuration is not provided for model

    Bad:

        -- no config.pbtxt
        -- 1/model.py
        class TritonPythonModel:
            @staticmethod
            def auto_complete_config(config):
                config.add_input({"name": "x", "data_type": "TYPE_FLOAT", "dims": [4]})
                return config

    Good:

        -- no config.pbtxt
        -- 1/model.py
        class TritonPythonModel:
            @staticmethod
            def auto_complete_config(config):
                config.add_input({"name": "x", "data_type": "TYPE_FP32", "dims": [4]})
                return config
    """
    # A config.pbtxt stays as it is, so that the model loads, but not as intended.
    severity = None if model.config_kind is None else Severity.WARNING
    for found, file in completions(model):
        for call in found.calls:
            message, help_ = ("", "") if call.refusal else _unreadable(call)
            if message:
                problem = call_problem(call, file, f"{message}, and what auto_complete_config adds is dropped", help_)
                yield replace(problem, severity=severity)


def _unreadable(call: Call) -> tuple[str, str]:
    """What core cannot read of what a call gives, and the remedy."""
    given = call.argument
    if call.method == "set_max_batch_size" and isinstance(given, float) and not given.is_integer():
        return f"max_batch_size {given} is not an integer", "write an integer"
    if not isinstance(given, dict):
        return "", ""
    kind, dims = given.get("data_type"), given.get("dims")
    # Names of types count in any case, as in JSON.
    if isinstance(kind, str) and kind.upper() not in DATA_TYPES:
        return f"the data type {kind} does not exist", nearest(kind, tuple(DATA_TYPES))
    if isinstance(dims, list | tuple) and not all(isinstance(d, int) or d == int(d) for d in dims if _number(d)):
        return f"the dims {dims} are not integers", "write integers"
    return "", ""


def _number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
