"""The warm-up samples of a model that a server runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Route

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelWarmup

KILLS = "may kill the server: "
"""How a message begins whose failure ends the process in some of the runs, and refuses the model in the others."""


def samples(model: Model) -> Iterator[tuple[Route, ModelWarmup]]:
    """The samples that are run: those with a batch size, where there is a version and some instance is not passive."""
    groups = model.config.instance_group
    if model.is_ensemble or not model.versions or (groups and all(group.passive for group in groups)):
        return
    for i, sample in enumerate(model.config.model_warmup):
        if sample.batch_size:
            yield ("model_warmup", i), sample
