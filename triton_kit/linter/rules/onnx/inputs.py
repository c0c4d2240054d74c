"""Rules about the number of inputs that an ONNX model needs, and which of them may be left out."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from triton_kit.linter.controls import controls
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.problems import once
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.onnx.tensors import allowed, versions
from triton_kit.linter.wording import count, listed
from triton_kit.model.completion import Completed, Tensor
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Route
from triton_kit.suggestion import close


@rule(Severity.ERROR, backend="onnxruntime")
def onnx_input_count(model: Model) -> Iterator[Problem]:
    """The configuration has more or fewer inputs than the model.

    Inputs that are not optional, batch inputs, kinds of controls and states together must be as many as the inputs that
    the model needs (onnxruntime onnxruntime.cc:ValidateInputs).

    Server says:

        configuration expects … inputs, model provides

    Bad:

        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1, 4], mask FP32 [-1, 4] -> y FP32 [-1, 4]

    Good:

        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        input { name: "mask" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1, 4], mask FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    yield from once(_input_counts(model))


def _input_counts(model: Model) -> Iterator[Problem]:
    kinds = len({control.kind for _, control, _ in controls(model)})
    states = len(model.config.sequence_batching.state) if model.config.has("sequence_batching") else 0
    beside = ((len(model.config.batch_input), "batch input"), (kinds, "control"), (states, "state"))
    for _, onnx, completed in versions(model):
        needed = [tensor.name for tensor in onnx.signature.inputs]
        if not (needed or model.inputs or model.options.auto_complete) and completed.skipped:
            continue
        given = [tensor for tensor in completed.inputs if not tensor.optional]
        if len(given) + sum(number for number, _ in beside) == len(needed):
            continue
        known = allowed(onnx)
        surplus = [tensor for tensor in given if tensor.name not in needed]
        missing = [name for name in needed if name not in [tensor.name for tensor in given]]
        if any(tensor.name not in known for tensor in completed.inputs) and not (kinds or states):
            # A name that the model does not have: said of that input, unless others are missing too.
            if len(missing) <= sum(tensor.name not in known for tensor in surplus):
                continue
            close = {_close(tensor.name, missing) for tensor in surplus}
            missing = [name for name in missing if name not in close]
        counted = [count(len(given), "input"), *(count(number, noun) for number, noun in beside if number)]
        at, help_ = _remedy(completed, surplus, missing, needed, known)
        yield Problem(
            at=at,
            message=f"the configuration has {' and '.join(counted)}, the model {len(needed)}: "
            + (listed(needed) or "none"),
            help=help_,
        )


def _remedy(
    completed: Completed, surplus: list[Tensor], missing: list[str], needed: list[str], known: Container[str]
) -> tuple[Route, str]:
    """Where what is wrong with the number of inputs shows, and what to do there."""
    if surplus and not missing:
        first = surplus[0]
        if first.name in known:
            return first.at, f"write optional: true at '{first.name}', which has a value in the model"
        return first.at, f"remove {listed(tensor.name for tensor in surplus)}"
    optional = next((tensor for tensor in completed.inputs if tensor.optional and tensor.name in needed), None)
    if optional is not None:
        return (*optional.at, "optional"), "leave optional out: the model needs that input"
    if missing:
        return ("input",), f"add {listed(missing)}"
    return ("input",), "list each input of the model once, and controls and states only under sequence_batching"


def _close(name: str, choices: Sequence[str]) -> str | None:
    return next(iter(close(name, choices, count=1, cutoff=0.6)), None)


@rule(Severity.ERROR, backend="onnxruntime")
def onnx_optional_input(model: Model) -> Iterator[Problem]:
    """An input is optional where an ONNX model cannot have optional inputs.

    Not with batching, and not together with allow_ragged_batch (onnxruntime onnxruntime.cc:ValidateInputs).

    Server says:

        is not supported for models that support batching
        which is not supported for optional input

    Bad:

        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        input { name: "w" data_type: TYPE_FP32 dims: [ 4 ] optional: true }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1, 4], w FP32 [-1, 4] = initializer -> y FP32 [-1, 4]

    Good:

        input { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] }
        input { name: "w" data_type: TYPE_FP32 dims: [ 4 ] optional: true }
        output { name: "y" data_type: TYPE_FP32 dims: [ -1, 4 ] }
        -- 1/model.onnx x FP32 [-1, 4], w FP32 [4] = initializer -> y FP32 [-1, 4]
    """
    for _, _, completed in versions(model):
        for tensor in completed.inputs:
            if not tensor.optional:
                continue
            why = "with max_batch_size over 0" if completed.max_batch_size else ""
            why = why or ("together with allow_ragged_batch" if tensor.ragged else "")
            if why:
                yield Problem(
                    at=(*tensor.at, "optional"),
                    message=f"input '{tensor.name}' cannot be optional {why}",
                    help="leave optional out",
                )
        return
