"""Where a model's instances run, as far as that is known."""

from __future__ import annotations

from triton_kit.model.model import Model


def on_gpu(model: Model) -> bool | None:
    """Whether an instance runs on a GPU; ``None`` where the server's machine decides.

    Source: core model_config_utils.cc:NormalizeInstanceGroup.
    """
    gpus = model.options.gpus
    if gpus == 0 or model.is_ensemble:
        return False
    kinds = {group.kind for group in model.config.instance_group} or {"KIND_AUTO"}
    if "KIND_GPU" in kinds:
        return True
    if "KIND_AUTO" not in kinds:
        return False
    return True if gpus else None
