"""Rules that compare sequence batching with the tensors of an ONNX model."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.controls import CORRELATION_ID, ID_TYPES, controls, given_lists
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.problems import once
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.onnx.tensors import versions
from triton_kit.linter.wording import listed, nearest, shape
from triton_kit.model.model import Model


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
                    message=f"the control '{entry.name}' is not an input of the model",
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
    latest = model.latest
    if not model.config.has("sequence_batching") or latest is None:
        return
    states = model.config.sequence_batching.state
    if not states:
        return
    signature = model.signature(latest).signature
    for side, tensors in (("input_name", signature.inputs), ("output_name", signature.outputs)):
        known = [tensor.name for tensor in tensors]
        for i, state in enumerate(states):
            name = getattr(state, side)
            if name and name not in known:
                yield Problem(
                    at=("sequence_batching", "state", i, side),
                    message=f"'{name}' is not an {side.partition('_')[0]} of the model",
                    help=f"name one of {listed(known)}",
                )
