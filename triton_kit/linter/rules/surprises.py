"""Rules about what loads, and is not what it looks like."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from triton_kit.backends.detect import MODEL_FILES
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed
from triton_kit.model import disk
from triton_kit.model.model import Model


@rule(Severity.WARNING)
def several_model_files(model: Model) -> Iterator[Problem]:
    """The directory that tells the backend holds model files of several.

    Where the configuration names neither backend, platform nor file, a fixed order decides: tensorflow, tensorrt,
    onnxruntime, openvino, pytorch, python (core model_config_utils.cc:AutoCompleteBackendFields).

    Bad:

        max_batch_size: 4
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
        -- 1/model.py
        class TritonPythonModel: pass

    Good:

        max_batch_size: 4
        backend: "onnxruntime"
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
        -- 1/model.py
        class TritonPythonModel: pass
    """
    config = model.config
    if config.backend or config.platform or config.default_model_filename or not model.directories or not model.backend:
        return
    held = sorted(MODEL_FILES.intersection(model.listing(model.directories[0])))
    if len(held) > 1:
        yield Problem(
            message=f"'{model.directories[0]}' holds {listed(held)}, of which {model.file_name} is taken",
            help="write the backend's name",
        )


@rule(Severity.WARNING, since="26.03")
def archive_for_another_loader(model: Model) -> Iterator[Problem]:
    """A model.pt2 goes to the loader of TorchScript, which cannot read it.

    Without a platform, pytorch gets `pytorch_libtorch`, unless a bare model.pt2 is found in the first directory (core
    model_config_utils.cc:AutoCompleteBackendFields).

    Bad:

        -- tk validate --release 26.03
        default_model_filename: "model.pt2"
        input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.pt2
        (an archive)

    Good:

        -- tk validate --release 26.03
        max_batch_size: 0
    """
    if model.platform != "pytorch_libtorch" or model.config.platform:
        return
    lone = model.versions and "model.pt2" in model.listing(model.version_folder(model.versions[-1]))
    if model.file_name.endswith(".pt2") or (lone and disk.kind_of(model.model_file(model.versions[-1])) is None):
        yield Problem(
            at=("default_model_filename",) if model.config.default_model_filename else ("backend",),
            message="model.pt2 is handed to the loader of TorchScript",
            help='write platform: "torch_aoti"',
        )


@rule(Severity.WARNING)
def negative_version(model: Model) -> Iterator[Problem]:
    """A directory counts as a negative version.

    Version -1 stands for the latest one in the API (core model_lifecycle.cc:VersionsToLoad).

    Bad:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel: pass
        -- -1/

    Good:

        backend: "python"
        -- 1/model.py
        class TritonPythonModel: pass
    """
    for name, number in model.version_numbers.items():
        if number < 0:
            yield Problem(
                message=f"'{name}' counts as version {number}",
                help="rename the directory to a positive number",
                file=Path(model.join(name)),
            )


@rule(Severity.WARNING)
def ensemble_input_written(model: Model) -> Iterator[Problem]:
    """An input of an ensemble is written by a step, or is its output as well.

    What a request brings and what a step makes then mix in the order of arrival; an input that is also an output is
    compared with nothing (core model_config_utils.cc:ValidateEnsembleSchedulingConfig, ensemble_utils.cc).

    Bad:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a x FP32 [4] -> y FP32 [4]

    Good:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a x FP32 [4] -> y FP32 [4]
    """
    if not model.is_ensemble:
        return
    inputs = {tensor.name for tensor in model.inputs}
    for tensor in model.outputs:
        if tensor.name in inputs:
            yield Problem(
                at=(*tensor.at, "name"),
                message=f"'{tensor.name}' is an input and an output of the ensemble, and compared with nothing",
                help="leave it out of the outputs: who sends it has it",
            )
    for i, step in enumerate(model.config.ensemble_scheduling.step):
        for key, name in step.output_map.items():
            if name in inputs:
                yield Problem(
                    at=("ensemble_scheduling", "step", i, "output_map", key),
                    message=f"the step writes to '{name}', an input of the ensemble",
                    help="give the tensor a name of its own",
                )


@rule(Severity.ERROR, about=("instance_group",))
def secondary_device(model: Model) -> Iterator[Problem]:
    """A TensorRT group has more than one secondary device, or one of an undefined kind.

    (tensorrt tensorrt_model_instance.cc.)

    Server says:

        must have either zero or

    Bad:

        backend: "tensorrt"
        instance_group [ { secondary_devices [
          { kind: KIND_NVDLA device_id: 0 }, { kind: KIND_NVDLA device_id: 1 } ] } ]

    Good:

        backend: "tensorrt"
        instance_group [ { secondary_devices [ { kind: KIND_NVDLA device_id: 0 } ] } ]
    """
    if model.backend != "tensorrt":
        return
    for i, group in enumerate(model.config.instance_group):
        at = ("instance_group", i, "secondary_devices")
        if len(group.secondary_devices) > 1:
            yield Problem(at=at, message=f"{len(group.secondary_devices)} secondary devices", help="keep one of them")
        elif any(device.kind != "KIND_NVDLA" for device in group.secondary_devices):
            yield Problem(at=(*at, 0, "kind"), message="a secondary device of no kind", help="write KIND_NVDLA")


@rule(Severity.ERROR, since="26.03", about=("input", "output"))
def element_count_overflow(model: Model) -> Iterator[Problem]:
    """The dims of a tensor that is reshaped make more elements than 64 bits can count.

    The product of the dims before the first variable one is checked (common model_config.cc:GetElementCount).

    Server says:

        exceeds maximum size of

    Bad:

        -- tk validate --release 26.03
        backend: "python"
        max_batch_size: 8
        input {
          name: "x" data_type: TYPE_FP32 dims: [ 4294967296, 4294967296 ]
          reshape { shape: [ 4294967296, 4294967296 ] }
        }

    Good:

        -- tk validate --release 26.03
        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4, 4 ] reshape { shape: [ 16 ] } }
    """
    for tensor in (*model.inputs, *model.outputs):
        if tensor.reshape is None:
            continue
        for field, sizes in (("dims", tensor.dims), ("reshape", tensor.reshape)):
            product = 1
            for size in sizes:
                if size < 0:
                    break
                product *= size
            if product >= 2**63:
                yield Problem(
                    at=(*tensor.at, field),
                    message=f"the sizes of '{tensor.name}' multiply to over 64 bits",
                    help="write the real ones",
                )


_KEYS = (
    "execution_mode", "intra_op_thread_count", "inter_op_thread_count", "enable_mem_arena", "enable_mem_pattern",
    "session.use_device_allocator_for_initializers", "memory.enable_memory_arena_shrinkage", "cudnn_conv_algo_search",
    "arena_extend_strategy", "gpu_mem_limit", "do_copy_in_default_stream",
)  # fmt: skip
_READ = frozenset(_KEYS)


@lru_cache(maxsize=256)
def _near(key: str) -> list[str]:
    """The key that this one resembles; models of one repository have much the same keys."""
    import difflib

    return difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.85)


@rule(Severity.WARNING, about=("parameters",))
def onnx_parameter_misspelt(model: Model) -> Iterator[Problem]:
    """A parameter of an ONNX model is nearly one that the backend reads.

    Keys are exact, and unknown ones are ignored (onnxruntime onnxruntime.cc:ModelState).

    Bad:

        backend: "onnxruntime"
        parameters { key: "intra_op_threads_count" value { string_value: "2" } }

    Good:

        backend: "onnxruntime"
        parameters { key: "intra_op_thread_count" value { string_value: "2" } }
    """
    if model.backend != "onnxruntime" or _READ.issuperset(model.config.parameters):
        return
    for key in model.config.parameters:
        near = _near(key.lower())
        if near and key not in _READ:
            yield Problem(
                at=("parameters", key),
                key=True,
                message=f"the backend reads no parameter '{key}'",
                help=f"did you mean '{near[0]}'?",
            )


@rule(Severity.WARNING, about=("sequence_batching",))
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
    if model.backend != "onnxruntime" or not model.config.has("sequence_batching") or not model.versions:
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
