"""A repository served without a GPU: which models load as they are, and which with another configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from triton_kit.model.repository import Repository
from triton_kit.runtime.config_override import on_cpu, written_config


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredLoad:
    """A model to load through the API, with this configuration, or with its own where that is ``None``."""

    model: str
    config: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """The models that the server loads as it starts, and those that come after, members before their ensembles."""

    at_once: tuple[str, ...]
    deferred: tuple[DeferredLoad, ...]


def divide(repository: Repository) -> Division:
    """Which models of the repository cannot be loaded as they are without a GPU, and the ensembles that need those.

    A configuration that cannot be read is left to the server, which says what is wrong with it.
    """
    configs = {name: written_config(model) or {} for name, model in repository.models.items()}
    changed = {name: cpu for name, config in configs.items() if (cpu := on_cpu(config)) != config}
    members = {name: members_of(config) for name, config in configs.items()}
    deferred = set(changed)
    while more := {name for name in configs if name not in deferred and members[name] & deferred}:
        deferred |= more
    order = members_first({name: members[name] & deferred for name in sorted(deferred)})
    return Division(
        at_once=tuple(name for name in configs if name not in deferred),
        deferred=tuple(DeferredLoad(model=name, config=changed.get(name)) for name in order),
    )


def members_of(config: Mapping[str, object]) -> set[str]:
    """The models that the steps of an ensemble name; none for another model."""
    scheduling = config.get("ensemble_scheduling")
    steps = scheduling.get("step", ()) if isinstance(scheduling, dict) else ()
    return {str(step.get("model_name", "")) for step in steps}


def members_first(members: Mapping[str, set[str]]) -> list[str]:
    """The models in an order in which each comes after its members."""
    try:
        return list(TopologicalSorter(members).static_order())
    except CycleError:  # which the server refuses
        return list(members)
