"""The base of values: immutable, slotted, compared by what they hold, and quick to declare.

A dataclass compiles its methods for each class whenever a process starts, which takes longer than ``tk validate`` needs
for a model. Here every class shares the methods of its base; what is on the way of a quick command is a Value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from functools import cached_property as cached_property

    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: bool) -> Callable[[type], type]:
        """For type checkers alone; typing has it from Python 3.11 on."""
        return lambda cls: cls

    class cached_property:
        """As in functools, without the lock that Python 3.11 takes at each first look at one."""

        def __init__(self, function: Callable[[Any], object]) -> None:
            self.function = function
            self.name = function.__name__
            self.__doc__ = function.__doc__

        def __get__(self, instance: object, owner: type | None = None) -> object:
            if instance is None:
                return self
            value = instance.__dict__[self.name] = self.function(instance)
            return value


_put = object.__setattr__


@dataclass_transform(kw_only_default=True, frozen_default=True)
class _ValueType(type):
    """Makes each annotated name of a class body a slot, and the value that it has there its default."""

    _fields: tuple[str, ...]
    _defaults: Mapping[str, object]
    _held: Callable[[Any], Any]

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> _ValueType:
        own = tuple(body.get("__annotations__", ()))
        defaults = {field: body.pop(field) for field in own if field in body}
        base = bases[0] if bases else None
        inherited: tuple[str, ...] = ()
        if isinstance(base, _ValueType):
            # A field that is declared again has its place already.
            inherited, defaults = base._fields, {**base._defaults, **defaults}
            own = tuple(field for field in own if field not in inherited)
        made = super().__new__(cls, name, bases, {"__slots__": own, **body})
        own = (*inherited, *own)
        made._fields, made._defaults = own, defaults
        made._held = attrgetter(*own) if own else lambda _: ()
        return made


class Value(metaclass=_ValueType):
    """A value with the fields that its class annotates, given by keyword; a field with a default may be left out.

    Two values are equal where their class and all their fields are. Raises TypeError for a field that is missing or
    unknown, AttributeError for an attempt to change one.
    """

    def __init__(self, **given: object) -> None:
        cls = type(self)
        try:
            for name, value in given.items():
                _put(self, name, value)
            if len(given) != len(cls._fields):
                for name in cls._fields:
                    if name not in given:
                        _put(self, name, cls._defaults[name])
        except AttributeError:
            raise TypeError(f"{cls.__name__} has no field {name!r}") from None
        except KeyError:
            raise TypeError(f"{cls.__name__} needs the field {name!r}") from None

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: {name!r} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: {name!r} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        cls = type(self)
        return bool(cls._held(self) == cls._held(other)) if type(other) is cls else NotImplemented

    def __hash__(self) -> int:
        return hash(type(self)._held(self))

    def __repr__(self) -> str:
        cls = type(self)
        return f"{cls.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in cls._fields)})"

    def __reduce__(self) -> tuple[Callable[..., Value], tuple[type[Value], dict[str, object]]]:
        return _restored, (type(self), {name: getattr(self, name) for name in type(self)._fields})


def _restored(cls: type[Value], fields: dict[str, object]) -> Value:
    return cls(**fields)


Kind = TypeVar("Kind", bound=Value)


def replace(value: Kind, **changes: object) -> Kind:
    """The same value but for these fields. Raises TypeError for a field that it has not."""
    cls = type(value)
    return cls(**{**{name: getattr(value, name) for name in cls._fields}, **changes})
