"""The models that an ensemble's steps name, directly and through other ensembles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.model.broken import Broken
from triton_kit.model.model import Model

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelEnsembling


def steps_of(model: Model) -> Iterator[tuple[int, ModelEnsembling.Step, Model]]:
    """The steps whose model exists, with it."""
    if model.is_ensemble:
        for i, step in enumerate(model.config.ensemble_scheduling.step):
            found = model.repository.find(step.model_name, step.model_namespace)
            if found is not None:
                yield i, step, found


def reached_from(model: Model) -> dict[Path, Model]:
    """All models that a model uses, directly or through other ensembles, by their paths."""
    seen: dict[Path, Model] = {}
    todo = [model]
    while todo:
        try:
            for _, _, found in steps_of(todo.pop()):
                if found.path not in seen:
                    seen[found.path] = found
                    todo.append(found)
        except Broken:
            continue
    return seen


def is_decoupled(model: Model, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a model answers in a stream: as completed; an ensemble does when one of its models does.

    Source: core ensemble_utils.cc:ValidateEnsembleConfig, backend_model.cc:UpdateModelConfig.
    """
    try:
        if not model.is_ensemble:
            return model.config.model_transaction_policy.decoupled or _completed_so(model)
        return model.name not in seen and any(
            is_decoupled(found, seen | {model.name}) for _, _, found in steps_of(model)
        )
    except Broken:
        return False


def _completed_so(model: Model) -> bool:
    """Whether the backend, or the code of the model, makes it decoupled."""
    if not model.options.auto_complete or model.config.has("model_transaction_policy"):
        return False
    if model.facts.completes_decoupled:
        return True
    return model.facts.is_code and any(model.completed(version).decoupled for version in model.versions[-1:])
