"""Rules about TensorRT models, as far as their configuration and the first bytes of the engine tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from triton_kit.linter.checked import CheckedModel
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.modelread import parameter, unreadable
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.pytorch import unsupported

_TYPES = frozenset(f"TYPE_{t}" for t in ("FP32", "FP16", "INT8", "UINT8", "INT32", "BOOL"))


def _read(path: FilePath) -> None:
    from triton_kit.signature.files import require_kind

    require_kind(path, "a TensorRT plan", ())


@rule(Severity.ERROR)
def tensorrt_unreadable(model: CheckedModel) -> Iterator[Problem]:
    """The model file is no TensorRT engine.

    Whether an engine was built for the server's GPU and its release of TensorRT, the file does not tell (tensorrt
    model_state.cc).

    Server says:

        unable to load plan file to auto complete config
        unable to create TensorRT engine

    Bad:

        backend: "tensorrt"
        -- 1/model.plan
        version https://git-lfs.github.com/spec/v1

    Good:

        backend: "tensorrt"
        -- 1/model.plan engine
    """
    if model.backend == "tensorrt":
        yield from unreadable(model, _read)


@rule(Severity.ERROR)
def tensorrt_data_type(model: CheckedModel) -> Iterator[Problem]:
    """A tensor of a TensorRT model has a type that the backend does not take.

    FP32, FP16, INT8, UINT8, INT32 and BOOL; INT64 from 24.05 on, BF16 from 24.06 on (tensorrt instance_state.cc).

    Server says:

        unsupported datatype

    Bad:

        backend: "tensorrt"
        input { name: "x" data_type: TYPE_FP64 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }

    Good:

        backend: "tensorrt"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    if model.backend != "tensorrt":
        return
    types = _TYPES
    if model.options.release >= (24, 5):
        types |= {"TYPE_INT64"}
    if model.options.release >= (24, 6):
        types |= {"TYPE_BF16"}
    yield from unsupported((*model.inputs, *model.outputs), types, "tensorrt")


@rule(Severity.ERROR)
def tensorrt_shape_tensor(model: CheckedModel) -> Iterator[Problem]:
    """A shape tensor of a TensorRT model has a type that no shape has.

    It is INT32, or INT64 from 24.05 on (tensorrt instance_state.cc).

    Server says:

        unexpected datatype … for … shape tensor

    Bad:

        backend: "tensorrt"
        input { name: "x" data_type: TYPE_FP32 dims: [ 2 ] is_shape_tensor: true }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }

    Good:

        backend: "tensorrt"
        input { name: "x" data_type: TYPE_INT32 dims: [ 2 ] is_shape_tensor: true }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    if model.backend != "tensorrt":
        return
    for tensor in (*model.inputs, *model.outputs):
        if tensor.message.is_shape_tensor and tensor.data_type not in ("TYPE_INT32", "TYPE_INT64", "TYPE_INVALID"):
            yield Problem(
                at=(*tensor.at, "data_type"),
                message=f"{tensor.kind} '{tensor.name}' is a shape tensor of {tensor.data_type}",
                help="write TYPE_INT32, or TYPE_INT64 where the engine has that",
            )


@rule(Severity.ERROR, since="25.05")
def tensorrt_allocation_strategy(model: CheckedModel) -> Iterator[Problem]:
    """The strategy by which TensorRT allocates execution contexts does not exist.

    (tensorrt model_state.cc.)

    Server says:

        Invalid value for 'execution_context_allocation_strategy'

    Bad:

        -- tk validate --release 25.05
        backend: "tensorrt"
        parameters { key: "execution_context_allocation_strategy" value { string_value: "DYNAMIC" } }

    Good:

        -- tk validate --release 25.05
        backend: "tensorrt"
        parameters { key: "execution_context_allocation_strategy" value { string_value: "ON_PROFILE_CHANGE" } }
    """
    key = "execution_context_allocation_strategy"
    if model.backend == "tensorrt" and model.config.parameters and key in model.config.parameters:
        value = parameter(model, key)
        if value not in ("STATIC", "ON_PROFILE_CHANGE"):
            yield Problem(
                at=("parameters", key), message=f"the {key} is '{value}'", help="write STATIC or ON_PROFILE_CHANGE"
            )


@rule(Severity.ERROR, since="24.08")
def tensorrt_ragged_format(model: CheckedModel) -> Iterator[Problem]:
    """An input of a TensorRT model is ragged, and of a format that is not linear.

    Batches of different lengths are put one behind the other, which only a linear format allows (tensorrt
    instance_state.cc).

    Server says:

        unexpected allow-ragged for non-linear

    Bad:

        backend: "tensorrt"
        max_batch_size: 8
        input {
          name: "x" data_type: TYPE_FP16 dims: [ 3, 8, 8 ] allow_ragged_batch: true is_non_linear_format_io: true
        }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }

    Good:

        backend: "tensorrt"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP16 dims: [ 3, 8, 8 ] is_non_linear_format_io: true }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    if model.backend != "tensorrt":
        return
    for tensor in model.inputs:
        if tensor.ragged and tensor.message.is_non_linear_format_io:
            yield Problem(
                at=(*tensor.at, "allow_ragged_batch"),
                message=f"input '{tensor.name}' is ragged, and its format is not linear",
                help="leave one of the two out",
            )
