"""Rules that compare a configuration with what its ONNX model says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.fix.edits import set_near, set_word
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.onnx.file import model_path, signatures
from triton_kit.linter.rules.sequences import CORRELATION_ID, ID_TYPES, controls, given_lists
from triton_kit.linter.wording import count, listed, nearest, shape
from triton_kit.model.completion import Completed, Tensor
from triton_kit.model.model import Model
from triton_kit.repository.tensor import DATA_TYPES

if TYPE_CHECKING:
    from triton_kit.repository.tensor import TensorSpec
    from triton_kit.signature.onnx.model import OnnxModel

_OPAQUE = ("sequence", "map", "optional", "sparse_tensor", "opaque")


def versions(model: Model) -> Iterator[tuple[int, OnnxModel, Completed]]:
    """The versions that get as far as the comparison: a file that reads, only tensors in it."""
    for version, onnx in signatures(model):
        if any(f.kind in _OPAQUE for f in onnx.foreign_io):
            continue
        yield version, onnx, model.completed(version)


def once(problems: Iterator[Problem]) -> Iterator[Problem]:
    """Each finding once, however many versions share it."""
    seen = set()
    for problem in problems:
        if (problem.at, problem.message) not in seen:
            seen.add((problem.at, problem.message))
            yield problem


def _allowed(onnx: OnnxModel) -> dict[str, TensorSpec]:
    return {t.name: t for t in (*onnx.overridable, *onnx.signature.inputs)}


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
    for _, onnx, completed in versions(model):
        if not model.inputs and completed.skipped and not model.options.auto_complete and not onnx.signature.inputs:
            continue
        kinds = {c.kind for _, c, _ in controls(model)}
        states = len(model.config.sequence_batching.state) if model.config.has("sequence_batching") else 0
        given = sum(not t.optional for t in completed.inputs)
        expected = given + len(model.config.batch_input) + len(kinds) + states
        needed = [t.name for t in onnx.signature.inputs]
        if expected == len(needed):
            continue
        names = [t.name for t in completed.inputs if not t.optional]
        missing = [n for n in needed if n not in names]
        surplus = [t for t in completed.inputs if not t.optional and t.name not in needed]
        if any(t.name not in _allowed(onnx) for t in completed.inputs) and not (kinds or states):
            # A name that the model does not have: said of that input, unless others are missing too.
            if len(missing) <= len([t for t in surplus if t.name not in _allowed(onnx)]):
                continue
            close = {_close(t.name, missing) for t in surplus} - {None}
            missing = [n for n in missing if n not in close]
        parts = [count(given, "input")]
        for number, noun in (
            (len(model.config.batch_input), "batch input"),
            (len(kinds), "control"),
            (states, "state"),
        ):
            if number:
                parts.append(count(number, noun))
        if surplus and not missing:
            at = surplus[0].at
            is_constant = surplus[0].name in _allowed(onnx)
            help_ = (
                f"write optional: true at '{surplus[0].name}', which has a value in the model"
                if is_constant
                else f"remove {listed(t.name for t in surplus)}"
            )
        else:
            at = ("input",)
            optional = [t for t in completed.inputs if t.optional and t.name in needed]
            if optional:
                at, help_ = (*optional[0].at, "optional"), "leave optional out: the model needs that input"
            elif missing:
                help_ = f"add {listed(missing)}"
            else:
                help_ = "list each input of the model once, and controls and states only under sequence_batching"
        yield Problem(
            at=at,
            message=f"the configuration has {' and '.join(parts)}, the model {len(needed)}: "
            + (listed(needed) or "none"),
            help=help_,
        )


def _close(name: str, choices: Sequence[str]) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(name, choices, n=1)), None)


@rule(Severity.ERROR, backend="onnxruntime")
def onnx_unknown_tensor(model: Model) -> Iterator[Problem]:
    """An input or output has a name that the model does not have.

    (onnxruntime onnxruntime.cc:ValidateInputs, ValidateOutputs.)

    Server says:

        unexpected inference input '
        unexpected inference output '

    Bad:

        max_batch_size: 8
        input { name: "X" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]

    Good:

        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    yield from once(_unknown_tensors(model))


def _unknown_tensors(model: Model) -> Iterator[Problem]:
    for _, onnx, completed in versions(model):
        for tensor in (*completed.inputs, *completed.outputs):
            known = _allowed(onnx) if tensor.kind == "input" else [t.name for t in onnx.signature.outputs]
            if tensor.name and tensor.name not in known:
                at, beside = (*tensor.at, "name"), completed.inputs if tensor.kind == "input" else completed.outputs
                yield Problem(
                    at=at if tensor.written else tensor.at,
                    message=f"'{tensor.name}' is no {tensor.kind} of the model",
                    help=nearest(tensor.name, known),
                    fix=set_near(at, tensor.name, known, [t.name for t in beside]) if tensor.written else None,
                )


def pairs(model: Model) -> Iterator[tuple[int, Tensor, TensorSpec, Completed]]:
    """Each tensor of the completed configuration with the model's of that name."""
    for version, onnx, completed in versions(model):
        inputs, outputs = _allowed(onnx), {t.name: t for t in onnx.signature.outputs}
        for tensor in (*completed.inputs, *completed.outputs):
            spec = (inputs if tensor.kind == "input" else outputs).get(tensor.name)
            if spec is not None:
                yield version, tensor, spec, completed


@rule(Severity.ERROR, backend="onnxruntime")
def onnx_data_type(model: Model) -> Iterator[Problem]:
    """A tensor's data type is not that of the model.

    After completion a type that Triton has no name for counts as not given (onnxruntime onnxruntime.cc:ValidateInputs,
    ValidateOutputs).

    Server says:

        configuration expects datatype
        unsupported datatype
        must specify 'data_type'
        attempt to access JSON non-string as string
        MLDataType for: … is not currently registered or supported

    Bad:

        max_batch_size: 8
        input { name: "x" data_type: TYPE_INT64 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]

    Good:

        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    yield from once(_data_types(model))


def _data_types(model: Model) -> Iterator[Problem]:
    for version, tensor, spec, _ in pairs(model):
        too_new = spec.dtype == "TYPE_BF16" and model.options.release < (26, 3)
        if not tensor.written:
            if spec.dtype is None or too_new:
                yield Problem(
                    message=f"the {tensor.kind} '{tensor.name}' of the model is of a type that the server cannot use",
                    help="export the model with another type for it",
                    file=Path(model_path(model, version)),
                )
            continue
        if tensor.data_type == "TYPE_INVALID" or (tensor.data_type == "TYPE_BF16" and model.options.release < (26, 3)):
            continue
        at, given, real = (*tensor.at, "data_type"), tensor.data_type, spec.dtype
        if given not in DATA_TYPES:
            message, help_ = f"data type {given} of '{tensor.name}' does not exist", "name a type"
        elif real != given:
            message = f"{tensor.kind} '{tensor.name}' is {real or 'of another type'} in the model, not {given}"
            help_ = "export the model with a type that Triton has"
        else:
            continue
        fix = set_word(at, real) if real else None
        yield Problem(at=at, message=message, help=f"write {real}" if real else help_, fix=fix)


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


@rule(Severity.ERROR, backend="onnxruntime")
def onnx_control(model: Model) -> Iterator[Problem]:
    """A control of sequence batching does not fit an input of the model.

    The model must have an input of that name, of the control's type, and of shape [1] without the batch (onnxruntime
    onnxruntime.cc:ValidateBooleanSequenceControl).

    Server says:

        specified sequence control '…', but model does not provide that input
        sequence control '…' in model has dims … but dims [1] is expected
        sequence control '…', the model expects data-type

    Bad:

        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        sequence_batching { control_input { name: "START" control { int32_false_true: [ 0, 1 ] } } }
        -- 1/model.onnx x FP32 [-1, 4], start INT32 [-1, 1] -> y FP32 [-1, 4]

    Good:

        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        sequence_batching { control_input { name: "start" control { int32_false_true: [ 0, 1 ] } } }
        -- 1/model.onnx x FP32 [-1, 4], start INT32 [-1, 1] -> y FP32 [-1, 4]
    """
    yield from once(_controls(model))


_LIST_TYPES = {"int32_false_true": "TYPE_INT32", "fp32_false_true": "TYPE_FP32", "bool_false_true": "TYPE_BOOL"}


def _controls(model: Model) -> Iterator[Problem]:
    from triton_kit.backends.onnxruntime import session_dims

    for _, onnx, completed in versions(model):
        for at, control, entry in controls(model):
            if isinstance(control.kind, int) or not entry.name:
                continue
            spec = onnx.signature.input(entry.name)
            name_at = (*at[:3], "name")
            if spec is None:
                names = [t.name for t in onnx.signature.inputs]
                yield Problem(
                    at=name_at,
                    message=f"the control '{entry.name}' is no input of the model",
                    help=nearest(entry.name, names),
                )
                continue
            given = given_lists(control)
            if control.kind == CORRELATION_ID and (given or control.data_type not in ID_TYPES):
                continue
            wanted = control.data_type if control.kind == CORRELATION_ID else _LIST_TYPES[given[0]] if given else None
            if wanted and spec.dtype != wanted:
                yield Problem(
                    at=at,
                    message=f"the control '{entry.name}' is {spec.dtype} in the model, not {wanted}",
                    help="give its values, or data_type, in the model's type",
                )
            real = session_dims(spec.shape)
            if real[1 if completed.max_batch_size else 0 :] != (1,):
                yield Problem(
                    at=name_at,
                    message=f"the control '{entry.name}' is {shape(real)} in the model, not "
                    + ("[-1, 1]" if completed.max_batch_size else "[1]"),
                    help="export the model with a control of one element",
                )


@rule(Severity.WARNING, backend="onnxruntime")
def no_outputs(model: Model) -> Iterator[Problem]:
    """An ONNX model has no outputs, so that it answers nothing.

    Without completion nobody fills them in, and nobody minds (core model_config_utils.cc:ValidateModelIOConfig).

    Bad:

        -- tk validate --strict
        backend: "onnxruntime"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [4] -> y FP32 [4]

    Good:

        -- tk validate --strict
        backend: "onnxruntime"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    if model.outputs or not model.versions or (not model.inputs):
        return
    if not model.completed(model.versions[-1]).outputs:
        yield Problem(at=("input",), message="the model has inputs and no outputs", help="add its outputs")


@rule(Severity.WARNING, about=("sequence_batching",), backend="onnxruntime")
def onnx_state_unknown(model: Model) -> Iterator[Problem]:
    """A state has a tensor that the ONNX model does not have.

    Nobody compares states at load; the first sequence fails (onnxruntime onnxruntime.cc:ValidateOutputs).

    Bad:

        backend: "onnxruntime"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        sequence_batching { state { input_name: "s" output_name: "out" data_type: TYPE_FP32 dims: [ 4 ] } }
        -- 1/model.onnx x FP32 [-1, 4], s FP32 [-1, 4] -> y FP32 [-1, 4], t FP32 [-1, 4]

    Good:

        backend: "onnxruntime"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        sequence_batching { state { input_name: "s" output_name: "t" data_type: TYPE_FP32 dims: [ 4 ] } }
        -- 1/model.onnx x FP32 [-1, 4], s FP32 [-1, 4] -> y FP32 [-1, 4], t FP32 [-1, 4]
    """
    if not model.config.has("sequence_batching") or not model.versions:
        return
    states = model.config.sequence_batching.state
    if not states:
        return
    signature = model.signature(model.versions[-1]).signature
    for side, tensors in (("input_name", signature.inputs), ("output_name", signature.outputs)):
        known = [tensor.name for tensor in tensors]
        for i, state in enumerate(states):
            name = getattr(state, side)
            if name and name not in known:
                yield Problem(
                    at=("sequence_batching", "state", i, side),
                    message=f"'{name}' is no {side.partition('_')[0]} of the model",
                    help=f"name one of {listed(known)}",
                )
