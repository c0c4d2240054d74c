"""The configuration that a server makes of a model: what is written, what core fills in, what the backend adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from triton_kit.model.broken import Broken
from triton_kit.model.completion import Completed, Tensor
from triton_kit.model.model import Model
from triton_kit.repository.text_format.dump import dump

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelConfig, ModelInput, ModelInstanceGroup, ModelOutput

    _Dict = TypeVar("_Dict", ModelInput.Dict, ModelOutput.Dict)


def complete_text(model: Model) -> str:
    """The completed configuration of a model's latest version as text; Broken where it is not known."""
    completed = model.completed_latest
    if completed is None:
        raise Broken("versions")
    text = dump(complete_config(model, completed))
    if not completed.known:
        return f"# The backend may add more to it, which only the server knows.\n{text}"
    return text


def complete_config(model: Model, completed: Completed) -> ModelConfig.Dict:
    """The completed configuration as fields (core model_config_utils.cc:NormalizeModelConfig, and what it calls)."""
    config = model.config.to_dict()
    config["name"] = model.name
    if model.platform:
        config["platform"] = model.platform
    if model.backend:
        config["backend"] = model.backend
    if model.detected.default_model_filename:
        config["default_model_filename"] = model.detected.default_model_filename
    config.setdefault("version_policy", {"latest": {"num_versions": 1}})
    size = completed.max_batch_size
    if size:
        config["max_batch_size"] = size
    if completed.inputs:
        inputs = config.get("input", [])
        config["input"] = [_filled(inputs[int(t.at[1])], t) if t.written else _tensor(t) for t in completed.inputs]
    if completed.outputs:
        outputs = config.get("output", [])
        config["output"] = [_filled(outputs[int(t.at[1])], t) if t.written else _output(t) for t in completed.outputs]
    if completed.dynamic:
        config["dynamic_batching"] = {}
    if completed.decoupled is not None:
        config["model_transaction_policy"] = {"decoupled": completed.decoupled}
    _fill_schedulers(config, size)
    if model.is_ensemble:
        _fill_ensemble(model, config)
        return config
    optimization = config.setdefault("optimization", {})
    optimization.setdefault("input_pinned_memory", {"enable": True})
    optimization.setdefault("output_pinned_memory", {"enable": True})
    config["instance_group"] = _instance_groups(model, config.get("instance_group"))
    return config


def _filled(written: _Dict, tensor: Tensor) -> _Dict:
    """A written tensor with the type and dims that the backend adds to it."""
    message = tensor.message
    if message is None or (message.data_type == tensor.data_type and list(message.dims) == tensor.dims):
        return written
    return {**written, "data_type": tensor.data_type, "dims": tensor.dims}


def _tensor(tensor: Tensor) -> ModelInput.Dict:
    fields: ModelInput.Dict = {"name": tensor.name, "data_type": tensor.data_type, "dims": tensor.dims}
    if tensor.reshape is not None:
        fields["reshape"] = {"shape": tensor.reshape}
    if tensor.optional:
        fields["optional"] = True
    return fields


def _output(tensor: Tensor) -> ModelOutput.Dict:
    fields: ModelOutput.Dict = {"name": tensor.name, "data_type": tensor.data_type, "dims": tensor.dims}
    if tensor.reshape is not None:
        fields["reshape"] = {"shape": tensor.reshape}
    return fields


def _fill_schedulers(config: ModelConfig.Dict, size: int) -> None:
    dynamic, sequences = config.get("dynamic_batching"), config.get("sequence_batching")
    oldest = sequences.get("oldest") if sequences is not None else None
    for one in (dynamic, oldest):
        if one is not None and size and not one.get("preferred_batch_size"):
            one["preferred_batch_size"] = [size]
    if sequences is not None and not sequences.get("max_sequence_idle_microseconds"):
        sequences["max_sequence_idle_microseconds"] = 1_000_000


def _fill_ensemble(model: Model, config: ModelConfig.Dict) -> None:
    """Whether an ensemble is decoupled follows from its models (core ensemble_utils.cc)."""
    from triton_kit.model.ensemble import is_decoupled

    config["model_transaction_policy"] = {"decoupled": is_decoupled(model)}


def _instance_groups(model: Model, written: list[ModelInstanceGroup.Dict] | None) -> list[ModelInstanceGroup.Dict]:
    """Each group with name, kind, count and GPUs; with an unknown machine, KIND_AUTO stays.

    Source: core model_config_utils.cc:NormalizeInstanceGroup.
    """
    if not written:
        written = [{"name": model.name, "kind": model.facts.default_kind}]
    return [_instance_group(model, group, i) for i, group in enumerate(written)]


def _instance_group(model: Model, group: ModelInstanceGroup.Dict, index: int) -> ModelInstanceGroup.Dict:
    group = group.copy()
    if not group.get("name"):
        group["name"] = f"{model.name}_{index}"
    gpus = model.options.gpus
    kind = group.get("kind", "KIND_AUTO")
    if kind == "KIND_AUTO" and gpus is not None:
        fits = gpus > 0 and all(0 <= gpu < gpus for gpu in group.get("gpus", []))
        kind = "KIND_GPU" if fits else "KIND_CPU"
    group["kind"] = kind
    if group.get("count", 0) < 1:
        on_cpu = model.facts.cpu_count
        if kind == "KIND_AUTO" and on_cpu > 1:
            group.pop("count", None)
        else:
            group["count"] = on_cpu if kind == "KIND_CPU" else 1
    if kind == "KIND_GPU" and not group.get("gpus") and gpus:
        group["gpus"] = list(range(gpus))
    return group
