"""Models that ask for a GPU, tried on the CPU of a machine without one, as ``tk serve --cpu`` serves them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.repository import Repository
from triton_kit.runtime.config_override import on_cpu, written_config
from triton_kit.serve.trial.verdict import Verdict

_ABOUT_GPU = re.compile(r"cuda|gpu\b|gpus\b|nvidia|\bnccl|cudnn|tensorrt", re.IGNORECASE)


def configs_on_cpu(repository: Repository, names: Iterable[str]) -> dict[str, Mapping[str, object]]:
    """The configuration to load each of these models with that is refused as it is, and whose backend runs on CPUs."""
    models = [model for name in names if (model := repository.model(name)) is not None]
    configs = {model.name: config for model in models if _asks_for_gpu(config := written_config(model) or {}, model)}
    return {name: on_cpu(config) for name, config in configs.items()}


def depends_on_gpu(verdict: Verdict, rule: str | None) -> bool:
    """Whether a model that did not load on the CPU may well load on a GPU; ``rule`` is what finds that beforehand."""
    troubles = (line for line in verdict.log if line[:1] in ("E", "F"))
    about_gpu = rule == "onnx-no-kernel" or any(_ABOUT_GPU.search(text) for text in (verdict.reason, *troubles))
    return verdict.on_cpu and about_gpu


def _asks_for_gpu(config: Mapping[str, object], model: Model) -> bool:
    groups = config.get("instance_group")
    asks = [
        group
        for group in (groups if isinstance(groups, list) else [])
        if group.get("kind") == "KIND_GPU" or (group.get("kind", "KIND_AUTO") == "KIND_AUTO" and group.get("gpus"))
    ]
    try:
        kinds = model.facts.kinds
    except Broken:
        return False
    return bool(asks) and (not kinds or "KIND_CPU" in kinds)
