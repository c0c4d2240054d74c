"""Operators: computed where both sides are known and the result is small, otherwise unknown."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable

from triton_kit.signature.evaluation.iteration import items
from triton_kit.signature.evaluation.knowledge import (
    PLAIN,
    SIZE,
    Answer,
    contains,
    is_small,
    is_whole,
    same,
    truth,
)
from triton_kit.signature.evaluation.reach import spoil
from triton_kit.signature.evaluation.run import Raised, Run
from triton_kit.signature.evaluation.values import UNKNOWN, Host, Place, Unknown, View

_BINARY: dict[type[ast.operator], Callable[..., object]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_UNARY: dict[type[ast.unaryop], Callable[..., object]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
}
_ORDER: dict[type[ast.cmpop], Callable[..., object]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
WIDE = re.compile(r"\d{4}|\*")
"""In a format: a width that makes a long text, or one that is an argument."""


def computed(function: Callable[..., object], *arguments: object) -> object:
    """What one of Python's own functions gives; its exception is the source's."""
    try:
        value = function(*arguments)
    except (MemoryError, RecursionError):
        return UNKNOWN
    except Exception as error:
        raise Raised(type(error)) from None
    return value if is_small(value) else UNKNOWN


def binary(run: Run, kind: ast.operator, one: object, other: object) -> object:
    """The result of a binary operator."""
    if isinstance(one, Place) or isinstance(other, Place):
        return _path(kind, one, other)
    if isinstance(kind, ast.Add) and type(one) is type(other) and isinstance(one, list | tuple):
        if run.is_marked(one) or run.is_marked(other):
            return UNKNOWN
        return computed(operator.add, one, other)
    if isinstance(kind, ast.Mult) and isinstance(one, list | tuple) and isinstance(other, int):
        return UNKNOWN if run.is_marked(one) or len(one) * other > SIZE else one * other
    if not (is_whole(run, _plain(one)) and is_whole(run, _plain(other))):
        run.may_raise()
        return UNKNOWN
    if not _is_cheap(kind, one, other):
        return UNKNOWN
    return computed(_BINARY[type(kind)], _as_set(kind, one), _as_set(kind, other)) if type(kind) in _BINARY else UNKNOWN


def _plain(value: object) -> object:
    return list(value) if isinstance(value, View) else value


def _as_set(kind: ast.operator, value: object) -> object:
    return set(value) if isinstance(value, View) and not isinstance(kind, ast.Add) else value


def _is_cheap(kind: ast.operator, one: object, other: object) -> bool:
    """Whether the result can be computed without much memory or time."""
    match kind, one, other:
        case ast.Mult(), int(), int():
            return True
        case ast.Mult(), _, int(n):
            return not hasattr(one, "__len__") or len(one) * n <= SIZE
        case ast.Mult(), int(n), _:
            return not hasattr(other, "__len__") or len(other) * n <= SIZE
        case ast.Pow(), int() | float(), int(n):
            return abs(n) <= 64
        case ast.Pow(), _, _:
            return False
        case ast.LShift(), _, int(n):
            return n <= 512
        case ast.Mod(), str() | bytes(), _:
            return WIDE.search(str(one)) is None
    return True


def _path(kind: ast.operator, one: object, other: object) -> object:
    """A path with more behind it."""
    if isinstance(one, Place) and isinstance(other, str):
        if isinstance(kind, ast.Add) and not one.path:
            return Place(one.text + other)
        if isinstance(kind, ast.Div) and one.path and not other.startswith("/"):
            return Place(f"{one.text}/{other}", path=True)
    return UNKNOWN


def in_place(run: Run, kind: ast.operator, one: object, other: object) -> object:
    """The result of an operator with assignment, which changes a list, a set or a dictionary itself."""
    if isinstance(one, list) and isinstance(kind, ast.Add):
        more = items(run, other)
        if more is None or len(one) + len(more) > SIZE:
            spoil(run, [one])
        elif not run.is_marked(one):
            one.extend(more)
        return one
    if isinstance(one, dict | set):
        whole = is_whole(run, one) and is_whole(run, other) and isinstance(other, dict | set)
        if not whole or not isinstance(kind, ast.BitOr):
            spoil(run, [one])
        else:
            computed(one.update, other)
        return one
    if isinstance(one, Host):
        spoil(run, [one])
    return binary(run, kind, one, other)


def unary(run: Run, kind: ast.unaryop, value: object) -> object:
    """The result of an operator on one value."""
    if isinstance(kind, ast.Not):
        found = truth(run, value)
        return found if isinstance(found, Unknown) else not found
    if not is_whole(run, value):
        return UNKNOWN
    return computed(_UNARY[type(kind)], value)


def compare(run: Run, kind: ast.cmpop, one: object, other: object) -> Answer:
    """The result of a comparison."""
    match kind:
        case ast.Is():
            return _identical(one, other)
        case ast.IsNot():
            return _negated(_identical(one, other))
        case ast.Eq():
            return _equal(run, one, other)
        case ast.NotEq():
            return _negated(_equal(run, one, other))
        case ast.In():
            return contains(run, other, one)
        case ast.NotIn():
            return _negated(contains(run, other, one))
    if not (is_whole(run, one) and is_whole(run, other)):
        run.may_raise()
        return UNKNOWN
    found = computed(_ORDER[type(kind)], one, other)
    return found if isinstance(found, bool) else UNKNOWN


def _equal(run: Run, one: object, other: object) -> Answer:
    if isinstance(one, View) and isinstance(other, set) and is_whole(run, other) and is_whole(run, list(one)):
        return bool(set(one) == other)
    return UNKNOWN if isinstance(one, View) or isinstance(other, View) else same(run, one, other)


def _identical(one: object, other: object) -> Answer:
    if isinstance(one, Unknown) or isinstance(other, Unknown) or isinstance(one, Place) or isinstance(other, Place):
        return UNKNOWN
    if one is other:
        return True
    if one is None or other is None or isinstance(one, bool) or isinstance(other, bool):
        return False
    mutable = (list, dict, set)
    if isinstance(one, mutable) or isinstance(other, mutable):
        return False
    return UNKNOWN if isinstance(one, PLAIN) or isinstance(other, PLAIN) else one is other or UNKNOWN


def _negated(answer: Answer) -> Answer:
    return answer if isinstance(answer, Unknown) else not answer
