"""Rules about models of the vLLM and TensorRT-LLM backends, as far as their files show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.problems import once
from triton_kit.linter.rule import rule
from triton_kit.model import disk
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.model_file import parameter


def _engine_arguments(model: Model, version: int) -> dict[str, object]:
    """What model.json of a vLLM model says; Broken where it cannot be read."""
    import json

    path = model.join(model.version_folder(version), "model.json")
    if disk.kind_of(path) != disk.FILE:
        raise Broken(path)
    try:
        found = json.loads(disk.read_bytes(path))
    except (OSError, ValueError, RecursionError):
        raise Broken(path) from None
    if not isinstance(found, dict):
        raise Broken(path)
    return found


@rule(Severity.ERROR, backend="vllm")
def vllm_arguments_missing(model: Model) -> Iterator[Problem]:
    """A vLLM model has no model.json with the arguments of its engine, or one that is not JSON.

    (vllm src/model.py.)

    Server says:

        model.json

    Bad:

        backend: "vllm"
        -- 1/config.json
        {}

    Good:

        backend: "vllm"
        -- 1/model.json
        {"model": "facebook/opt-125m"}
    """
    for version in model.versions:
        folder = model.version_folder(version)
        if "model.json" not in model.listing(folder):
            yield Problem(
                message=f"{folder}/ holds no model.json",
                help="put the arguments of the engine there",
                file=Path(model.join(folder)),
            )
            continue
        try:
            _engine_arguments(model, version)
        except Broken:
            yield Problem(
                message=f"{folder}/model.json is not a JSON object",
                help='write {"model": ...}',
                file=Path(model.join(folder, "model.json")),
            )


@rule(Severity.ERROR, backend="vllm")
def vllm_completion(model: Model) -> Iterator[Problem]:
    """A vLLM model has a max_batch_size, or is said not to be decoupled.

    The backend completes max_batch_size to 0 and decoupled to true, and refuses another value (vllm
    src/model.py).

    Server says:

        configuration specified max_batch_size
        trying to change decoupled property

    Bad:

        backend: "vllm"
        max_batch_size: 8
        -- 1/model.json
        {"model": "facebook/opt-125m"}

    Good:

        backend: "vllm"
        model_transaction_policy { decoupled: true }
        -- 1/model.json
        {"model": "facebook/opt-125m"}
    """
    if not model.options.auto_complete:
        return
    if model.config.max_batch_size > 0:
        yield Problem(
            at=("max_batch_size",),
            message=f"max_batch_size is {model.config.max_batch_size}, and a vLLM model must have 0",
            help="leave it out: the engine batches by itself",
        )
    policy = model.config.model_transaction_policy
    if model.config.has("model_transaction_policy") and not policy.decoupled:
        yield Problem(
            at=("model_transaction_policy",),
            message="the vLLM model is configured as not decoupled, and the backend makes it decoupled",
            help="write decoupled: true, or leave the policy out",
        )


@rule(Severity.ERROR, backend="vllm")
def vllm_parallel_on_gpu(model: Model) -> Iterator[Problem]:
    """A vLLM model is spread over several GPUs, and its instances are bound to one.

    With a tensor_parallel_size or pipeline_parallel_size over 1 the engine chooses its GPUs itself, which takes
    KIND_MODEL (vllm src/model.py).

    Server says:

        please specify KIND_MODEL

    Bad:

        backend: "vllm"
        instance_group [ { kind: KIND_GPU } ]
        -- 1/model.json
        {"model": "facebook/opt-125m", "tensor_parallel_size": 2}

    Good:

        backend: "vllm"
        instance_group [ { kind: KIND_MODEL } ]
        -- 1/model.json
        {"model": "facebook/opt-125m", "tensor_parallel_size": 2}
    """
    bound = [i for i, group in enumerate(model.config.instance_group) if group.kind == "KIND_GPU"]
    if bound:
        yield from once(_parallel(model, bound[0]))


def _parallel(model: Model, group: int) -> Iterator[Problem]:
    for version in model.versions:
        arguments = _engine_arguments(model, version)
        sizes = [arguments.get(key, 1) for key in ("tensor_parallel_size", "pipeline_parallel_size")]
        if any(isinstance(size, int) and size > 1 for size in sizes):
            yield Problem(
                at=("instance_group", group, "kind"),
                message="the instances are bound to a GPU each, and model.json spreads the model over several",
                help="write kind: KIND_MODEL",
            )


@rule(Severity.ERROR, backend="vllm")
def vllm_adapters_missing(model: Model) -> Iterator[Problem]:
    """A vLLM model is to use LoRA adapters, and the file that lists them does not exist.

    `enable_lora` in model.json asks for `multi_lora.json` beside it (vllm src/model.py).

    Server says:

        multi_lora.json

    Bad:

        backend: "vllm"
        -- 1/model.json
        {"model": "meta-llama/Llama-2-7b", "enable_lora": true}

    Good:

        backend: "vllm"
        -- 1/model.json
        {"model": "meta-llama/Llama-2-7b", "enable_lora": true}
        -- 1/multi_lora.json
        {"alpaca": "/adapters/alpaca"}
    """
    for version in model.versions:
        folder = model.version_folder(version)
        enabled = _engine_arguments(model, version).get("enable_lora")
        if (enabled is True or str(enabled).lower() == "true") and "multi_lora.json" not in model.listing(folder):
            yield Problem(
                message=f"{folder}/model.json enables LoRA, and {folder}/multi_lora.json does not exist",
                help="list the adapters there, or leave enable_lora out",
                file=Path(model.join(folder, "model.json")),
            )


@rule(Severity.WARNING, backend="tensorrtllm")
def tensorrtllm_engine_path(model: Model) -> Iterator[Problem]:
    """A TensorRT-LLM model has an empty path where its engine should be.

    (tensorrtllm docs/model_config.md.)

    Bad:

        backend: "tensorrtllm"
        parameters { key: "gpt_model_path" value { string_value: "" } }

    Good:

        backend: "tensorrtllm"
        parameters { key: "gpt_model_path" value { string_value: "/engines/llama" } }
    """
    if not model.config.parameters:
        return
    if "gpt_model_path" in model.config.parameters and not parameter(model, "gpt_model_path"):
        yield Problem(
            at=("parameters", "gpt_model_path"),
            message="the path of the engine, gpt_model_path, is empty",
            help="give the directory of the engine on the server's machine",
        )
