"""Rules that compare a Python model's own completion with its configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.linter.python_code import call_problem, completions, refused_calls
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed, nearest, shape
from triton_kit.model.model import Model

if TYPE_CHECKING:
    from triton_kit.model.python_config import Refusal


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
    for call, refusal, file, surely in refused_calls(model):
        if call.method not in ("add_input", "add_output"):
            continue
        kind, keys = call.method[4:], _texts(refusal.given)
        if refusal.kind == "surplus":
            message = f"the {kind} that is added has {listed(keys)}"
            yield call_problem(call, file, message, nearest(keys[0], _texts(refusal.expected)), surely=surely)
        elif refusal.kind == "missing":
            yield call_problem(call, file, f"the {kind} that is added has no {listed(keys)}", "add it", surely=surely)
        elif refusal.kind == "not-a-dictionary":
            message = f"the {kind} that is added is {_named(refusal.given)}, not a dictionary"
            yield call_problem(call, file, message, "give a dictionary with name, data_type and dims", surely=surely)
    yield from _empty_tensors(model)


def _empty_tensors(model: Model) -> Iterator[Problem]:
    for found, file in completions(model):
        for call in found.calls:
            kind, added = call.method[4:], call.argument
            if call.refusal or kind not in ("input", "output") or not isinstance(added, dict):
                continue
            written = [t.name for t in (model.inputs if kind == "input" else model.outputs)]
            if added.get("name") not in written:
                empty = [key for key in ("name", "dims") if not added.get(key, True)]
                if empty:
                    message = f"the {kind} that is added has an empty {listed(empty)}"
                    yield call_problem(call, file, message, "fill it in")


def _texts(values: object) -> list[str]:
    return [str(value) for value in values] if isinstance(values, tuple) else []


def _named(value: object) -> str:
    """A value that is not what it should be, in words."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


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
    for call, refusal, file, surely in refused_calls(model):
        if refusal.kind not in _CONTRADICTIONS:
            continue
        place = "config.pbtxt" if refusal.written else "an earlier call"
        yield call_problem(
            call,
            file,
            _contradiction(refusal, place),
            _remedy(refusal),
            surely=surely,
            related=_written(model, refusal) if refusal.written else (),
        )


_CONTRADICTIONS = ("data_type", "dims", "optional", "max_batch_size", "not-a-number", "scheduler", "decoupled")


def _contradiction(refusal: Refusal, place: str) -> str:
    given, expected = refusal.given, refusal.expected
    match refusal.kind:
        case "scheduler":
            return f"set_dynamic_batching conflicts with {expected} in config.pbtxt"
        case "not-a-number":
            return f"max_batch_size {given!r} is not a number"
        case "max_batch_size":
            return f"max_batch_size {given} is below that of config.pbtxt, {expected}"
        case "decoupled":
            return f"decoupled is {str(expected).lower()} in config.pbtxt"
    title = f"{refusal.method[4:]} '{refusal.name}'"
    if refusal.kind == "data_type":
        return f"{title} is {given} here and {expected} in {place}"
    if refusal.kind == "optional":
        return f"{title} is {'optional' if given else 'not optional'} here, unlike in {place}"
    if isinstance(given, tuple) and isinstance(expected, list) and list(given) == expected:
        return f"the dims of {title} are a tuple here, and a tuple is never equal to the list in {place}"
    return f"{title} is {_shape(given)} here and {_shape(expected)} in {place}"


def _shape(dims: object) -> str:
    return shape(dims) if isinstance(dims, list | tuple) else repr(dims)


def _remedy(refusal: Refusal) -> str:
    match refusal.kind:
        case "scheduler":
            return "keep one of the two"
        case "not-a-number":
            return "give a number"
        case "max_batch_size":
            return "give the same number, or leave it out of one of the two"
        case "decoupled":
            return "say the same in both places, or leave it out of config.pbtxt"
    if isinstance(refusal.given, tuple) and refusal.kind == "dims":
        return "give a list"
    return f"make both the same, or leave {'it out of config.pbtxt' if refusal.written else 'one of the two out'}"


def _written(model: Model, refusal: Refusal) -> tuple[Related, ...]:
    tensors = model.inputs if refusal.method == "add_input" else model.outputs
    tensor = next((t for t in tensors if t.name and t.name == refusal.name), None)
    if tensor is None:
        return ()
    return (Related(message="it is written here", file=model.at_file, span=model.document.source.locate(tensor.at)),)


@rule(Severity.ERROR, backend="python")
def python_completion_call(model: Model) -> Iterator[Problem]:
    """auto_complete_config calls its configuration in a way that there is not.

    The object has as_dict, add_input, add_output, set_max_batch_size, set_dynamic_batching and
    set_model_transaction_policy, each with one argument or none; the policy is a dictionary with decoupled (python
    triton_python_backend_utils.py).

    Server says:

        'ModelConfig' object has no attribute
        ModelConfig.… takes … positional argument
        contains property other than 'decoupled'

    Bad:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            @staticmethod
            def auto_complete_config(config):
                config.set_max_batchsize(8)
                return config

    Good:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel:
            @staticmethod
            def auto_complete_config(config):
                config.set_max_batch_size(8)
                return config
    """
    for call, refusal, file, surely in refused_calls(model):
        from triton_kit.model.python_config import PARAMETERS

        if refusal.kind == "attribute":
            message = f"the configuration has no '{call.method}'"
            yield call_problem(call, file, message, nearest(call.method, tuple(PARAMETERS)), surely=surely)
        elif refusal.kind == "arguments":
            parameter = PARAMETERS[call.method]
            takes = f"one argument, {parameter}" if parameter else "no argument"
            yield call_problem(call, file, f"{call.method} takes {takes}", "give it that alone", surely=surely)
        elif call.method == "set_model_transaction_policy" and refusal.kind == "surplus":
            message = f"the policy has {listed(_texts(refusal.given))}, and only decoupled is known"
            yield call_problem(call, file, message, 'give {"decoupled": True} or {"decoupled": False}', surely=surely)
        elif call.method == "set_model_transaction_policy" and refusal.kind == "not-a-dictionary":
            message = f"the policy is {_named(refusal.given)}, not a dictionary"
            yield call_problem(call, file, message, 'give {"decoupled": True} or {"decoupled": False}', surely=surely)
