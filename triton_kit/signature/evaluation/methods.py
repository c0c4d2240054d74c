"""Methods of texts, lists, dictionaries, sets and paths."""

from __future__ import annotations

import ast
import re
from typing import cast

from triton_kit.signature.evaluation.items import is_key
from triton_kit.signature.evaluation.iteration import items, unordered
from triton_kit.signature.evaluation.knowledge import SIZE, is_whole, same
from triton_kit.signature.evaluation.operators import computed
from triton_kit.signature.evaluation.places import call_place
from triton_kit.signature.evaluation.reach import spoil
from triton_kit.signature.evaluation.run import Raised, Run
from triton_kit.signature.evaluation.values import UNKNOWN, Arguments, NativeMethod, OpenDict, Place, View

_TEXT = frozenset(
    [
        "upper",
        "lower",
        "strip",
        "lstrip",
        "rstrip",
        "split",
        "rsplit",
        "splitlines",
        "partition",
        "rpartition",
        "startswith",
        "endswith",
        "removeprefix",
        "removesuffix",
        "title",
        "capitalize",
        "casefold",
        "swapcase",
        "count",
        "find",
        "rfind",
        "index",
        "rindex",
        "isdigit",
        "isdecimal",
        "isnumeric",
        "isalpha",
        "isalnum",
        "isupper",
        "islower",
        "isidentifier",
        "isspace",
        "zfill",
        "ljust",
        "rjust",
        "center",
    ]
)
_FORMAT = re.compile(r"(?:[^{}]|\{\{|\}\}|\{\w*(?:![rsa])?(?::[^{}\d]{0,4}\d{0,3}[^{}\d]{0,4})?\})*")
_COMPUTED = {
    tuple: frozenset(("index", "count")),
    set: frozenset(
        ["union", "intersection", "difference", "symmetric_difference", "issubset", "issuperset", "isdisjoint", "copy"]
    ),
    frozenset: frozenset(["union", "intersection", "difference", "issubset", "issuperset", "isdisjoint", "copy"]),
    int: frozenset(("bit_length",)),
    float: frozenset(("is_integer",)),
}
_SET_CHANGES = frozenset(("add", "discard", "remove", "update", "clear"))


def call_method(run: Run, method: NativeMethod, arguments: Arguments, node: ast.AST) -> object:
    """The result of a method of a plain value; one that is not followed leaves nothing known of what it may change."""
    owner, name = method.owner, method.name
    positional, named = arguments
    result: object = NotImplemented
    if isinstance(owner, Place):
        return call_place(run, owner, name, arguments, node)
    if not run.is_marked(owner):
        if isinstance(owner, str):
            result = _text(run, owner, name, positional, named)
        elif isinstance(owner, View):
            result = UNKNOWN
        elif isinstance(owner, list) and not named:
            result = _list(run, owner, name, positional)
        elif isinstance(owner, dict):
            result = _dict(run, owner, name, positional, named)
        elif not named:
            result = _other(run, owner, name, positional)
    if result is not NotImplemented:
        return result
    spoil(run, [owner, *positional, *named.values()])
    run.may_raise()
    return UNKNOWN


def _text(run: Run, owner: str, name: str, positional: list[object], named: dict[str, object]) -> object:
    if name == "join" and len(positional) == 1 and not named:
        parts = items(run, positional[0])
        if parts is None or not all(isinstance(part, str) for part in parts):
            return UNKNOWN
        texts = cast("list[str]", parts)
        return owner.join(texts) if sum(map(len, texts)) + len(owner) * len(texts) <= SIZE else UNKNOWN
    if not all(is_whole(run, value) for value in (*positional, *named.values())):
        return UNKNOWN
    if any(isinstance(value, int) and abs(value) > SIZE for value in positional):
        return UNKNOWN
    if name == "format":
        return computed(lambda: owner.format(*positional, **named)) if _FORMAT.fullmatch(owner) else UNKNOWN
    if name == "replace":
        new = positional[1] if len(positional) > 1 else ""
        cheap = isinstance(new, str) and (len(owner) + 1) * (len(new) + 1) <= 10 * SIZE
        return computed(lambda: owner.replace(*positional, **named)) if cheap else UNKNOWN  # type: ignore[arg-type]
    return computed(lambda: getattr(owner, name)(*positional, **named)) if name in _TEXT else UNKNOWN


def _list(run: Run, owner: list[object], name: str, positional: list[object]) -> object:
    match name, positional:
        case ("append", [value]) if len(owner) < SIZE:
            owner.append(value)
        case ("insert", [int(at), value]) if len(owner) < SIZE:
            owner.insert(at, value)
        case "extend", [value]:
            more = items(run, value)
            if more is None or len(owner) + len(more) > SIZE:
                return NotImplemented
            owner.extend(more)
        case "remove", [value]:
            return _remove(run, owner, value)
        case ("pop", [] | [int()]) | (("clear" | "reverse" | "copy"), []):
            return computed(getattr(owner, name), *positional)
        case _ if name in ("sort", "index", "count") and is_whole(run, [owner, positional]):
            return computed(getattr(owner, name), *positional)
        case _:
            return NotImplemented
    return None


def _remove(run: Run, owner: list[object], value: object) -> object:
    for at, one in enumerate(owner):
        answer = same(run, one, value)
        if answer is True:
            del owner[at]
            return None
        if answer is not False:
            return NotImplemented
    raise Raised(ValueError)


def _dict(
    run: Run, owner: dict[object, object], name: str, positional: list[object], named: dict[str, object]
) -> object:
    if name in ("keys", "values", "items", "copy") and not positional and not named:
        if isinstance(owner, OpenDict):
            return UNKNOWN
        return owner.copy() if name == "copy" else View(getattr(owner, name)())
    if name == "update":
        return _update(run, owner, positional, named)
    if name == "clear" and not positional and not isinstance(owner, OpenDict):
        owner.clear()
        return None
    if name not in ("get", "setdefault", "pop") or named or not 1 <= len(positional) <= 2:
        return NotImplemented
    key, *others = positional
    if key is UNKNOWN or not is_key(run, key):
        return UNKNOWN if name == "get" else NotImplemented
    return _keyed(run, owner, name, key, others)


def _keyed(run: Run, owner: dict[object, object], name: str, key: object, others: list[object]) -> object:
    default = others[0] if others else None
    if isinstance(owner, OpenDict) and key not in owner and key in owner.maybe:
        return UNKNOWN if name == "get" else NotImplemented
    if name == "get":
        return owner.get(key, default)
    if name == "setdefault":
        return owner.setdefault(key, default)
    return owner.pop(key, default) if others else computed(owner.pop, key)


def _update(run: Run, owner: dict[object, object], positional: list[object], named: dict[str, object]) -> object:
    for more in positional:
        if type(more) is dict and not run.is_marked(more):
            owner.update(more)
            continue
        pairs = items(run, more)
        if pairs is None or not all(
            isinstance(pair, tuple) and len(pair) == 2 and is_whole(run, pair[0]) for pair in pairs
        ):
            return NotImplemented
        computed(owner.update, pairs)
    owner.update(named)
    return None


def _other(run: Run, owner: object, name: str, positional: list[object]) -> object:
    if isinstance(owner, set) and name in _SET_CHANGES:
        given = [unordered(run, value) if name == "update" else value for value in positional]
        if is_whole(run, owner) and is_whole(run, given):
            computed(getattr(owner, name), *given)
            return None
    if name in _COMPUTED.get(type(owner), ()) and is_whole(run, owner) and all(is_whole(run, v) for v in positional):
        return computed(getattr(owner, name), *positional)
    return UNKNOWN if not isinstance(owner, set) else NotImplemented
