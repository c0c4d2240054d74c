"""What a configuration and an ONNX session say of each other, in the words of the C++ backend.

Beside ``model.py`` in the backend's directory, which the stub puts on its module path.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from triton_python_backend_utils import ModelConfig as AutoConfig

    from triton_kit.repository.model_config import ModelConfig, ModelInput, ModelOutput
    from triton_kit.runtime.embedded.onnxruntime_backend.tk_onnx_session import (
        TYPES,
        InvalidModel,
        Tensor,
        Tensors,
        load,
        tensors,
    )

    Config = ModelConfig.Dict
    Entry = ModelInput.Dict | ModelOutput.Dict
else:
    from tk_onnx_session import TYPES, InvalidModel, load, tensors

_CONTROL_TYPES = {
    "int32_false_true": "TYPE_INT32",
    "fp32_false_true": "TYPE_FP32",
    "bool_false_true": "TYPE_BOOL",
}


def complete(auto: AutoConfig, directory: Path) -> None:
    """Fill in what is missing as the C++ backend does: nothing at all once inputs and outputs are listed."""
    config = auto.as_dict()
    if (config["input"] or config["batch_input"]) and config["output"]:
        return
    session = load(directory, config)
    inputs, outputs = tensors(session.get_inputs()), tensors(session.get_outputs())
    _complete_batching(auto, config, [*inputs.values(), *outputs.values()])
    if not config["input"] and not config["batch_input"]:
        config["input"] = [_completed(config, "input", inputs[name]) for name in sorted(inputs)]
    if not config["output"]:
        config["output"] = [_completed(config, "output", outputs[name]) for name in sorted(outputs)]


def check(config: Config, inputs: Tensors, outputs: Tensors, initializers: Tensors) -> None:
    """Raise InvalidModel unless the configuration fits the session."""
    _check_controls(config, inputs)
    _check_inputs(config, inputs, initializers)
    _check_outputs(config, outputs)


def _complete_batching(auto: AutoConfig, config: Config, tensors: Sequence[Tensor]) -> None:
    if not all(tensor.shape and tensor.shape[0] == -1 for tensor in tensors):
        if config["max_batch_size"] > 0:
            raise InvalidModel(
                f"autofill failed for model '{config['name']}': model does not support batching while non-zero "
                "max_batch_size is specified"
            )
        return
    if config["max_batch_size"] == 0:
        auto.set_max_batch_size(max(0, int(os.environ.get("TK_ONNX_DEFAULT_MAX_BATCH_SIZE", "4"))))
    if config["max_batch_size"] > 1 and not {"dynamic_batching", "sequence_batching"} & config.keys():
        auto.set_dynamic_batching()


def _completed(config: Config, kind: str, tensor: Tensor) -> ModelInput.Dict:
    if tensor.dtype not in TYPES.values():
        raise InvalidModel(f"model {kind} '{tensor.name}' must specify 'data_type' for {config['name']}")
    batching = config["max_batch_size"] > 0
    dims = tensor.shape[1:] if batching else tensor.shape
    if 0 in dims:
        raise InvalidModel(
            f"model {kind} '{tensor.name}' dimension must be integer >= 1, or -1 to indicate a variable-size dimension "
            f"for {config['name']}"
        )
    entry: ModelInput.Dict = {"name": tensor.name, "data_type": tensor.dtype, "dims": dims or [1]}
    if not dims and batching:
        entry["reshape"] = {"shape": []}
    return entry


def _check_controls(config: Config, inputs: Tensors) -> None:
    for control_input in config.get("sequence_batching", {}).get("control_input", []):
        name = control_input["name"]
        for control in control_input["control"]:
            kind = control["kind"]
            what = f"unable to load model '{config['name']}', sequence control '{name}' ({kind})"
            if name not in inputs:
                raise InvalidModel(f"{what} is configured, but model does not provide that input")
            shape = inputs[name].shape[1 if config["max_batch_size"] > 0 else 0 :]
            if shape != [1]:
                raise InvalidModel(f"{what} has dims {_text(shape)}, but dims [1] is expected")
            dtypes: set[str | int] = {dtype for field, dtype in _CONTROL_TYPES.items() if control.get(field)}
            if kind == "CONTROL_SEQUENCE_CORRID":
                dtypes = {control.get("data_type", "TYPE_INVALID")}
            for dtype in dtypes - {inputs[name].dtype}:
                raise InvalidModel(
                    f"{what}: the model expects data-type {inputs[name].dtype} but the configuration has {dtype}"
                )


def _check_inputs(config: Config, inputs: Tensors, initializers: Tensors) -> None:
    entries = config["input"]
    sequence = config.get("sequence_batching", {})
    kinds = {control["kind"] for entry in sequence.get("control_input", []) for control in entry["control"]}
    expected = sum(not entry.get("optional") for entry in entries) + len(config["batch_input"])
    expected += len(kinds) + len(sequence.get("state", []))
    start = f"unable to load model '{config['name']}'"
    if expected != len(inputs):
        raise InvalidModel(f"{start}, configuration expects {expected} inputs, model provides {len(inputs)}")
    for entry in entries:
        tensor = inputs.get(entry["name"]) or initializers.get(entry["name"])
        if tensor is None:
            allowed = ", ".join(sorted([*inputs, *initializers]))
            raise InvalidModel(f"unexpected inference input '{entry['name']}', allowed inputs are: {allowed}")
        ragged = entry.get("allow_ragged_batch", False)
        if entry.get("optional") and config["max_batch_size"] != 0:
            raise InvalidModel(
                f"{start}, optional input '{tensor.name}' is not supported for models that support batching"
            )
        if entry.get("optional") and ragged:
            raise InvalidModel(
                f"{start}, configuration expects model provides input with shape [-1] for ragged input "
                f"'{tensor.name}', which is not supported for optional input"
            )
        _check_type(config, "input", entry, tensor)
        if not ragged:
            _check_shape(config, entry, tensor, exact=False)
        elif tensor.shape != [-1]:
            raise InvalidModel(
                f"{start}, configuration expects model provides input with shape [-1] for ragged input "
                f"'{tensor.name}', model provides {_text(tensor.shape)}"
            )


def _check_outputs(config: Config, outputs: Tensors) -> None:
    skipped = {name for batch_output in config["batch_output"] for name in batch_output.get("target_name", [])}
    for entry in config["output"]:
        tensor = outputs.get(entry["name"])
        if tensor is None:
            allowed = ", ".join(sorted(outputs))
            raise InvalidModel(f"unexpected inference output '{entry['name']}', allowed outputs are: {allowed}")
        _check_type(config, "output", entry, tensor)
        if entry["name"] not in skipped:
            _check_shape(config, entry, tensor, exact=True)


def _check_type(config: Config, kind: str, entry: Entry, tensor: Tensor) -> None:
    dtype = entry["data_type"]
    if not isinstance(dtype, str):
        raise InvalidModel("attempt to access JSON non-string as string")
    where = f"for {kind} '{tensor.name}'"
    if dtype not in TYPES.values():
        raise InvalidModel(f"unsupported datatype {dtype} {where} for model '{config['name']}'")
    if dtype != tensor.dtype:
        raise InvalidModel(
            f"unable to load model '{config['name']}', configuration expects datatype {dtype} {where}, model provides "
            f"{tensor.dtype}"
        )


def _check_shape(config: Config, entry: Entry, tensor: Tensor, exact: bool) -> None:
    """Compare dims with the model's shape: a free dimension of an input takes any size, one of an output only -1."""
    dims = [int(size) for size in (entry["reshape"]["shape"] if "reshape" in entry else entry["dims"])]
    name = config["name"]
    description = f"shape {_text(dims)}"
    if not tensor.shape:
        if any(size != 1 for size in dims):
            raise InvalidModel(
                f"unable to load model '{name}', scalar tensor '{tensor.name}', should only provide 1 in the model "
                f"configuration when the model doesn't support batching. Model configuration provided: {_text(dims)}."
            )
        return
    if config["max_batch_size"] > 0:
        if tensor.shape[0] != -1:
            raise InvalidModel(
                f"model '{name}', tensor '{tensor.name}': for the model to support batching the shape should have at "
                "least 1 dimension and the first dimension must be -1; but shape expected by the model is "
                f"{_text(tensor.shape)}"
            )
        dims = [-1, *dims]
        description = (
            "an initial batch dimension because max_batch_size > 0 followed by the explicit tensor shape, making "
        )
        description = f"{description}complete shape {_text(dims)}"
    agree = len(dims) == len(tensor.shape) and all(
        have == want or (have == -1 and not exact) for have, want in zip(tensor.shape, dims, strict=True)
    )
    if not agree:
        raise InvalidModel(
            f"model '{name}', tensor '{tensor.name}': the model expects {len(tensor.shape)} dimensions (shape "
            f"{_text(tensor.shape)}) but the model configuration specifies {len(dims)} dimensions ({description})"
        )


def unsupported(config: Config) -> str:
    """What the C++ backend does and this one does not; such a model loads, and its requests are refused."""
    used = ["batch_input"] * bool(config["batch_input"]) + ["batch_output"] * bool(config["batch_output"])
    if config.get("sequence_batching", {}).get("state"):
        used.append("sequence_batching.state")
    if any(entry.get("allow_ragged_batch") for entry in config["input"]):
        used.append("allow_ragged_batch")
    return f"the embedded onnxruntime backend does not run models with {', '.join(used)}" if used else ""


def _text(shape: Sequence[int]) -> str:
    return "[" + ",".join(map(str, shape)) + "]"
