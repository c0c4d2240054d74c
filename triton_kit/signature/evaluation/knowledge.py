"""What is known of a value: whether it is true, whether it equals another, what it is made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from triton_kit.signature.evaluation.run import Raised, Run
from triton_kit.signature.evaluation.values import (
    UNKNOWN,
    Class,
    Function,
    Generator,
    Host,
    Instance,
    OpenDict,
    Unknown,
)

Answer: TypeAlias = "bool | Unknown"
PLAIN = (type(None), bool, int, float, complex, str, bytes)
CONTAINERS = (list, tuple, dict, set, frozenset)
SIZE = 10_000
"""Characters, or items, beyond which a value counts as unknown."""
_NESTED = 12
_LARGEST = 1 << 512


def is_small(value: object) -> bool:
    """Whether a result is of a size that a configuration can have."""
    if isinstance(value, int):
        return -_LARGEST < value < _LARGEST
    return not isinstance(value, str | bytes | list | tuple | dict | set | frozenset) or len(value) <= SIZE


def is_whole(run: Run, value: object, depth: int = 0) -> bool:
    """Whether a value is one of Python's own, with nothing unknown in it."""
    run.budget.left -= 1
    if isinstance(value, PLAIN) and not isinstance(value, complex):
        return True
    if isinstance(value, range):
        return len_of(value) <= SIZE
    if not isinstance(value, CONTAINERS) or isinstance(value, OpenDict) or type(value).__module__ != "builtins":
        return False
    if depth > _NESTED or run.budget.left < 0 or run.is_marked(value):
        return False
    inside = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    return all(is_whole(run, item, depth + 1) for item in inside)


def len_of(value: range) -> int:
    """The length of a range, which Python itself refuses to tell of the longest."""
    return max(0, (value.stop - value.start + value.step - (1 if value.step > 0 else -1)) // value.step)


def truth(run: Run, value: object) -> Answer:
    """Whether a value is true."""
    if isinstance(value, range):
        return len_of(value) > 0
    if isinstance(value, PLAIN):
        return bool(value)
    if isinstance(value, CONTAINERS):
        return UNKNOWN if run.is_marked(value) else bool(value)
    if isinstance(value, Host | Function | Generator) or (isinstance(value, Class) and not value.open):
        return True
    return UNKNOWN


def branch(run: Run, value: object) -> bool:
    """Whether to take the way of a true value; where that is not known, one after the other."""
    found = truth(run, value)
    return run.choose() if isinstance(found, Unknown) else found


def same(run: Run, one: object, other: object, depth: int = 0) -> Answer:
    """Whether two values are equal."""
    run.budget.left -= 1
    if isinstance(one, PLAIN) and isinstance(other, PLAIN):
        return one == other
    if depth > _NESTED or run.budget.left < 0 or run.is_marked(one) or run.is_marked(other):
        return UNKNOWN
    if isinstance(one, dict) and isinstance(other, dict):
        return _same_items(run, one, other, depth)
    if isinstance(one, Instance) and isinstance(other, Instance):
        return _same_fields(run, one, other, depth)
    for kind in (list, tuple):
        if type(one) is kind and type(other) is kind:
            if len(one) != len(other):
                return False
            return _all(same(run, a, b, depth + 1) for a, b in zip(one, other, strict=True))
    if is_whole(run, one) and is_whole(run, other):
        return bool(one == other)
    return _differ_in_kind(one, other)


def _differ_in_kind(one: object, other: object) -> Answer:
    for this, that in ((one, other), (other, one)):
        if isinstance(this, list | tuple | dict | str) and isinstance(that, PLAIN):
            return False
    kinds = (list, tuple, dict)
    if type(one) in kinds and type(other) in kinds and type(one) is not type(other):
        return False
    return UNKNOWN


def _same_items(run: Run, one: dict[object, object], other: dict[object, object], depth: int) -> Answer:
    if isinstance(one, OpenDict) or isinstance(other, OpenDict):
        return UNKNOWN
    if one.keys() != other.keys():
        return False
    return _all(same(run, one[key], other[key], depth + 1) for key in one)


def _same_fields(run: Run, one: Instance, other: Instance, depth: int) -> Answer:
    """Whether two objects of one dataclass are equal; nothing is known of others."""
    if one is other or one.cls is not other.cls or not one.cls.fields or one.cls.find("__eq__") is not None:
        return UNKNOWN
    pairs = ((one.attributes.get(name, UNKNOWN), other.attributes.get(name, UNKNOWN)) for name in one.cls.fields)
    return _all(same(run, a, b, depth + 1) for a, b in pairs)


def _all(answers: Iterable[Answer]) -> Answer:
    """Whether all hold: not as soon as one does not, unknown where one is and the others hold."""
    result: Answer = True
    for answer in answers:
        if answer is False:
            return False
        if answer is UNKNOWN:
            result = UNKNOWN
    return result


def contains(run: Run, container: object, item: object) -> Answer:
    """Whether an item is in a container."""
    if run.is_marked(container):
        return UNKNOWN
    if isinstance(container, OpenDict) and item in container.maybe and item not in container:
        return UNKNOWN
    if isinstance(container, range | str | bytes):
        if isinstance(container, str) and isinstance(item, PLAIN) and not isinstance(item, str):
            raise Raised(TypeError)
        return _within(container, item) if is_whole(run, item) else UNKNOWN
    if isinstance(container, CONTAINERS):
        return _any(same(run, one, item) for one in container)
    if isinstance(container, PLAIN):
        raise Raised(TypeError)
    return UNKNOWN


def _within(container: range | str | bytes, item: object) -> Answer:
    try:
        return item in container
    except TypeError:
        raise Raised(TypeError) from None


def _any(answers: Iterable[Answer]) -> Answer:
    result: Answer = False
    for answer in answers:
        if answer is True:
            return True
        if answer is UNKNOWN:
            result = UNKNOWN
    return result
