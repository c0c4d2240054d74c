"""Options that belong together as one value: how they become options of a command, and a part of a request."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from triton_kit.cli.support.declarations import Declaration
from triton_kit.value import Value

if TYPE_CHECKING:
    import inspect
    from typing import TypeGuard

R = TypeVar("R")


class OptionGroup(Value):
    """Options that belong together: each field of a subclass is one, declared as a parameter of a command is."""


def declarations(declared: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """What a command or a group declares, evaluated: names of parameters or fields with their types."""
    if isinstance(declared, type):
        # A field that a subclass declares again counts as declared there.
        found: dict[str, tuple[str, Any]] = {}
        for base in reversed(declared.__mro__):
            names = vars(sys.modules[base.__module__])
            found.update((name, (text, names)) for name, text in vars(base).get("__annotations__", {}).items())
        yield from ((name, _evaluated(*found[name])) for name in declared._fields)  # type: ignore[attr-defined]
        return
    names = vars(sys.modules[declared.__module__])
    for name, text in declared.__annotations__.items():
        if name != "return":
            yield name, _evaluated(text, names)


def _evaluated(text: object, names: dict[str, Any]) -> Any:
    return eval(text, names) if isinstance(text, str) else text


def is_group(kind: object) -> TypeGuard[type[OptionGroup]]:
    """Whether a parameter of that type stands for the options of a group."""
    return isinstance(kind, type) and issubclass(kind, OptionGroup)


def spread(command: Callable[..., R]) -> Callable[..., R]:
    """The command as Typer takes it: with the options of a group in its place, all declared in Typer's own terms."""
    import inspect
    from functools import wraps

    groups: dict[str, type[OptionGroup]] = {}
    parameters: list[inspect.Parameter] = []
    signature = inspect.signature(command).parameters
    for name, kind in declarations(inspect.unwrap(command)):
        if is_group(kind):
            groups[name] = kind
            parameters += [
                _parameter(f, of, kind._defaults.get(f, inspect.Parameter.empty)) for f, of in declarations(kind)
            ]
        else:
            parameters.append(_parameter(name, kind, signature[name].default))

    @wraps(command)
    def run(**values: Any) -> R:
        given = {name: kind(**{f: values.pop(f) for f in kind._fields}) for name, kind in groups.items()}
        return command(**values, **given)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _parameter(name: str, kind: Any, default: object) -> inspect.Parameter:
    from inspect import Parameter
    from typing import Annotated

    arguments = get_args(kind)
    if arguments and isinstance(arguments[-1], Declaration):
        kind = Annotated[arguments[0], _for_typer(arguments[-1])]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _for_typer(declared: Declaration) -> Any:
    import typer

    from triton_kit.cli.support.declarations import Argument

    details = dict(declared.details)
    if (check := declared.check) is not None:

        def callback(param: typer.CallbackParam, value: object) -> object:
            if value is not None:
                check(param.opts[0], value)
            return value

        callback.__annotations__ = {"param": typer.CallbackParam}
        details["callback"] = callback
    make = typer.Argument if isinstance(declared, Argument) else typer.Option
    return make(*declared.names, **details) if make is typer.Option else make(**details)


def build_request(kind: Callable[..., R], *groups: OptionGroup, **others: Any) -> R:
    """The value that a room takes, from groups whose fields it has, and from what is not an option as it stands.

    What was not given, ``None``, is left to the value's own default. Raises TypeError for a field that it lacks.
    """
    given = {name: getattr(group, name) for group in groups for name in type(group)._fields}
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items() if v is not None}
    return kind(**values, **others)
