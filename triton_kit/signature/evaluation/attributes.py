"""Attributes of values."""

from __future__ import annotations

import ast

from triton_kit.signature.evaluation.knowledge import CONTAINERS, PLAIN
from triton_kit.signature.evaluation.places import place_attribute
from triton_kit.signature.evaluation.reach import spoil
from triton_kit.signature.evaluation.run import Raised, Run
from triton_kit.signature.evaluation.values import (
    UNKNOWN,
    Bound,
    Builtin,
    Class,
    External,
    Function,
    Host,
    Instance,
    NativeMethod,
    Place,
    View,
)


class Attributes(Host):
    """An object of the world around whose attributes can be asked for."""

    __slots__ = ()

    def attribute(self, run: Run, name: str, node: ast.AST) -> object:
        """The value of an attribute."""
        raise NotImplementedError


def attribute(run: Run, value: object, name: str, node: ast.AST) -> object:
    """The value of an attribute."""
    match value:
        case Attributes():
            return value.attribute(run, name, node)
        case External():
            return External(f"{value.name}.{name}")
        case Class():
            return _of_class(run, value, name)
        case Instance():
            return _of_instance(run, value, name)
        case Place():
            found = place_attribute(value, name)
            return NativeMethod(value, name) if found is NotImplemented else found
        case Builtin():
            return External(f"builtins.{value.name}.{name}")
    if isinstance(value, (*PLAIN, *CONTAINERS, range)):
        kind = dict if isinstance(value, dict) else list if isinstance(value, list) else type(value)
        if isinstance(value, View) or hasattr(kind, name):
            return NativeMethod(value, name)
        raise Raised(AttributeError)
    run.may_raise()
    return UNKNOWN


def _of_class(run: Run, cls: Class, name: str) -> object:
    found = cls.find(name)
    if isinstance(found, Function):
        return Bound(found, cls) if found.kind == "classmethod" else found
    if found is None:
        if not cls.open and not name.startswith("__"):
            raise Raised(AttributeError)
        run.may_raise()
        return UNKNOWN
    return found


def _of_instance(run: Run, instance: Instance, name: str) -> object:
    if run.is_marked(instance):
        run.may_raise()
        return UNKNOWN
    if name in instance.attributes:
        return instance.attributes[name]
    found = instance.cls.find(name)
    if found is None and instance.cls.find("__getattr__") is not None:
        return UNKNOWN
    if isinstance(found, Function) and found.kind != "staticmethod":
        return Bound(found, instance.cls if found.kind == "classmethod" else instance)
    return _of_class(run, instance.cls, name)


def set_attribute(run: Run, value: object, name: str, new: object) -> None:
    """Set an attribute."""
    if isinstance(value, Instance) and value.cls.freezes(name):
        from dataclasses import FrozenInstanceError

        raise Raised(FrozenInstanceError)
    if (isinstance(value, Instance) and value.cls.find("__setattr__") is None) or isinstance(value, Class):
        value.attributes[name] = new
    elif isinstance(value, PLAIN):
        raise Raised(AttributeError)
    else:
        spoil(run, [value, new])
