"""The TensorRT-LLM backend: a directory with an engine for each rank, at the place that a parameter names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from triton_kit.backends.facts import Facts
from triton_kit.backends.generic import complete_as_is, first_bytes, text_parameters
from triton_kit.backends.types import Companion, Completion, ConfigTensor, FileKind
from triton_kit.repository.release_name import NEWEST
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.types import Signature

name = "tensorrtllm"
platforms: tuple[str, ...] = ()
default_file = "engine"
suffixes: tuple[str, ...] = ()
last_release: str = NEWEST
facts = Facts(
    needs_tensors=False,
    responses="many",
    states=False,
    python_runtime=True,
    shipped=True,
)

ENGINE_PATH = "gpt_model_path"
STRATEGY = "gpt_model_type"
STRATEGIES = ("inflight_fused_batching", "inflight_batching", "V1")
"""The values of gpt_model_type, the usual one first (tensorrtllm docs/model_config.md, batching_strategy)."""
MAX_BATCH_SIZE = 64


def recognise(path: Path) -> FileKind | None:
    """A directory with rank0.engine and config.json, as trtllm-build writes them."""
    if (path / "rank0.engine").is_file() and (path / "config.json").is_file():
        return FileKind(platform="", default_file=default_file)
    return None


def read(path: Path) -> Signature | None:
    """Always ``None``: every model has the same tensors. Raises ModelFileError for what holds no engine."""
    if recognise(path) is None:
        raise ModelFileError(
            path,
            "is not a directory with an engine: it needs rank0.engine and config.json",
            reason="foreign",
            hint="give the output directory of trtllm-build",
        )
    return None


INPUTS = (
    ConfigTensor(name="input_ids", data_type="TYPE_INT32", dims=(-1,)),
    ConfigTensor(name="input_lengths", data_type="TYPE_INT32", dims=(1,), reshape=()),
    ConfigTensor(name="request_output_len", data_type="TYPE_INT32", dims=(1,)),
    *(
        ConfigTensor(name=name, data_type=kind, dims=(1,), reshape=(), optional=True)
        for name, kind in (
            ("end_id", "TYPE_INT32"),
            ("pad_id", "TYPE_INT32"),
            ("beam_width", "TYPE_INT32"),
            ("temperature", "TYPE_FP32"),
            ("runtime_top_k", "TYPE_INT32"),
            ("runtime_top_p", "TYPE_FP32"),
        )
    ),
    ConfigTensor(name="stop", data_type="TYPE_BOOL", dims=(1,), optional=True),
    ConfigTensor(name="streaming", data_type="TYPE_BOOL", dims=(1,), optional=True),
)
"""What a request may bring: the three that each must, and the usual optional ones (tensorrtllm
all_models/inflight_batcher_llm/tensorrt_llm/config.pbtxt)."""

OUTPUTS = (
    ConfigTensor(name="output_ids", data_type="TYPE_INT32", dims=(-1, -1)),
    ConfigTensor(name="sequence_length", data_type="TYPE_INT32", dims=(-1,)),
)


def complete(signature: Signature, *, release: str = NEWEST) -> Completion:  # noqa: ARG001 - the Protocol's
    """The complete shapes as dims, without batching."""
    return complete_as_is(signature)


def companions(path: Path) -> tuple[Companion, ...]:  # noqa: ARG001 - the Protocol's
    """None."""
    return ()


def template_values(
    source: Path | None,
    *,
    model: str,
    release: str,  # noqa: ARG001 - the Protocol's
    given: Mapping[str, object],  # noqa: ARG001 - the Protocol's
) -> dict[str, object]:
    """The tensors and parameters of the backend; the engine lies in the version, where the server's image sees it."""
    return {
        "max_batch_size": MAX_BATCH_SIZE if source is None else _engine_batch(source),
        "input": [_value(t) for t in INPUTS],
        "output": [_value(t) for t in OUTPUTS],
        "dynamic_batching": {},
        "instance_group": [{"kind": "KIND_CPU", "count": 1}],
        "parameters": text_parameters(
            {STRATEGY: STRATEGIES[0], ENGINE_PATH: f"/models/{model}/1/{default_file}"},
        ),
    }


def _engine_batch(directory: Path) -> int:
    """The largest batch that the engine was built for, by its config.json."""
    try:
        found = json.loads(first_bytes(directory / "config.json", 1 << 22))
        size = found["build_config"]["max_batch_size"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return MAX_BATCH_SIZE
    return size if isinstance(size, int) and 0 < size < 2**31 else MAX_BATCH_SIZE


def _value(tensor: ConfigTensor) -> dict[str, object]:
    value: dict[str, object] = {"name": tensor.name, "data_type": tensor.data_type, "dims": list(tensor.dims)}
    if tensor.reshape is not None:
        value["reshape"] = {"shape": list(tensor.reshape)}
    if tensor.name == "input_ids":
        value["allow_ragged_batch"] = True
    if tensor.optional:
        value["optional"] = True
    return value
