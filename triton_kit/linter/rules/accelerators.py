"""Rules about execution accelerators: their parameters, and which backend has which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.problems import if_on_gpu
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import nearest
from triton_kit.model.devices import on_gpu
from triton_kit.model.model import Model
from triton_kit.model.version import leading_integer
from triton_kit.repository.text_format.source import Route

_AT = ("optimization", "execution_accelerators")

_TEXTS = [
    "precision_mode",
    "int8_calibration_table_name",
    "trt_engine_cache_path",
    "trt_engine_cache_prefix",
    "trt_timing_cache_path",
    "trt_tactic_sources",
    "trt_extra_plugin_lib_paths",
    "trt_profile_min_shapes",
    "trt_profile_max_shapes",
    "trt_profile_opt_shapes",
    "trt_ep_context_file_path",
]
_INTEGERS = [
    "max_workspace_size_bytes",
    "trt_max_partition_iterations",
    "trt_min_subgraph_size",
    "trt_dla_core",
    "trt_builder_optimization_level",
    "trt_auxiliary_streams",
    "trt_ep_context_embed_mode",
]
_BOOLEANS = [
    "int8_use_native_calibration_table",
    "trt_dla_enable",
    "trt_engine_cache_enable",
    "trt_dump_subgraphs",
    "trt_force_sequential_engine_build",
    "trt_context_memory_sharing_enable",
    "trt_layer_norm_fp32_fallback",
    "trt_timing_cache_enable",
    "trt_force_timing_cache",
    "trt_detailed_build_log",
    "trt_build_heuristics_enable",
    "trt_sparsity_enable",
    "trt_cuda_graph_enable",
    "trt_dump_ep_context_model",
]
_WORDS = ("true", "on", "1", "false", "off", "0")


def _accelerators(model: Model, name: str) -> Iterator[tuple[Route, dict[str, str]]]:
    """The GPU accelerators of that name in an ONNX model that may run on a GPU, with their parameters."""
    if model.config.has("optimization") and on_gpu(model) is not False:
        for i, one in enumerate(model.config.optimization.execution_accelerators.gpu_execution_accelerator):
            if one.name == name:
                yield (*_AT, "gpu_execution_accelerator", i, "parameters"), one.parameters


def _refuse_value(key: str, value: str, integers: Sequence[str], booleans: Sequence[str]) -> tuple[str, str] | None:
    """What is wrong with a number or a boolean, and what to do (backend backend_common.cc:ParseIntValue, ...)."""
    if key in booleans and value.lower() not in _WORDS:
        return f"the parameter {key} is '{value}', not a boolean", "write true or false"
    if key in integers:
        number = leading_integer(value)
        if number is None:
            return f"the parameter {key} is '{value}', not an integer", "write a number"
        bits = 64 if key == "max_workspace_size_bytes" else 31
        if not -(2**31) <= number < 2**bits:
            return f"kills the server: the parameter {key}, {value}, is beyond its range", "lower it"
    return None


@rule(Severity.ERROR, backend="onnxruntime")
def tensorrt_accelerator_parameter(model: Model) -> Iterator[Problem]:
    """A parameter of the TensorRT accelerator is unknown, or its value is none that it takes.

    A GPU instance of an ONNX model fails at it; on a CPU instance nobody looks. precision_mode is FP32, FP16 or INT8,
    from 26.02 on BF16 as well (onnxruntime onnxruntime.cc:LoadModel).

    Server says:

        is provided for TensorRT Execution
        unsupported precision mode '
        to boolean
        to integral number

    Bad:

        backend: "onnxruntime"
        instance_group [ { kind: KIND_GPU } ]
        optimization { execution_accelerators { gpu_execution_accelerator {
          name: "tensorrt"
          parameters { key: "precision_mode" value: "fp16" }
        } } }

    Good:

        backend: "onnxruntime"
        instance_group [ { kind: KIND_GPU } ]
        optimization { execution_accelerators { gpu_execution_accelerator {
          name: "tensorrt"
          parameters { key: "precision_mode" value: "FP16" }
        } } }
    """
    for at, parameters in _accelerators(model, "tensorrt"):
        for key, value in parameters.items():
            if wrong := wrong_tensorrt_parameter(key, value, model.options.release):
                yield if_on_gpu(model, Problem(at=(*at, key), message=wrong[0], help=wrong[1]))


def wrong_tensorrt_parameter(key: str, value: str, release: tuple[int, int]) -> tuple[str, str] | None:
    """What is wrong with a parameter of ONNX Runtime's TensorRT accelerator, and what to do; ``None`` if nothing is."""
    modes = ("FP32", "FP16", "INT8", *(("BF16",) if release >= (26, 2) else ()))
    if key == "precision_mode" and value not in modes:
        return f"the precision_mode '{value}' does not exist", nearest(value, modes)
    if key not in (*_TEXTS, *_INTEGERS, *_BOOLEANS):
        return f"'{key}' is not a parameter of the accelerator", nearest(key, (*_TEXTS, *_INTEGERS, *_BOOLEANS))
    return _refuse_value(key, value, _INTEGERS, _BOOLEANS)


_CUDA = [
    "device_id",
    "has_user_compute_stream",
    "user_compute_stream",
    "gpu_mem_limit",
    "arena_extend_strategy",
    "cudnn_conv_algo_search",
    "do_copy_in_default_stream",
    "cudnn_conv_use_max_workspace",
    "enable_cuda_graph",
    "cudnn_conv1d_pad_to_nc1d",
    "tunable_op_enable",
    "tunable_op_tuning_enable",
    "tunable_op_max_tuning_duration_ms",
    "enable_skip_layer_norm_strict_mode",
    "prefer_nhwc",
    "use_ep_level_unified_stream",
    "use_tf32",
    "fuse_conv_bias",
    "sdpa_kernel",
    "gpu_external_alloc",
    "gpu_external_free",
    "gpu_external_empty_cache",
    "default_memory_arena_cfg",
]
_CUDA_BOOLEANS = ("do_copy_in_default_stream", "use_ep_level_unified_stream")


@rule(Severity.ERROR, backend="onnxruntime")
def cuda_accelerator_parameter(model: Model) -> Iterator[Problem]:
    """A parameter of the CUDA accelerator is none that ONNX Runtime has, or no boolean where one is needed.

    Each key goes to ONNX Runtime's CUDA provider, which refuses unknown ones (onnxruntime onnxruntime.cc:LoadModel).

    Server says:

        to boolean
        Unknown provider option

    Bad:

        backend: "onnxruntime"
        instance_group [ { kind: KIND_GPU } ]
        optimization { execution_accelerators { gpu_execution_accelerator {
          name: "cuda"
          parameters { key: "gpu_memory_limit" value: "1000000" }
        } } }

    Good:

        backend: "onnxruntime"
        instance_group [ { kind: KIND_GPU } ]
        optimization { execution_accelerators { gpu_execution_accelerator {
          name: "cuda"
          parameters { key: "gpu_mem_limit" value: "1000000" }
        } } }
    """
    for at, parameters in _accelerators(model, "cuda"):
        for key, value in parameters.items():
            wrong = _refuse_value(key, value, (), _CUDA_BOOLEANS)
            if key not in _CUDA:
                wrong = f"'{key}' is not an option of the CUDA provider", nearest(key, _CUDA)
            if wrong:
                yield if_on_gpu(model, Problem(at=(*at, key), message=wrong[0], help=wrong[1]))


_CHOICES = {"cudnn_conv_algo_search": ("0", "1", "2"), "arena_extend_strategy": ("0", "1")}


@rule(Severity.ERROR, backend="onnxruntime")
def cuda_parameter(model: Model) -> Iterator[Problem]:
    """A parameter of an ONNX model for GPUs has a value that does not exist.

    cudnn_conv_algo_search is 0 to 2, arena_extend_strategy 0 or 1; only GPU instances read them (onnxruntime
    onnxruntime.cc:LoadModel).

    Server says:

        unsupported cudnn_conv_algo_search value
        unsupported arena_extend_strategy value

    Bad:

        backend: "onnxruntime"
        instance_group [ { kind: KIND_GPU } ]
        parameters { key: "cudnn_conv_algo_search" value { string_value: "3" } }

    Good:

        backend: "onnxruntime"
        instance_group [ { kind: KIND_GPU } ]
        parameters { key: "cudnn_conv_algo_search" value { string_value: "1" } }
    """
    parameters = model.config.parameters
    if not parameters or on_gpu(model) is False:
        return
    for key, choices in _CHOICES.items():
        if key in parameters:
            value = parameters[key].string_value
            number = leading_integer(value)
            if number is None or str(number) not in choices:
                problem = Problem(
                    at=("parameters", key),
                    message=f"the parameter {key} is '{value}'",
                    help=f"write a number from 0 to {choices[-1]}",
                )
                yield if_on_gpu(model, problem)
    for key in ("gpu_mem_limit", "do_copy_in_default_stream"):
        if key in parameters and leading_integer(parameters[key].string_value) is None:
            value = parameters[key].string_value
            if key != "do_copy_in_default_stream" or value.lower() not in _WORDS:
                message = f"the parameter {key} is '{value}', not a number"
                yield if_on_gpu(model, Problem(at=("parameters", key), message=message, help="write a number"))


_TENSORFLOW = {
    "tensorrt": ("precision_mode", "minimum_segment_size", "max_workspace_size_bytes", "max_cached_engines"),
    "gpu_io": (),
    "auto_mixed_precision": (),
}


@rule(Severity.ERROR, backend="tensorflow")
def tensorflow_accelerator(model: Model) -> Iterator[Problem]:
    """A TensorFlow model asks for an accelerator that its backend does not have.

    None on CPUs; on GPUs tensorrt, gpu_io and auto_mixed_precision, which only GPU instances read (tensorflow
    tensorflow.cc).

    Server says:

        CPU Execution Accelerator is not supported in TensorFlow backend
        unknown Execution Accelerator '

    Bad:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        optimization { execution_accelerators { cpu_execution_accelerator { name: "openvino" } } }
        -- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4]

    Good:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        instance_group [ { kind: KIND_GPU } ]
        optimization { execution_accelerators { gpu_execution_accelerator { name: "auto_mixed_precision" } } }
        -- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    if not model.config.has("optimization"):
        return
    accelerators = model.config.optimization.execution_accelerators
    for i, one in enumerate(accelerators.cpu_execution_accelerator):
        yield Problem(
            at=(*_AT, "cpu_execution_accelerator", i),
            message=f"the tensorflow backend has no accelerator on CPUs, such as '{one.name}'",
            help="leave it out",
        )
    for i, one in enumerate(accelerators.gpu_execution_accelerator if on_gpu(model) is not False else ()):
        at: Route = (*_AT, "gpu_execution_accelerator", i)
        if one.name not in _TENSORFLOW:
            message = f"'{one.name}' is not an accelerator that the tensorflow backend has"
            yield if_on_gpu(
                model, Problem(at=(*at, "name"), message=message, help=nearest(one.name, tuple(_TENSORFLOW)))
            )
            continue
        for key in one.parameters:
            if one.name == "tensorrt" and key not in _TENSORFLOW["tensorrt"]:
                message = f"'{key}' is not a parameter of the accelerator"
                help_ = nearest(key, _TENSORFLOW["tensorrt"])
                yield if_on_gpu(model, Problem(at=(*at, "parameters", key), message=message, help=help_))
