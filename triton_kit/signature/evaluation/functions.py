"""Python's built-in functions and types."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import TypeAlias, cast

from triton_kit.signature.evaluation.attributes import attribute
from triton_kit.signature.evaluation.core import call, calls
from triton_kit.signature.evaluation.iteration import items, unordered
from triton_kit.signature.evaluation.knowledge import CONTAINERS, PLAIN, is_whole, len_of, truth
from triton_kit.signature.evaluation.operators import computed
from triton_kit.signature.evaluation.places import open_place
from triton_kit.signature.evaluation.reach import spoil
from triton_kit.signature.evaluation.run import Raised, Run, Stop
from triton_kit.signature.evaluation.values import UNKNOWN, Arguments, Builtin, Generator, OpenDict, Place, View

_Given: TypeAlias = "list[object]"
_BEYOND = frozenset(("exec", "eval", "globals", "locals", "vars", "__import__", "compile", "breakpoint"))
"""What may do anything at all."""
_HARMLESS = frozenset(
    [
        "print",
        "repr",
        "id",
        "hash",
        "type",
        "isinstance",
        "issubclass",
        "callable",
        "hasattr",
        "dir",
        "str",
        "format",
        "len",
        "bool",
    ]
)
"""What changes nothing of its arguments, whatever they are."""
_COMPUTED = frozenset(
    [
        "abs",
        "round",
        "divmod",
        "bin",
        "hex",
        "oct",
        "ord",
        "chr",
        "min",
        "max",
        "sum",
        "repr",
        "str",
        "int",
        "float",
        "bool",
        "hash",
        "format",
        "pow",
    ]
)


@calls(Builtin)
def _builtin(run: Run, function: Builtin, arguments: Arguments, node: ast.AST) -> object:
    name = function.name
    positional, named = arguments
    if name in _BEYOND:
        raise Stop
    result = _known(run, name, positional, named, node)
    if result is not NotImplemented:
        return result
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, BaseException):
        return UNKNOWN
    if name not in _HARMLESS:
        spoil(run, [*positional, *named.values()])
    if name not in ("isinstance", "repr", "type"):
        run.may_raise()
    return UNKNOWN


def _known(run: Run, name: str, positional: _Given, named: dict[str, object], node: ast.AST) -> object:
    """The result, where it can be computed; ``NotImplemented`` where not."""
    handler = _FUNCTIONS.get(name)
    if handler is not None and not named:
        return handler(run, positional, node)
    if name == "dict":
        return _dict(run, positional, node, named)
    if name == "open":
        return _open(run, positional, node, named)
    if name == "print":
        return None
    if name in _COMPUTED and not named and all(is_whole(run, value) for value in positional):
        return _compute(run, name, positional)
    return NotImplemented


def _compute(run: Run, name: str, given: _Given) -> object:
    if name == "pow" or any(isinstance(value, range | set | frozenset) for value in given):
        return UNKNOWN
    if name in ("int", "str") and len(str(given[:1])) > 1000:
        return UNKNOWN
    return computed(getattr(builtins, name), *given)


def _open(run: Run, given: _Given, node: ast.AST, named: dict[str, object]) -> object:
    if given and isinstance(given[0], Place):
        open_place(run, given[0], "open", given[1] if len(given) > 1 else named.get("mode", "r"), node)
    else:
        run.may_raise()
    return UNKNOWN


def _len(run: Run, given: _Given, node: ast.AST) -> object:
    match given:
        case [range() as value]:
            return len_of(value)
        case [value] if isinstance(value, (str, bytes, *CONTAINERS)) and not isinstance(value, OpenDict):
            return UNKNOWN if run.is_marked(value) else len(cast("list[object]", value))
        case [value] if isinstance(value, PLAIN):
            raise Raised(TypeError)
    return NotImplemented


def _range(run: Run, given: _Given, node: ast.AST) -> object:
    return computed(range, *given) if is_whole(run, given) else UNKNOWN


def _collection(kind: Callable[..., object]) -> Callable[[Run, _Given, ast.AST], object]:
    def make(run: Run, given: _Given, node: ast.AST) -> object:
        if not given:
            return kind()
        found = unordered(run, given[0]) if kind in (set, frozenset) else items(run, given[0])
        if found is None or (kind in (set, frozenset) and not is_whole(run, found)):
            return NotImplemented if isinstance(given[0], Generator) or hasattr(given[0], "__next__") else UNKNOWN
        made = computed(kind, found)
        run.made_at(made, node)
        return made

    return make


def _dict(run: Run, given: _Given, node: ast.AST, named: dict[str, object]) -> object:
    made: dict[object, object] = {}
    for value in given:
        if isinstance(value, dict):
            if run.is_marked(value) or isinstance(value, OpenDict):
                return UNKNOWN
            made.update(value)
            continue
        pairs = items(run, value)
        if pairs is None or not is_whole(run, [pair[:1] for pair in pairs if isinstance(pair, tuple | list)]):
            return UNKNOWN
        computed(made.update, pairs)
    made.update(named)
    run.made_at(made, node)
    return made


def _listed(run: Run, given: _Given) -> list[list[object]] | None:
    found = [items(run, value) for value in given]
    return None if any(one is None for one in found) else cast("list[list[object]]", found)


def _enumerate(run: Run, given: _Given, node: ast.AST) -> object:
    found = items(run, given[0]) if given else None
    start = given[1] if len(given) > 1 else 0
    return iter(list(enumerate(found, start))) if found is not None and isinstance(start, int) else NotImplemented


def _zip(run: Run, given: _Given, node: ast.AST) -> object:
    found = _listed(run, given)
    return NotImplemented if found is None else iter(list(zip(*found, strict=False)))


def _reversed(run: Run, given: _Given, node: ast.AST) -> object:
    found = items(run, given[0]) if given else None
    return NotImplemented if found is None else iter(found[::-1])


def _sorted(run: Run, given: _Given, node: ast.AST) -> object:
    found = unordered(run, given[0]) if len(given) == 1 else None
    return computed(sorted, found) if found is not None and is_whole(run, found) else UNKNOWN


def _extreme(name: str) -> Callable[[Run, _Given, ast.AST], object]:
    def find(run: Run, given: _Given, node: ast.AST) -> object:
        found = unordered(run, given[0]) if len(given) == 1 else given
        return computed(getattr(builtins, name), found) if found is not None and is_whole(run, found) else UNKNOWN

    return find


def _quantifier(ends: bool) -> Callable[[Run, _Given, ast.AST], object]:
    def ask(run: Run, given: _Given, node: ast.AST) -> object:
        found = unordered(run, given[0]) if len(given) == 1 else None
        answers = [truth(run, value) for value in found or ()]
        if found is not None and ends in answers:
            return ends
        return UNKNOWN if found is None or UNKNOWN in answers else not ends

    return ask


def _isinstance(run: Run, given: _Given, node: ast.AST) -> object:
    if len(given) != 2 or not isinstance(given[0], (*PLAIN, *CONTAINERS)) or isinstance(given[0], View):
        return UNKNOWN
    kinds = given[1] if isinstance(given[1], tuple) else (given[1],)
    known = {
        "str": str,
        "int": int,
        "float": float,
        "bool": bool,
        "list": list,
        "tuple": tuple,
        "dict": dict,
        "set": set,
    }
    if not all(isinstance(kind, Builtin) and kind.name in known for kind in kinds):
        return UNKNOWN
    return isinstance(given[0], tuple(known[kind.name] for kind in kinds if isinstance(kind, Builtin)))


def _map(run: Run, given: _Given, node: ast.AST) -> object:
    def compute() -> list[object] | None:
        found = _listed(run, given[1:])
        if found is None:
            spoil(run, given)
            return None
        return [call(run, given[0], (list(row), {}), node) for row in zip(*found, strict=False)]

    return Generator(compute) if len(given) > 1 else NotImplemented


def _next(run: Run, given: _Given, node: ast.AST) -> object:
    if len(given) == 2 and isinstance(given[0], Generator):
        found = items(run, given[0])
        if found is not None:
            return found[0] if found else given[1]
    return NotImplemented


def _getattr(run: Run, given: _Given, node: ast.AST) -> object:
    if len(given) == 2 and isinstance(given[1], str):
        return attribute(run, given[0], given[1], node)
    return NotImplemented


def _string(run: Run, given: _Given, node: ast.AST) -> object:
    if len(given) == 1 and isinstance(given[0], Place):
        return Place(given[0].text)
    return _compute(run, "str", given) if is_whole(run, given) else UNKNOWN


def _bool(run: Run, given: _Given, node: ast.AST) -> object:
    return truth(run, given[0]) if len(given) == 1 else NotImplemented


_FUNCTIONS: dict[str, Callable[[Run, _Given, ast.AST], object]] = {
    "len": _len,
    "range": _range,
    "list": _collection(list),
    "tuple": _collection(tuple),
    "set": _collection(set),
    "frozenset": _collection(frozenset),
    "enumerate": _enumerate,
    "zip": _zip,
    "reversed": _reversed,
    "sorted": _sorted,
    "min": _extreme("min"),
    "max": _extreme("max"),
    "sum": _extreme("sum"),
    "any": _quantifier(True),
    "all": _quantifier(False),
    "isinstance": _isinstance,
    "map": _map,
    "next": _next,
    "getattr": _getattr,
    "str": _string,
    "bool": _bool,
}
