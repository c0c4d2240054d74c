"""Options that belong together as one value: how they become options of a command, and a part of a request."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any, TypeVar, get_type_hints

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class OptionGroup:
    """Options that belong together: each field of a subclass is one, declared as a parameter of a command is."""


def spread(command: Callable[..., R]) -> Callable[..., R]:
    """The command with the options of a group in the place of each parameter whose type is an ``OptionGroup``."""
    groups: dict[str, type[OptionGroup]] = {}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        kind = parameter.annotation
        if isinstance(kind, type) and issubclass(kind, OptionGroup):
            groups[parameter.name] = kind
            parameters += _options(kind)
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def run(**values: Any) -> R:
        given = {name: kind(**{f.name: values.pop(f.name) for f in fields(kind)}) for name, kind in groups.items()}
        return command(**values, **given)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _options(group: type[OptionGroup]) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
        for f in fields(group)
    ]


def build_request(kind: Callable[..., R], *groups: OptionGroup, **others: Any) -> R:
    """The value that a room takes, from groups whose fields it has, and from what is no option as it stands.

    What was not given, ``None``, is left to the value's own default. Raises TypeError for a field that it lacks.
    """
    given = {f.name: getattr(group, f.name) for group in groups for f in fields(group)}
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items() if v is not None}
    return kind(**values, **others)
