"""The module dataclasses: plain ones, frozen ones, defaults and factories, and what is made of their objects."""

from __future__ import annotations

import ast

from triton_kit.signature.evaluation.core import call
from triton_kit.signature.evaluation.run import Raised, Run
from triton_kit.signature.evaluation.values import (
    MISSING,
    UNKNOWN,
    Class,
    Dataclass,
    External,
    Field,
    Generated,
    Instance,
    OpenDict,
)

_WITHOUT_EFFECT = frozenset(("repr", "order", "eq"))
"""Options of which nothing shows here; those that are not written with their usual value are not followed."""

_UNFOLLOWED = ("InitVar", "KW_ONLY")
_NESTED = 12


def dataclass_options(decorator: object) -> Dataclass | None:
    """What a decorator asks for, if it is ``dataclass`` of the standard library."""
    if isinstance(decorator, External) and decorator.name == "dataclasses.dataclass":
        return Dataclass()
    return decorator if isinstance(decorator, Dataclass) else None


def make_dataclass(cls: Class, node: ast.ClassDef, options: Dataclass) -> bool:
    """Make a dataclass of a class, and say whether it is followed how it does that.

    Raises Raised where Python refuses its fields.
    """
    parents = [base for base in cls.bases if base.fields is not None]
    if not _is_followed(cls, node, options, parents):
        return False
    if any(parent.frozen != options.frozen for parent in parents):
        raise Raised(TypeError, node)
    own = _own_fields(cls, node)
    if own is None:
        return False
    fields = {**(parents[0].fields or {}), **own} if parents else own
    _check(cls, fields, options, node)
    for name, field in own.items():
        cls.attributes.pop(name, None)
        if field.default is not MISSING:
            cls.attributes[name] = field.default
    cls.fields, cls.frozen, cls.named, cls.decorated = fields, options.frozen, options.named, True
    cls.attributes.setdefault("__init__", Generated(cls))
    cls.attributes.setdefault("__match_args__", () if options.named else tuple(fields))
    return True


def _is_followed(cls: Class, node: ast.ClassDef, options: Dataclass, parents: list[Class]) -> bool:
    if cls.open or len(cls.bases) > 1 or cls.find("__setattr__") is not None:
        return False
    if any(not parent.decorated or parent.named != options.named for parent in parents):
        return False
    return not any(_is_unfollowed(statement) for statement in node.body)


def _own_fields(cls: Class, node: ast.ClassDef) -> dict[str, Field] | None:
    """The fields that the class body annotates; ``None`` where one of them is not known."""
    found: dict[str, Field] = {}
    for statement in node.body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        if "ClassVar" in ast.unparse(statement.annotation):
            continue
        field = _field(cls, statement.target.id)
        if field is None:
            return None
        found[statement.target.id] = field
    return found


def _is_unfollowed(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.AnnAssign):
        said = ast.unparse(statement.annotation)
        return any(word in said for word in _UNFOLLOWED) or not isinstance(statement.target, ast.Name)
    return isinstance(statement, ast.If | ast.For | ast.While | ast.With | ast.Try | ast.Match | ast.Delete)


def _field(cls: Class, name: str) -> Field | None:
    """The field with what its class body gives it; ``None`` where that is not known."""
    value = cls.attributes.get(name, MISSING)
    if isinstance(value, Field):
        return value
    known = value is MISSING or isinstance(value, str | int | float | bytes | tuple | list | dict | set | None)
    return Field(value) if known else None


def _check(cls: Class, fields: dict[str, Field], options: Dataclass, node: ast.ClassDef) -> None:
    """Raise Raised for a default that all objects would share, a field without a type, or one in the wrong order."""
    if any(isinstance(field.default, list | dict | set) for field in fields.values()):
        raise Raised(ValueError, node)
    if any(isinstance(value, Field) and name not in fields for name, value in cls.attributes.items()):
        raise Raised(TypeError, node)
    optional = [field.optional for field in fields.values()]
    if not options.named and optional != sorted(optional):
        raise Raised(TypeError, node)


def of_dataclasses(run: Run, name: str, positional: list[object], named: dict[str, object], node: ast.AST) -> object:
    """The result of a function of the module; ``NotImplemented`` where it is not followed."""
    match name.partition(".")[2], positional:
        case "dataclass", []:
            return _options(named)
        case "field", []:
            return _given_field(named)
        case "asdict", [Instance() as one] if one.cls.fields is not None and not named:
            return _as_dict(run, one, 0)
        case "replace", [Instance() as one] if one.cls.fields is not None and not run.is_marked(one):
            kept = {field: one.attributes.get(field, UNKNOWN) for field in one.cls.fields}
            return call(run, one.cls, ([], {**kept, **named}), node)
    return NotImplemented


def _options(named: dict[str, object]) -> object:
    given = {key: value for key, value in named.items() if key not in _WITHOUT_EFFECT}
    usual = named.get("eq", True) is True
    if not usual or not given.keys() <= {"frozen", "kw_only"}:
        return NotImplemented
    if not all(isinstance(value, bool) for value in given.values()):
        return NotImplemented
    return Dataclass(frozen=given.get("frozen") is True, named=given.get("kw_only") is True)


def _given_field(named: dict[str, object]) -> object:
    if not named.keys() <= {"default", "default_factory", "repr", "metadata"}:
        return NotImplemented
    if "default" in named and "default_factory" in named:
        raise Raised(ValueError)
    return Field(named.get("default", MISSING), named.get("default_factory", MISSING))


def _as_dict(run: Run, value: object, depth: int) -> object:
    """The value with the objects of dataclasses in it as dictionaries, and everything copied."""
    run.budget.left -= 1
    if depth > _NESTED or run.budget.left < 0 or run.is_marked(value) or isinstance(value, OpenDict):
        return UNKNOWN
    if isinstance(value, Instance):
        if value.cls.fields is None:
            return UNKNOWN
        return {name: _as_dict(run, value.attributes.get(name, UNKNOWN), depth + 1) for name in value.cls.fields}
    if type(value) is list or type(value) is tuple:
        return type(value)(_as_dict(run, one, depth + 1) for one in value)
    if type(value) is dict:
        return {key: _as_dict(run, one, depth + 1) for key, one in value.items()}
    return value if isinstance(value, str | int | float | bytes | None) else UNKNOWN
