"""Rules that compare a configuration with what its ONNX model says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.fix.edits import set_near, set_word
from triton_kit.linter.problems import once
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.onnx.file import model_path, signatures
from triton_kit.linter.wording import nearest
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


def allowed(onnx: OnnxModel) -> dict[str, TensorSpec]:
    """The inputs that a configuration may name: those that are needed, and those with a value in the model."""
    return {t.name: t for t in (*onnx.overridable, *onnx.signature.inputs)}


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
        inputs, outputs = dict.fromkeys(allowed(onnx)), dict.fromkeys(t.name for t in onnx.signature.outputs)
        for tensor in (*completed.inputs, *completed.outputs):
            known = inputs if tensor.kind == "input" else outputs
            if tensor.name and tensor.name not in known:
                at, beside = (*tensor.at, "name"), completed.inputs if tensor.kind == "input" else completed.outputs
                yield Problem(
                    at=at if tensor.written else tensor.at,
                    message=f"'{tensor.name}' is not an {tensor.kind} of the model",
                    help=nearest(tensor.name, known),
                    fix=set_near(at, tensor.name, known, [t.name for t in beside]) if tensor.written else None,
                )


def pairs(model: Model) -> Iterator[tuple[int, Tensor, TensorSpec, Completed]]:
    """Each tensor of the completed configuration with the model's of that name."""
    for version, onnx, completed in versions(model):
        inputs, outputs = allowed(onnx), {t.name: t for t in onnx.signature.outputs}
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
    if model.outputs or not model.inputs:
        return
    completed = model.completed_latest
    if completed is not None and not completed.outputs:
        yield Problem(at=("input",), message="the model has inputs and no outputs", help="add its outputs")
