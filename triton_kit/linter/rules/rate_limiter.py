"""Rules about the resources that a rate limiter grants, which count only where the server limits rates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.linter.rule import rule
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Route

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelRateLimiter


def _resources(model: Model) -> Iterator[tuple[Route, ModelRateLimiter.Resource]]:
    if not model.is_ensemble:
        for i, group in enumerate(model.config.instance_group):
            for j, resource in enumerate(group.rate_limiter.resources if group.has("rate_limiter") else ()):
                yield ("instance_group", i, "rate_limiter", "resources", j), resource


def _conditional(model: Model) -> tuple[str, Severity | None]:
    """How a finding ends, and what it counts as, where it is not known whether the server limits rates."""
    if model.options.rate_limit:
        return "", None
    return ", which fails the load if the server runs with --rate-limit=execution_count", Severity.WARNING


@rule(Severity.ERROR)
def resource_global_and_local(model: Model) -> Iterator[Problem]:
    """A resource is one of the whole server in one place and one of each device in another.

    All models that are loaded count together, and the one that comes later is refused; without
    `--rate-limit=execution_count` nobody looks (core rate_limiter.cc:ValidateMaxResources).

    Server says:

        is present as both global and device-specific resource

    Bad:

        -- tk validate --rate-limit on
        backend: "python"
        instance_group [
          { rate_limiter { resources [ { name: "R" global: true count: 4 } ] } },
          { rate_limiter { resources [ { name: "R" count: 4 } ] } }
        ]

    Good:

        -- tk validate --rate-limit on
        backend: "python"
        instance_group [
          { rate_limiter { resources [ { name: "R" count: 4 } ] } },
          { rate_limiter { resources [ { name: "R" count: 4 } ] } }
        ]
    """
    if model.options.rate_limit is False:
        return
    mine = list(_resources(model))
    seen: dict[str, tuple[bool, str, Route]] = {}
    if mine:
        end, severity = _conditional(model)
        for name in model.repository.names if model.options.rate_limit else ():
            if name == model.name:
                break
            for at, resource in _others(model, name):
                seen.setdefault(resource.name, (bool(getattr(resource, "global")), name, at))
    for at, resource in mine:
        ours = bool(getattr(resource, "global"))
        theirs, owner, there = seen.setdefault(resource.name, (ours, model.name, at))
        if theirs != ours:
            other = model.repository.model(owner)
            assert other is not None
            first = other.document.source.locate(there)
            yield Problem(
                at=at,
                message=f"the resource '{resource.name}' is {'global' if ours else 'of each device'} here,"
                f" {'global' if theirs else 'of each device'} elsewhere{end}",
                help="write global in both places, or in none",
                related=(Related(message="it is the other way round here", file=other.at_file, span=first),),
                severity=severity,
            )


def _others(model: Model, name: str) -> list[tuple[Route, ModelRateLimiter.Resource]]:
    other = model.repository.model(name)
    try:
        return list(_resources(other)) if other else []
    except Broken:
        return []


@rule(Severity.ERROR)
def resource_insufficient(model: Model) -> Iterator[Problem]:
    """An instance needs more of a resource than the server grants.

    With `--rate-limit-resource` the server says how much there is of each; what it does not name it does not have
    (core rate_limiter.cc:ParseAndValidateExplicitResources).

    Server says:

        Resource count for

    Bad:

        -- tk validate --rate-limit on --rate-limit-resource R:4
        backend: "python"
        instance_group [ { rate_limiter { resources [ { name: "R" count: 8 } ] } } ]

    Good:

        -- tk validate --rate-limit on --rate-limit-resource R:4
        backend: "python"
        instance_group [ { rate_limiter { resources [ { name: "R" count: 4 } ] } } ]
    """
    granted = dict(model.options.rate_resources)
    if not granted or not model.options.rate_limit:
        return
    for at, resource in _resources(model):
        there = granted.get(resource.name, 0)
        if resource.count > there:
            yield Problem(
                at=at,
                message=f"{resource.count} of the resource '{resource.name}' are needed, and the server grants {there}",
                help="lower the count, or grant more with --rate-limit-resource",
            )
