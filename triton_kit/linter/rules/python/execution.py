"""Rules about what the code of a Python model does in any case, as far as that shows without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import nearest
from triton_kit.model.model import Model
from triton_kit.model.python_completion import calls
from triton_kit.repository.tensor import DATA_TYPES
from triton_kit.repository.text_format.source import Span
from triton_kit.signature.python_source import method, model_class, place, returns_nothing


def _classes(model: Model) -> Iterator[tuple[ast.ClassDef, Path]]:
    for version in model.versions:
        found = model_class(model.python(version))
        if found is not None:
            yield found, Path(model.model_file(version))


def _span(node: ast.stmt | ast.expr) -> Span:
    end_line, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    return Span(line=node.lineno, column=node.col_offset + 1, end_line=end_line, end_column=end + 1)


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
    for found, file in _classes(model):
        for statement in found.body:
            if (
                isinstance(statement, ast.Assign)
                and isinstance(statement.value, ast.Constant)
                and any(isinstance(t, ast.Name) and t.id == "initialize" for t in statement.targets)
            ):
                message = f"initialize is {statement.value.value!r}, which cannot be called"
                yield Problem(message=message, help="define the method", file=file, span=_span(statement))
        function = method(found, "initialize")
        raised = _raises(function) if function else None
        if raised is not None:
            yield Problem(
                message="initialize raises whatever happens",
                help="leave the method out, or let it do its work",
                file=file,
                span=_span(raised),
            )


def _raises(function: ast.FunctionDef) -> ast.Raise | None:
    """The raise that the function comes to in any case."""
    for statement in function.body:
        if isinstance(statement, ast.Raise):
            return statement
        if any(isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) for node in ast.walk(statement)):
            return None
    return None


@rule(Severity.ERROR, backend="python")
def python_warmup_unanswered(model: Model) -> Iterator[Problem]:
    """A model is warmed up whose execute gives no response.

    Where execute returns None the loading never ends; where it returns no responses, the failing warm-up refuses the
    model or kills the server, at random (core backend_model_instance.cc:WarmUp, python pb_stub.cc).

    Server says:

        Number of InferenceResponse objects do not match the number of InferenceRequest objects

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
    warmups, groups = model.config.model_warmup, model.config.instance_group
    if not any(sample.batch_size for sample in warmups) or model.config.model_transaction_policy.decoupled:
        return
    if groups and all(group.passive for group in groups):
        return
    for found, file in _classes(model):
        function = method(found, "execute")
        if function is None or any(isinstance(n, ast.Yield | ast.YieldFrom) for n in ast.walk(function)):
            continue
        returned = [n for n in ast.walk(function) if isinstance(n, ast.Return)]
        if _sets_decoupled(found):
            continue
        if returns_nothing(function):
            yield Problem(
                message="hangs the server: the model is warmed up, and its execute returns no responses",
                help="return a list with a response for each request, or leave model_warmup out",
                file=file,
                span=place(function),
            )
        elif all(isinstance(n.value, ast.List) and not n.value.elts for n in returned):
            yield Problem(
                message="may kill the server: the model is warmed up, and its execute returns no responses",
                help="return a list with a response for each request, or leave model_warmup out",
                file=file,
                span=place(function),
            )


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
    if not model.options.auto_complete:
        return
    # A config.pbtxt stays as it is, so that the model loads, but not as intended.
    severity = None if model.config_kind is None else Severity.WARNING
    for found, file in _classes(model):
        function = method(found, "auto_complete_config")
        for call in calls(function) if function else ():
            if call.method not in ("add_input", "add_output") or not call.known or not isinstance(call.argument, dict):
                continue
            kind, dims = call.argument.get("data_type"), call.argument.get("dims")
            span = _span(call.node)
            # Names of types count in any case, as in JSON.
            if isinstance(kind, str) and kind.upper() not in DATA_TYPES:
                message = f"the data type {kind} does not exist, and what auto_complete_config adds is dropped"
                help_ = nearest(kind, tuple(DATA_TYPES))
                yield Problem(message=message, help=help_, file=file, span=span, severity=severity)
            elif isinstance(dims, list) and not all(isinstance(d, int) or d == int(d) for d in dims if _number(d)):
                message = f"the dims {dims} are not integers, and what auto_complete_config adds is dropped"
                yield Problem(message=message, help="write integers", file=file, span=span, severity=severity)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and value == value and abs(value) != float("inf")
