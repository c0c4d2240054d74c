"""Rules about TensorRT models, as far as their configuration and the first bytes of the engine show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.problems import unreadable
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.pytorch.tensors import unsupported
from triton_kit.linter.wording import count
from triton_kit.model.model import Model
from triton_kit.model.model_file import parameter


def _read(path: Path) -> None:
    from triton_kit.signature.files import require_kind

    require_kind(path, "a TensorRT plan", ())


@rule(Severity.ERROR, backend="tensorrt")
def tensorrt_unreadable(model: Model) -> Iterator[Problem]:
    """The model file is not a TensorRT engine.

    Whether an engine was built for the server's GPU and its release of TensorRT, the file does not say (tensorrt
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
    yield from unreadable(model, _read)


@rule(Severity.ERROR, backend="tensorrt")
def tensorrt_data_type(model: Model) -> Iterator[Problem]:
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
    yield from unsupported(model)


@rule(Severity.ERROR, backend="tensorrt")
def tensorrt_shape_tensor(model: Model) -> Iterator[Problem]:
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
    for tensor in (*model.inputs, *model.outputs):
        shapes = tensor.message is not None and tensor.message.is_shape_tensor
        if shapes and tensor.data_type not in ("TYPE_INT32", "TYPE_INT64", "TYPE_INVALID"):
            yield Problem(
                at=(*tensor.at, "data_type"),
                message=f"{tensor.kind} '{tensor.name}' is a shape tensor of {tensor.data_type}",
                help="write TYPE_INT32, or TYPE_INT64 where the engine has that",
            )


@rule(Severity.ERROR, since="25.05", backend="tensorrt")
def tensorrt_allocation_strategy(model: Model) -> Iterator[Problem]:
    """The strategy by which TensorRT allocates execution contexts does not exist.

    (tensorrt model_state.cc.) Read in the sources, not seen on a server.

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
    if model.config.parameters and key in model.config.parameters:
        value = parameter(model, key)
        if value not in ("STATIC", "ON_PROFILE_CHANGE"):
            yield Problem(
                at=("parameters", key), message=f"the {key} is '{value}'", help="write STATIC or ON_PROFILE_CHANGE"
            )


@rule(Severity.ERROR, since="24.08", backend="tensorrt")
def tensorrt_ragged_format(model: Model) -> Iterator[Problem]:
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
    for tensor, written in zip(model.inputs, model.config.input, strict=True):
        if tensor.ragged and written.is_non_linear_format_io:
            yield Problem(
                at=(*tensor.at, "allow_ragged_batch"),
                message=f"input '{tensor.name}' is ragged, and its format is not linear",
                help="leave one of the two out",
            )


@rule(Severity.ERROR, backend="tensorrt")
def tensorrt_without_gpu(model: Model) -> Iterator[Problem]:
    """A TensorRT model on a machine without a GPU.

    Reported only where the number of GPUs is given; instances of no kind are then instances of the CPU (core
    model_config_utils.cc:NormalizeInstanceGroup, tensorrt tensorrt.cc).

    Server says:

        TensorRT backend supports only GPU device

    Bad:

        -- tk validate --gpus 0
        backend: "tensorrt"

    Good:

        -- tk validate --gpus 1
        backend: "tensorrt"
    """
    if model.options.gpus != 0:
        return
    groups = model.config.instance_group
    if not groups or any(group.kind == "KIND_AUTO" and not group.gpus for group in groups):
        yield Problem(
            at=("instance_group",) if groups else ("backend",),
            message="a TensorRT model does not run on a machine without a GPU",
            help="serve it on a machine with a GPU, or as ONNX on the CPU",
        )


_MULTI_DEVICE = "enable_multi_device"


@rule(Severity.ERROR, since="26.06", backend="tensorrt")
def tensorrt_multi_device(model: Model) -> Iterator[Problem]:
    """A TensorRT model that runs on several GPUs at a time is not described as one.

    It wants KIND_MODEL, at least two GPUs in `multi_device_gpus`, each once, and with `multi_device_per_rank_engines`
    an engine for each of them beside the first, `model.plan.rank0` and so on (tensorrt model_state.cc,
    instance_state.cc). Read in the sources, not seen on a server.

    Server says:

        Invalid 'multi_device_gpus' entry
        multi-device requires at least 2 ranks

    Bad:

        -- tk validate --release 26.06
        backend: "tensorrt"
        instance_group [ { kind: KIND_MODEL } ]
        parameters { key: "enable_multi_device" value { string_value: "true" } }
        parameters { key: "multi_device_gpus" value { string_value: "0" } }

    Good:

        -- tk validate --release 26.06
        backend: "tensorrt"
        instance_group [ { kind: KIND_MODEL } ]
        parameters { key: "enable_multi_device" value { string_value: "true" } }
        parameters { key: "multi_device_gpus" value { string_value: "0,1" } }
    """
    if not _is_on(model, _MULTI_DEVICE):
        return
    for i, group in enumerate(model.config.instance_group):
        if group.kind in ("KIND_GPU", "KIND_CPU"):
            yield Problem(
                at=("instance_group", i, "kind"),
                message=f"a model on several GPUs at a time has a group of {group.kind}",
                help="write kind: KIND_MODEL",
            )
    key = "multi_device_gpus"
    ranks = [part.strip() for part in parameter(model, key).split(",") if part.strip()]
    at = ("parameters", key if key in model.config.parameters else _MULTI_DEVICE)
    there = model.options.gpus
    for rank in ranks:
        if not (rank.isascii() and rank.isdecimal()) or ranks.count(rank) > 1:
            fault = "is given twice" if rank.isdecimal() else "is not the number of a GPU"
            yield Problem(at=at, message=f"'{rank}' in {key} {fault}", help='write each GPU once: "0,1"')
            return
        if there is not None and int(rank) >= there:
            yield Problem(at=at, message=f"GPU {rank} in {key} does not exist", help=f"use ids from 0 to {there - 1}")
            return
    if len(ranks) < 2:
        yield Problem(at=at, message=f"{key} names {count(len(ranks), 'GPU')}, and at least 2 are needed", help=_TWO)
    elif _is_on(model, "multi_device_per_rank_engines"):
        yield from _missing_engines(model, len(ranks))


_TWO = 'write two or more: "0,1"'


def _missing_engines(model: Model, ranks: int) -> Iterator[Problem]:
    for version in model.versions:
        folder = model.version_folder(version)
        held = model.listing(folder)
        missing = [name for rank in range(ranks) if (name := f"{model.file_name}.rank{rank}") not in held]
        if missing:
            yield Problem(
                message=f"{folder}/ holds no {missing[0]}, the engine of one of {ranks} GPUs",
                help="build an engine for each GPU",
                file=Path(model.join(folder)),
            )


def _is_on(model: Model, key: str) -> bool:
    return key in model.config.parameters and parameter(model, key).lower() in ("true", "1", "on")
