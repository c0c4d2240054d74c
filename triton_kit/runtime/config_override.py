"""The configuration to load a model with instead of what its file says: the same, or the same without a GPU."""

from __future__ import annotations

from collections.abc import Mapping

from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.repository.json_format import as_json


def written_config(model: Model) -> Mapping[str, object] | None:
    """What the model's configuration file says, as protobuf's JSON; empty where the server needs none.

    ``None`` where the file cannot be read or has mistakes: then the server has to speak of them.
    """
    try:
        document = model.document
    except Broken:
        return None
    return None if document.problems else as_json(document.message)


def on_cpu(config: Mapping[str, object]) -> Mapping[str, object]:
    """The configuration with its GPU instances on the CPU, and without what only a GPU can do.

    A group of KIND_GPU, or of KIND_AUTO with GPUs named, is refused where there are none (core,
    ``model_config_utils.cc``:ValidateInstanceGroup). CUDA graphs and GPU accelerators need a GPU, too.
    """
    changed = dict(config)
    if isinstance(groups := config.get("instance_group"), list):
        changed["instance_group"] = [_group_on_cpu(group) for group in groups]
    if isinstance(written := config.get("optimization"), dict):
        optimization = {name: value for name, value in written.items() if name != "cuda"}
        if accelerators := optimization.get("execution_accelerators"):
            kept = {name: value for name, value in accelerators.items() if name != "gpu_execution_accelerator"}
            optimization["execution_accelerators"] = kept
        changed["optimization"] = optimization
    return changed


def _group_on_cpu(group: Mapping[str, object]) -> Mapping[str, object]:
    kind = group.get("kind", "KIND_AUTO")
    if kind not in ("KIND_GPU", "KIND_AUTO"):
        return group
    kept = {name: value for name, value in group.items() if name not in ("gpus", "secondary_devices")}
    return {**kept, "kind": "KIND_CPU"}
