"""Rules that compare a configuration with what its ONNX model says of itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath
from typing import Any

from triton_kit.linter.checked import CheckedModel
from triton_kit.linter.complete import Completed, Tensor
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.onnxfile import model_path, signatures
from triton_kit.linter.rules.sequences import CORRELATION_ID, ID_TYPES, controls, given_lists
from triton_kit.linter.wording import count, listed, nearest, shape
from triton_kit.repository.tensor import DATA_TYPES

_OPAQUE = ("sequence", "map", "optional", "sparse_tensor", "opaque")


def _versions(model: CheckedModel) -> Iterator[tuple[int, Any, Completed]]:
    """The versions that get as far as the comparison: a file that reads, only tensors in it."""
    for version, onnx in signatures(model):
        if any(f.kind in _OPAQUE for f in onnx.foreign_io):
            continue
        yield version, onnx, model.completed(version)


def _once(problems: Iterator[Problem]) -> Iterator[Problem]:
    """Each finding once, however many versions share it."""
    seen = set()
    for problem in problems:
        if (problem.at, problem.message) not in seen:
            seen.add((problem.at, problem.message))
            yield problem


def _allowed(onnx: Any) -> dict[str, Any]:
    return {t.name: t for t in (*onnx.overridable, *onnx.signature.inputs)}


@rule(Severity.ERROR)
def onnx_not_batchable(model: CheckedModel) -> Iterator[Problem]:
    """max_batch_size is given, and some input or output of the model has no dimension for the batch.

    While the server completes a configuration, each one must begin with a dimension of any size, named in the
    configuration or not (onnxruntime onnxruntime.cc:AutoCompleteMaxBatch: `model does not support batching while
    non-zero max_batch_size`).

    Bad:

        max_batch_size: 8
        -- 1/model.onnx x FP32 [1, 4] -> y FP32 [1, 4]

    Good:

        max_batch_size: 0
        -- 1/model.onnx x FP32 [1, 4] -> y FP32 [1, 4]
    """
    from triton_kit.backends.onnxruntime import is_batchable, session_dims

    size = model.config.max_batch_size
    if size <= 0:
        return
    for _, onnx, completed in _versions(model):
        if not completed.skipped and not is_batchable(onnx.signature):
            fixed = [
                f"'{t.name}' {shape(session_dims(t.shape))}"
                for t in (*onnx.signature.inputs, *onnx.signature.outputs)
                if session_dims(t.shape)[:1] != (-1,)
            ]
            yield Problem(
                at=("max_batch_size",),
                message=f"max_batch_size is {size}, and the model has a fixed first dimension in {', '.join(fixed)}",
                help="write max_batch_size: 0, or export the model with a dynamic first axis everywhere",
            )
            return


@rule(Severity.ERROR)
def onnx_input_count(model: CheckedModel) -> Iterator[Problem]:
    """The configuration has more or fewer inputs than the model.

    Inputs that are not optional, batch inputs, kinds of controls and states together must be as many as the inputs
    that the model needs (onnxruntime onnxruntime.cc:ValidateInputs: `configuration expects`).

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
    yield from _once(_input_counts(model))


def _input_counts(model: CheckedModel) -> Iterator[Problem]:
    for _, onnx, completed in _versions(model):
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


@rule(Severity.ERROR)
def onnx_unknown_tensor(model: CheckedModel) -> Iterator[Problem]:
    """An input or output has a name that the model does not have.

    (onnxruntime onnxruntime.cc:ValidateInputs, ValidateOutputs: `unexpected inference input`.)

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
    yield from _once(_unknown_tensors(model))


def _unknown_tensors(model: CheckedModel) -> Iterator[Problem]:
    for _, onnx, completed in _versions(model):
        for tensor in (*completed.inputs, *completed.outputs):
            known = _allowed(onnx) if tensor.kind == "input" else [t.name for t in onnx.signature.outputs]
            if tensor.name and tensor.name not in known:
                yield Problem(
                    at=(*tensor.at, "name") if tensor.written else tensor.at,
                    message=f"'{tensor.name}' is no {tensor.kind} of the model",
                    help=nearest(tensor.name, known),
                )


def _pairs(model: CheckedModel) -> Iterator[tuple[int, Tensor, Any, Completed]]:
    """Each tensor of the completed configuration with the model's of that name."""
    for version, onnx, completed in _versions(model):
        inputs, outputs = _allowed(onnx), {t.name: t for t in onnx.signature.outputs}
        for tensor in (*completed.inputs, *completed.outputs):
            spec = (inputs if tensor.kind == "input" else outputs).get(tensor.name)
            if spec is not None:
                yield version, tensor, spec, completed


@rule(Severity.ERROR)
def onnx_data_type(model: CheckedModel) -> Iterator[Problem]:
    """A tensor's data type is not that of the model.

    (onnxruntime onnxruntime.cc: `configuration expects datatype`; a type that Triton has no name for is `must specify
    'data_type'` after completion.)

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
    yield from _once(_data_types(model))


def _data_types(model: CheckedModel) -> Iterator[Problem]:
    for version, tensor, spec, _ in _pairs(model):
        too_new = spec.dtype == "TYPE_BF16" and model.options.release < (26, 3)
        if not tensor.written:
            if spec.dtype is None or too_new:
                yield Problem(
                    message=f"the {tensor.kind} '{tensor.name}' of the model is of a type that the server cannot use",
                    help="export the model with another type for it",
                    file=FilePath(model_path(model, version)),
                )
            continue
        if tensor.data_type == "TYPE_INVALID" or (tensor.data_type == "TYPE_BF16" and model.options.release < (26, 3)):
            continue
        if isinstance(tensor.data_type, int) or tensor.data_type not in DATA_TYPES:
            yield Problem(
                at=(*tensor.at, "data_type"),
                message=f"data type {tensor.data_type} of '{tensor.name}' does not exist",
                help=f"write {spec.dtype}" if spec.dtype else "name a type",
            )
        elif spec.dtype != tensor.data_type:
            yield Problem(
                at=(*tensor.at, "data_type"),
                message=f"{tensor.kind} '{tensor.name}' is {spec.dtype or 'of another type'} in the model, not"
                f" {tensor.data_type}",
                help=f"write {spec.dtype}" if spec.dtype else "export the model with a type that Triton has",
            )


@rule(Severity.ERROR)
def onnx_dims(model: CheckedModel) -> Iterator[Problem]:
    """A tensor's dims are not those of the model.

    With max_batch_size of 1 or more the batch comes before dims, and the model must begin with a dimension of any size.
    An input's -1 does not stand for a fixed size of the model; an output must be equal both ways. Where there is a
    reshape, that is compared (onnxruntime onnxruntime_utils.cc:CompareDimsSupported: `the model expects`).

    Bad:

        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 3 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]

    Good:

        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    yield from _once(_dims(model))


def _dims(model: CheckedModel) -> Iterator[Problem]:
    from triton_kit.backends.onnxruntime import compare_dims, session_dims

    wrong_ones: list[tuple[Tensor, tuple[int, ...], Completed, str]] = []
    merged: dict[int, dict[str, Any]] = {}
    scattered = {target for entry in model.config.batch_output for target in entry.target_name}
    for version, tensor, spec, completed in _pairs(model):
        if not tensor.written:
            if any(d == 0 for d in tensor.dims):
                yield Problem(
                    message=f"the {tensor.kind} '{tensor.name}' of the model has a dimension of 0",
                    help="export the model with the dimension's size",
                    file=FilePath(model_path(model, version)),
                )
            continue
        if not tensor.dims or (tensor.kind == "output" and tensor.name in scattered):
            continue
        if any(d < 1 and d != -1 for d in tensor.shape):
            continue
        if tensor.ragged:
            if session_dims(spec.shape) != (-1,):
                yield Problem(
                    at=(*tensor.at, "allow_ragged_batch"),
                    message=f"the ragged input '{tensor.name}' is {shape(session_dims(spec.shape))} in the model, not"
                    " [-1]",
                    help="leave allow_ragged_batch out, or export the model with that input of one dimension",
                )
            continue
        batching = completed.max_batch_size > 0
        exact = tensor.kind == "output"
        wrong = compare_dims(tensor.shape, spec.shape, batching=batching, exact=exact)
        if wrong and exact:
            # The session may know more than the file declares: asked only before something is called wrong.
            if version not in merged:
                merged[version] = _session_outputs(model, version)
            spec = merged[version].get(tensor.name, spec)
            wrong = compare_dims(tensor.shape, spec.shape, batching=batching, exact=exact)
        if wrong and not (wrong == "first-dim" and not completed.skipped and model.config.max_batch_size > 0):
            wrong_ones.append((tensor, session_dims(spec.shape), completed, wrong))
    yield from _dims_problems(model, wrong_ones)


def _dims_problems(
    model: CheckedModel, wrong_ones: list[tuple[Tensor, tuple[int, ...], Completed, str]]
) -> Iterator[Problem]:
    """A problem for each tensor; a single one where it is max_batch_size that does not fit them all."""
    fixed = [(t, real) for t, real, _, wrong in wrong_ones if wrong == "first-dim"]
    if fixed:
        shapes = dict.fromkeys(f"'{t.name}' {shape(real)}" for t, real in fixed)
        yield Problem(
            at=("max_batch_size",),
            message=f"max_batch_size is {wrong_ones[0][2].max_batch_size}, and the model has no dimension for the batch"
            f" in {', '.join(shapes)}",
            help="write max_batch_size: 0 and complete shapes, or export the model with a dynamic first axis",
        )
    lacks_batch = len(wrong_ones) > 1 and all(
        not c.max_batch_size and wrong == "rank" and real[:1] == (-1,) and len(t.shape) == len(real) - 1
        for t, real, c, wrong in wrong_ones
    )
    if lacks_batch:
        shapes = dict.fromkeys(f"'{t.name}' {shape(real)}" for t, real, _, _ in wrong_ones)
        given = "0" if model.config.has("max_batch_size") else "not given"
        yield Problem(
            at=("max_batch_size",),
            message=f"max_batch_size is {given}, and dims leave out the batch dimension that the model has in"
            f" {', '.join(shapes)}",
            help="write the largest batch as max_batch_size, or complete shapes",
        )
        return
    for tensor, real, completed, wrong in wrong_ones:
        if wrong != "first-dim":
            yield _dims_problem(tensor, real, completed, wrong)


def _session_outputs(model: CheckedModel, version: int) -> dict[str, Any]:
    from triton_kit.signature.onnx import session_outputs

    found = session_outputs(FilePath(model_path(model, version)), model.signature(version))
    return {t.name: t for t in found}


def _dims_problem(tensor: Tensor, real: Sequence[int], completed: Completed, wrong: str) -> Problem:
    field = "dims" if tensor.reshape is None else "reshape"
    at = (*tensor.at, field)
    size = completed.max_batch_size
    said = f"{tensor.kind} '{tensor.name}' is {shape(real)} in the model"
    if wrong == "scalar":
        return Problem(
            at=at, message=f"{said}, a single value or of unknown rank, not {shape(tensor.shape)}", help="write [ 1 ]"
        )
    rest = list(real[1:]) if size else list(real)
    behind = f", so {shape(rest)} behind the batch of max_batch_size {size}" if size else ""
    if wrong == "rank" and size and list(tensor.shape) == list(real):
        help_ = f"write {shape(rest)}: max_batch_size {size} adds the batch dimension"
    elif wrong == "rank" and not size and list(tensor.shape) == list(real[1:]) and real[0] == -1:
        help_ = f"write max_batch_size, or the complete shape {shape(real)}"
    else:
        help_ = f"write {shape(rest)}"
    return Problem(at=at, message=f"{said}{behind}, not {shape(tensor.shape)}", help=help_)


@rule(Severity.ERROR)
def onnx_optional_input(model: CheckedModel) -> Iterator[Problem]:
    """An input is optional where an ONNX model cannot have optional inputs.

    Not with batching, and not together with allow_ragged_batch (onnxruntime onnxruntime.cc:ValidateInputs: `is not
    supported for models that support batching`).

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
    for _, _, completed in _versions(model):
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


@rule(Severity.ERROR)
def onnx_control(model: CheckedModel) -> Iterator[Problem]:
    """A control of sequence batching does not fit an input of the model.

    The model must have an input of that name, of the control's type, and of shape [1] without the batch (onnxruntime
    onnxruntime.cc:ValidateBooleanSequenceControl: `but model does not provide that input`).

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
    yield from _once(_controls(model))


_LIST_TYPES = {"int32_false_true": "TYPE_INT32", "fp32_false_true": "TYPE_FP32", "bool_false_true": "TYPE_BOOL"}


def _controls(model: CheckedModel) -> Iterator[Problem]:
    from triton_kit.backends.onnxruntime import session_dims

    for _, onnx, completed in _versions(model):
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


@rule(Severity.WARNING)
def onnx_batching_unused(model: CheckedModel) -> Iterator[Problem]:
    """The model could batch, and its configuration does not let it.

    With inputs and outputs listed the server completes nothing, so an omitted max_batch_size stays 0 (onnxruntime
    onnxruntime.cc:AutoCompleteConfig: `inputs and outputs already specified`).

    Bad:

        input { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ -1, 4 ] }
        dynamic_batching { }
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]

    Good:

        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        dynamic_batching { }
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    from triton_kit.backends.onnxruntime import is_batchable

    if not model.config.has("dynamic_batching") or model.config.max_batch_size:
        return
    for _, onnx, completed in _versions(model):
        if completed.max_batch_size == 0 and is_batchable(onnx.signature):
            yield Problem(
                at=("input",),
                key=True,
                message="the model can batch, and max_batch_size is not given, so it stays 0",
                help="write max_batch_size, and dims without the first dimension",
            )
        return
