"""Items of lists, tuples, texts and dictionaries: reading and setting them."""

from __future__ import annotations

from triton_kit.signature.evaluation.knowledge import PLAIN, SIZE, is_whole
from triton_kit.signature.evaluation.operators import computed
from triton_kit.signature.evaluation.reach import spoil
from triton_kit.signature.evaluation.run import Raised, Run
from triton_kit.signature.evaluation.values import UNKNOWN, OpenDict, Place


def is_key(run: Run, key: object) -> bool:
    """Whether a value is a known key; raises Raised for one that Python refuses as a key."""
    if isinstance(key, list | dict | set):
        raise Raised(TypeError)
    return is_whole(run, key)


def item(run: Run, value: object, key: object) -> object:
    """The item of a value."""
    if value is UNKNOWN or run.is_marked(value):
        run.may_raise()
        return UNKNOWN
    if isinstance(value, dict):
        return _value(run, value, key)
    if isinstance(value, list | tuple | str | bytes | range):
        if isinstance(key, slice | int):
            return computed(lambda: value[key])
        if isinstance(key, PLAIN):
            raise Raised(TypeError)
    elif isinstance(value, PLAIN):
        raise Raised(TypeError)
    run.may_raise()
    return UNKNOWN


def _value(run: Run, value: dict[object, object], key: object) -> object:
    if key is UNKNOWN or isinstance(key, Place) or not is_key(run, key):
        run.may_raise()
        return UNKNOWN
    if key in value:
        return value[key]
    if isinstance(value, OpenDict) and key in value.maybe:
        run.may_raise()
        return UNKNOWN
    raise Raised(KeyError)


def set_item(run: Run, value: object, key: object, new: object) -> None:
    """Set the item of a value; what cannot be followed makes the value unknown."""
    if isinstance(value, dict) and not run.is_marked(value) and key is not UNKNOWN:
        if is_key(run, key) and len(value) < SIZE:
            value[key] = new
            return
    elif isinstance(value, list) and isinstance(key, int) and not run.is_marked(value):
        computed(value.__setitem__, key, new)
        return
    elif isinstance(value, PLAIN) or type(value) is tuple:
        raise Raised(TypeError)
    spoil(run, [value])


def delete_item(run: Run, value: object, key: object) -> None:
    """Delete the item of a value."""
    closed = type(value) in (dict, list) or (isinstance(value, OpenDict) and key in value)
    if closed and isinstance(value, dict | list) and not run.is_marked(value) and is_whole(run, key):
        computed(value.__delitem__, key)
        return
    spoil(run, [value])
