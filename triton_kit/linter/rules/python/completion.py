"""Rules that compare a Python model's own completion with its configuration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed, nearest, shape
from triton_kit.model.completion import Tensor
from triton_kit.model.model import Model
from triton_kit.model.python_completion import Call, calls
from triton_kit.repository.text_format.source import Span
from triton_kit.signature.python_source import method, model_class


def _calls(model: Model) -> Iterator[tuple[Call, Path]]:
    if not model.options.auto_complete:
        return
    for version in model.versions:
        found = model_class(model.python(version))
        function = method(found, "auto_complete_config") if found else None
        for call in calls(function) if function else ():
            yield call, Path(model.model_file(version))


def _problem(call: Call, file: Path, message: str, help_: str, related: tuple[Related, ...] = ()) -> Problem:
    node = call.node
    span = Span(
        line=node.lineno,
        column=node.col_offset + 1,
        end_line=node.end_lineno or node.lineno,
        end_column=(node.end_col_offset or node.col_offset) + 1,
    )
    return Problem(message=message, help=help_, file=file, span=span, related=related)


@rule(Severity.ERROR, backend="python")
def python_completes_bad_tensor(model: Model) -> Iterator[Problem]:
    """auto_complete_config adds a tensor that is incomplete, or with a property that does not exist.

    A tensor needs name, data_type and dims; an input may be optional (python triton_python_backend_utils.py).

    Server says:

        in auto-complete-config function for model … is missing '…' property
        contains property other than

    Bad:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            @staticmethod
            def auto_complete_config(config):
                config.add_input({"name": "x", "datatype": "TYPE_FP32", "dims": [4]})
                return config

    Good:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            @staticmethod
            def auto_complete_config(config):
                config.add_input({"name": "x", "data_type": "TYPE_FP32", "dims": [4]})
                return config
    """
    for call, file in _calls(model):
        kind = call.method[4:]
        if kind not in ("input", "output") or not call.known or not isinstance(call.argument, dict):
            continue
        allowed = ("name", "data_type", "dims", "optional") if kind == "input" else ("name", "data_type", "dims")
        surplus = [key for key in call.argument if key not in allowed]
        missing = [key for key in ("name", "data_type", "dims") if key not in call.argument]
        listed_names = [t.name for t in (model.inputs if kind == "input" else model.outputs)]
        if surplus:
            message = f"the {kind} that is added has {listed(map(str, surplus))}"
            yield _problem(call, file, message, nearest(str(surplus[0]), missing or allowed))
        elif missing:
            yield _problem(call, file, f"the {kind} that is added has no {listed(missing)}", "add it")
        elif call.argument["name"] not in listed_names:
            empty = [key for key in ("name", "dims") if not call.argument[key]]
            if empty:
                yield _problem(call, file, f"the {kind} that is added has an empty {listed(empty)}", "fill it in")


@rule(Severity.ERROR, backend="python")
def python_completion_contradicts(model: Model) -> Iterator[Problem]:
    """auto_complete_config contradicts the configuration.

    What config.pbtxt says must be said again in the same way: type, dims, optional; max_batch_size may only be raised;
    no dynamic batching beside sequence batching; the decoupled policy as written (python
    triton_python_backend_utils.py).

    Server says:

        the model expects … but the model configuration specifies
        configuration expects datatype
        configuration specified max_batch_size
        Configuration specified scheduling_choice as
        Cannot update scheduling choice from
        trying to change decoupled property

    Bad:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.py
        class TritonPythonModel:
            @staticmethod
            def auto_complete_config(config):
                config.add_input({"name": "x", "data_type": "TYPE_FP32", "dims": [-1]})
                return config

    Good:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.py
        class TritonPythonModel:
            @staticmethod
            def auto_complete_config(config):
                config.add_input({"name": "x", "data_type": "TYPE_FP32", "dims": [4]})
                return config
    """
    size = model.config.max_batch_size
    for call, file in _calls(model):
        if call.method == "set_dynamic_batching":
            if model.config.has("sequence_batching"):
                message = "set_dynamic_batching conflicts with sequence_batching in config.pbtxt"
                yield _problem(call, file, message, "keep one of the two")
        elif not call.known:
            continue
        elif call.method == "set_max_batch_size":
            if not isinstance(call.argument, int):
                yield _problem(call, file, f"max_batch_size {call.argument!r} is not a number", "give a number")
            elif call.argument < size:
                message = f"max_batch_size {call.argument} is below that of config.pbtxt, {size}"
                yield _problem(call, file, message, "give the same number, or leave it out of one of the two")
            else:
                size = call.argument
        elif isinstance(call.argument, dict) and call.method == "set_model_transaction_policy":
            yield from _other_policy(model, call, file, call.argument)
        elif isinstance(call.argument, dict):
            yield from _other_tensor(model, call, file, call.argument)


def _other_policy(model: Model, call: Call, file: Path, policy: dict[object, object]) -> Iterator[Problem]:
    written = model.config.model_transaction_policy.decoupled
    if model.config.has("model_transaction_policy") and policy.get("decoupled", written) != written:
        message = f"decoupled is {str(written).lower()} in config.pbtxt"
        yield _problem(call, file, message, "say the same in both places, or leave it out of config.pbtxt")


def _other_tensor(model: Model, call: Call, file: Path, added: dict[object, object]) -> Iterator[Problem]:
    tensors = model.inputs if call.method == "add_input" else model.outputs
    tensor = next((t for t in tensors if t.name and t.name == added.get("name")), None)
    message = _difference(tensor, added) if tensor is not None else ""
    if message and tensor is not None:
        span = model.document.source.locate(tensor.at)
        there = Related(message="it is written here", file=model.at_file, span=span)
        yield _problem(call, file, message, "make both the same, or leave it out of config.pbtxt", (there,))


def _difference(tensor: Tensor, added: dict[object, object]) -> str:
    title = f"{tensor.kind} '{tensor.name}'"
    data_type, dims = added.get("data_type"), added.get("dims")
    if tensor.data_type != "TYPE_INVALID" and data_type is not None and data_type != tensor.data_type:
        return f"{title} is {data_type} here and {tensor.data_type} in config.pbtxt"
    if tensor.dims and isinstance(dims, list) and dims != tensor.dims:
        return f"{title} is {shape(dims)} here and {shape(tensor.dims)} in config.pbtxt"
    if tensor.kind == "input" and "optional" in added and bool(added["optional"]) != tensor.optional:
        return f"{title} is {'optional' if added['optional'] else 'not optional'} here, unlike in config.pbtxt"
    return ""
