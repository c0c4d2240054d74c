"""The values of an evaluation: Python's own plain ones, what the source defines, and the one that is unknown."""

from __future__ import annotations

import ast
from typing import Final, TypeAlias


class Unknown:
    """What is not known without running the code."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = Unknown()
MISSING: Final = object()
"""Stands for a default that a field of a dataclass does not have."""

FunctionNode: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda"
Arguments: TypeAlias = "tuple[list[object], dict[str, object]]"
"""The arguments of a call, by position and by name."""


class Frame:
    """The names of a module, a class body or a call, and the frame around it."""

    __slots__ = ("declared", "is_class", "module", "names", "outer")

    def __init__(self, outer: Frame | None, *, is_class: bool = False) -> None:
        self.outer = outer
        self.module: Frame = outer.module if outer is not None else self
        self.names: dict[str, object] = {}
        self.declared: dict[str, Frame] = {}
        self.is_class = is_class


class Function:
    """A function or lambda of the source; ``kind`` is that of its decorator, if any."""

    __slots__ = ("defaults", "frame", "kind", "named_defaults", "node")

    def __init__(self, node: FunctionNode, frame: Frame, defaults: list[object], named: dict[str, object]) -> None:
        self.node = node
        self.frame = frame
        self.defaults = defaults
        self.named_defaults = named
        self.kind = ""


class Class:
    """A class of the source; it is ``open`` where it may have attributes that are not in the source.

    ``fields`` are those of a dataclass in order, inherited or its own, ``None`` where there are none. A class that is
    ``decorated`` is one itself; then its objects may be ``frozen``, and its fields given by name alone (``named``).
    """

    __slots__ = ("attributes", "bases", "decorated", "fields", "frozen", "name", "named", "open")

    def __init__(self, name: str, bases: list[Class], attributes: dict[str, object], *, is_open: bool) -> None:
        self.name = name
        self.bases = bases
        self.attributes = attributes
        self.open: bool = is_open or any(base.open for base in bases)
        self.fields: dict[str, Field] | None = next((base.fields for base in bases if base.fields is not None), None)
        self.decorated = self.frozen = self.named = False

    def find(self, name: str) -> object | None:
        """The attribute of that name, here or in a base; ``None`` for none."""
        if name in self.attributes:
            return self.attributes[name]
        return next((found for base in self.bases if (found := base.find(name)) is not None), None)

    def derives(self, other: Class) -> bool:
        """Whether it is that class, or derived from it."""
        return self is other or any(base.derives(other) for base in self.bases)

    def freezes(self, name: str) -> bool:
        """Whether its objects refuse to have that attribute set."""
        return self.frozen or any(base.freezes(name) and name in (base.fields or ()) for base in self.bases)


class Generated:
    """The ``__init__`` that a dataclass gets."""

    __slots__ = ("cls",)

    def __init__(self, cls: Class) -> None:
        self.cls = cls


class Field:
    """A field of a dataclass: its default, or what makes it; neither where it has to be given."""

    __slots__ = ("default", "factory")

    def __init__(self, default: object = MISSING, factory: object = MISSING) -> None:
        self.default = default
        self.factory = factory

    @property
    def optional(self) -> bool:
        """Whether it may be left out."""
        return self.default is not MISSING or self.factory is not MISSING


class Dataclass:
    """What ``dataclass`` with options is: a decorator."""

    __slots__ = ("frozen", "named")

    def __init__(self, frozen: bool = False, named: bool = False) -> None:
        self.frozen = frozen
        self.named = named


class Instance:
    """An object of a class of the source."""

    __slots__ = ("attributes", "cls")

    def __init__(self, cls: Class) -> None:
        self.cls = cls
        self.attributes: dict[str, object] = {}


class Bound:
    """A function with its first argument."""

    __slots__ = ("function", "owner")

    def __init__(self, function: Function, owner: object) -> None:
        self.function = function
        self.owner = owner


class NativeMethod:
    """A method of a plain value."""

    __slots__ = ("name", "owner")

    def __init__(self, owner: object, name: str) -> None:
        self.owner = owner
        self.name = name


class Builtin:
    """Something that every module has: a function, a type, an exception."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class External:
    """A module that is imported, or something in it, by its complete name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Place:
    """A path of which only its end is known: below the model's directory, ``text`` relative to that.

    ``path`` says that it is a pathlib.Path and not a text.
    """

    __slots__ = ("path", "text")

    def __init__(self, text: str, path: bool = False) -> None:
        self.text = text
        self.path = path


class View(list[object]):
    """The keys, values or items of a dictionary."""


class OpenDict(dict[object, object]):
    """A dictionary that may have the keys ``maybe`` as well; ``changed`` once the world around changed it."""

    maybe: frozenset[str] = frozenset()
    changed: bool = False


class Generator:
    """A generator expression or the like, whose items are computed when they are asked for."""

    __slots__ = ("compute",)

    def __init__(self, compute: object) -> None:
        self.compute = compute


class Host:
    """An object of the world around the source, such as the one that a function is called with."""

    __slots__ = ()
