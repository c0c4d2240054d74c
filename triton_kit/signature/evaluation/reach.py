"""What code that is not followed may change: every value that it can reach is unknown afterwards."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from triton_kit.signature.evaluation.names import bind, look_up
from triton_kit.signature.evaluation.run import Run
from triton_kit.signature.evaluation.values import (
    UNKNOWN,
    Bound,
    Class,
    Frame,
    Function,
    Generator,
    Host,
    Instance,
    NativeMethod,
)

_ENDS = (ast.Return, ast.Raise, ast.Break, ast.Continue, ast.Yield, ast.YieldFrom, ast.Assert)
_MOST = 20_000
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def spoil(run: Run, values: Iterable[object]) -> None:
    """Something unknown has these values in its hands."""
    todo, seen = list(values), set[int]()
    while todo:
        value = todo.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        run.budget.left -= 1
        todo += _inside(run, value)
        if isinstance(value, list | dict | set | Instance | Host | Generator) or hasattr(value, "__next__"):
            run.mark(value)


def _inside(run: Run, value: object) -> Iterable[object]:
    """The values that one leads to."""
    match value:
        case list() | set():
            return list(value)
        case Bound():
            return [value.function, value.owner]
        case NativeMethod():
            return [value.owner]
        case tuple():
            return value
        case dict():
            return list(value.values())
        case Instance():
            return [value.cls, *value.attributes.values()]
        case Class():
            return [*value.bases, *value.attributes.values()]
        case Function():
            return [*value.defaults, *value.named_defaults.values(), *_mentioned(value.frame, value.node)]
        case Host():
            return host_values(value)
    return ()


def host_values(value: Host) -> list[object]:
    """The values that an object of the world around holds."""
    return [getattr(value, name) for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]


def _mentioned(frame: Frame, node: ast.AST) -> list[object]:
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return [look_up(frame, name) for name in sorted(names)]


def forget(run: Run, frame: Frame, node: ast.AST) -> None:
    """Pass over code: whatever it binds or reaches is unknown afterwards, and it may end the function."""
    reached = _mentioned(frame, node)
    spoil(run, reached)
    ends = False
    for count, inner in enumerate(ast.walk(node)):
        ends = ends or isinstance(inner, _ENDS)
        for name in _bound(inner):
            bind(frame, name, UNKNOWN)
        if isinstance(inner, ast.Attribute) and not isinstance(inner.ctx, ast.Load):
            for value in reached:
                if isinstance(value, Class):
                    value.attributes[inner.attr] = UNKNOWN
        if count > _MOST:
            ends = True
            break
    if ends:
        run.may_end()
    run.may_raise()


def _bound(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return [name]
        case ast.alias():
            return [node.asname or node.name.partition(".")[0]]
        case (
            ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name)
        ):
            return [name]
        case ast.MatchMapping(rest=str() as name):
            return [name]
    return [node.name] if isinstance(node, _SCOPES) else []
