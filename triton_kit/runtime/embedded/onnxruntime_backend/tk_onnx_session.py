"""An ONNX session as the C++ backend opens it, and what it says of its tensors.

Beside ``model.py`` in the backend's directory, which the stub puts on its module path; only onnxruntime is imported.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from onnxruntime import InferenceSession, NodeArg, SessionOptions

    from triton_kit.repository.model_config import ModelConfig

    Config = ModelConfig.Dict

# ONNX Runtime's names of element types, as config.pbtxt has them. 24.10 has no counterpart for bfloat16.
TYPES = {
    "tensor(bool)": "TYPE_BOOL",
    "tensor(uint8)": "TYPE_UINT8",
    "tensor(uint16)": "TYPE_UINT16",
    "tensor(uint32)": "TYPE_UINT32",
    "tensor(uint64)": "TYPE_UINT64",
    "tensor(int8)": "TYPE_INT8",
    "tensor(int16)": "TYPE_INT16",
    "tensor(int32)": "TYPE_INT32",
    "tensor(int64)": "TYPE_INT64",
    "tensor(float16)": "TYPE_FP16",
    "tensor(float)": "TYPE_FP32",
    "tensor(double)": "TYPE_FP64",
    "tensor(string)": "TYPE_STRING",
}
_NON_TENSORS = {"seq": "SEQUENCE", "map": "MAP", "sparse_tensor": "SPARSETENSOR", "opaque": "OPAQUE"}


class InvalidModel(Exception):
    """The C++ backend would refuse this model; core shows the words."""


class Tensor:
    """What the session says of a tensor; every dimension that is not fixed is -1, unknown rank is rank 0."""

    def __init__(self, argument: NodeArg) -> None:
        self.name: str = argument.name
        self.dtype = TYPES.get(argument.type, "TYPE_<invalid>")
        self.shape = [size if isinstance(size, int) and size >= 0 else -1 for size in argument.shape or []]


if TYPE_CHECKING:
    Tensors = dict[str, Tensor]


def tensors(arguments: Iterable[NodeArg]) -> Tensors:
    for argument in arguments:
        kind = argument.type.partition("(")[0]
        if kind != "tensor":
            word = _NON_TENSORS.get(kind, "UNKNOWN")
            raise InvalidModel(
                f"Unsupported ONNX Type 'ONNX_TYPE_{word}' for I/O '{argument.name}', expected 'ONNX_TYPE_TENSOR'."
            )
    return {argument.name: Tensor(argument) for argument in arguments}


def load(directory: Path, config: Config) -> InferenceSession:
    # Here and not above: a stub whose model lists everything never pays for it.
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # a server that somebody tries out locally tells nobody
    path = directory / (config["default_model_filename"] or "model.onnx")
    options = _options(config)
    if not path.exists():
        raise InvalidModel(f"failed to stat file {path}")
    if path.is_dir():
        path = path / "model.onnx"
        if not path.exists():
            raise InvalidModel(f"unable to find '{path}' for model instance '{config['name']}'")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise InvalidModel(plain(error)) from None


def _options(config: Config) -> SessionOptions:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    level = config.get("optimization", {}).get("graph", {}).get("level", 0)
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = {
        -1: levels.ORT_ENABLE_BASIC,
        1: levels.ORT_ENABLE_EXTENDED,
        2: levels.ORT_DISABLE_ALL,
    }.get(level, levels.ORT_ENABLE_ALL)
    given = {key: value.get("string_value", "") for key, value in config.get("parameters", {}).items()}
    if "execution_mode" in given:
        mode = _integer(given["execution_mode"])
        if mode not in (0, 1):
            raise InvalidModel(f"Expected values for execution_mode are 0 or 1, got {mode}")
        options.execution_mode = (
            onnxruntime.ExecutionMode.ORT_PARALLEL if mode else onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        )
    for name, attribute in (("intra", "intra_op_num_threads"), ("inter", "inter_op_num_threads")):
        if f"{name}_op_thread_count" in given:
            setattr(options, attribute, max(0, _integer(given[f"{name}_op_thread_count"])))
    for name, attribute in (("enable_mem_arena", "enable_cpu_mem_arena"), ("enable_mem_pattern", "enable_mem_pattern")):
        if name in given:
            setattr(options, attribute, _boolean(given[name]))
    if "session.use_device_allocator_for_initializers" in given:
        key = "session.use_device_allocator_for_initializers"
        options.add_session_config_entry(key, given[key])
    return options


def _integer(text: str) -> int:
    """As C++ reads it: what follows the number does not matter."""
    number = re.match(r"\s*[+-]?\d+", text)
    if number is None or not -(2**31) <= int(number[0]) < 2**31:
        raise InvalidModel(f"failed to convert '{text}' to integral number")
    return int(number[0])


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "on", "1", "false", "off", "0"):
        raise InvalidModel(f"failed to convert '{text}' to boolean")
    return text.lower() in ("true", "on", "1")


def plain(error: Exception) -> str:
    text = re.sub(r"^\[ONNXRuntimeError\] : (\d+) : \w+ : ", r"onnx runtime error \1: ", str(error))
    return text if text.startswith("onnx runtime error") else f"onnx runtime error 1: {text}"
