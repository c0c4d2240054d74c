"""The names that a module has once it is imported, as far as its source alone tells."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_TRICKS = frozenset(("exec", "eval", "globals", "locals", "vars", "setattr", "__dict__", "__import__", "modules"))
"""What may give a module names that are not in its source."""

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def names_of(tree: ast.Module) -> frozenset[str] | None:
    """Every name that the module may have; ``None`` where it may have others than its source shows."""
    for node in ast.walk(tree):
        if isinstance(node, ast.alias) and node.name == "*":
            return None
        if isinstance(node, ast.Name | ast.Attribute) and _word(node) in _TRICKS:
            return None
    found = frozenset(_bound(tree.body))
    return None if "__getattr__" in found else found


def _word(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _bound(statements: list[ast.stmt]) -> Iterator[str]:
    """The names that statements may bind, and those that functions in them declare as global."""
    todo: list[tuple[ast.AST, bool]] = [(statement, True) for statement in statements]
    while todo:
        node, outside = todo.pop()
        if isinstance(node, ast.Global):
            yield from node.names
        if outside:
            yield from _names(node)
        within = outside and not isinstance(node, (*_DEFINITIONS, ast.Lambda))
        todo += ((child, within) for child in ast.iter_child_nodes(node))


def _names(node: ast.AST) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Name(id=name, ctx=ast.Store()):
            return [name]
        case ast.alias():
            return [node.asname or node.name.partition(".")[0]]
        case (
            ast.ExceptHandler(name=str() as name)
            | ast.MatchAs(name=str() as name)
            | ast.MatchStar(name=str() as name)
            | ast.MatchMapping(rest=str() as name)
        ):
            return [name]
    return []
