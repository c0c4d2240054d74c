"""The parts of a module that a function of its depends on, and the evaluation of that function."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from copy import copy

from triton_kit.signature.evaluation import (
    comprehensions,
    dataclasses,
    exceptions,
    externals,
    functions,
    matching,
    statements,
)
from triton_kit.signature.evaluation.core import execute
from triton_kit.signature.evaluation.places import directory
from triton_kit.signature.evaluation.run import Path, Run, Stop, explore
from triton_kit.signature.evaluation.values import UNKNOWN, Class, Frame, Place

REGISTERED = (comprehensions, dataclasses, exceptions, externals, functions, matching, statements)
_IMPORTS = (ast.Import, ast.ImportFrom)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def paths(
    tree: ast.Module, cls: str, methods: Iterable[str], file: Place, use: Callable[[Run, Class], object]
) -> list[Path]:
    """Every path of what is done with a class of the module, once the module is imported."""
    needed = relevant(tree, cls, frozenset(methods))

    def program(run: Run) -> object:
        frame = Frame(None)
        frame.names["__file__"] = file
        run.directory = directory(file)
        frame.names["__name__"] = UNKNOWN
        execute(run, frame, needed)
        found = frame.names.get(cls)
        if not isinstance(found, Class):
            raise Stop
        return use(run, found)

    return explore(program)


def relevant(tree: ast.Module, cls: str, methods: frozenset[str]) -> list[ast.stmt]:
    """The statements of the module that its class's methods may depend on, in order; imports that are used."""
    names = [_names(statement) for statement in tree.body]
    imported = {name for statement in tree.body if isinstance(statement, _IMPORTS) for name in _bound(statement)}
    shared = {name for statement in tree.body for name in _bound(statement)} - imported
    needed = set(methods)
    kept: set[int] = set()
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef) and statement.name == cls:
            needed |= _needed_of_class(statement, methods)
    grown = True
    while grown:
        grown = False
        for at, statement in enumerate(tree.body):
            if at in kept or not _concerns(statement, cls, names[at], needed, shared):
                continue
            kept.add(at)
            grown = True
            if not (isinstance(statement, ast.ClassDef) and statement.name == cls):
                needed |= names[at]
    return [_cut(statement, cls, needed) for at, statement in enumerate(tree.body) if at in kept]


def _concerns(statement: ast.stmt, cls: str, names: set[str], needed: set[str], shared: set[str]) -> bool:
    if isinstance(statement, ast.ClassDef) and statement.name == cls:
        return True
    if isinstance(statement, ast.ImportFrom) and any(name.name == "*" for name in statement.names):
        return True
    bound = _bound(statement)
    if bound & (needed | {cls}):
        return True
    # What is only mentioned may be changed, but for a module.
    return not isinstance(statement, _IMPORTS) and bool(names & needed & shared)


def _needed_of_class(node: ast.ClassDef, methods: frozenset[str]) -> set[str]:
    """The names that the class's methods use, those of its other members that they use included."""
    needed, grown = set(methods), True
    for base in (*node.bases, *node.decorator_list):
        needed |= _names(base)
    while grown:
        grown = False
        for statement in node.body:
            inside = _names(statement)
            if not _is_definition(statement) and not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr):
                needed |= inside
            if (_bound(statement) & needed) and not inside <= needed:
                needed |= inside
                grown = True
    return needed


def _is_definition(statement: ast.stmt) -> bool:
    return isinstance(statement, _DEFINITIONS)


def _cut(statement: ast.stmt, cls: str, needed: set[str]) -> ast.stmt:
    """The class without the methods that are not needed."""
    if not isinstance(statement, ast.ClassDef) or statement.name != cls:
        return statement
    kept = [one for one in statement.body if not _is_definition(one) or _bound(one) & needed]
    cut = copy(statement)
    cut.body = kept or [ast.Pass()]
    return cut


def _names(node: ast.AST) -> set[str]:
    """Every name and attribute in a piece of source."""
    found = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    return found | {inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)}


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement binds in the module, or may bind."""
    if isinstance(statement, _DEFINITIONS):
        return {statement.name}
    stored = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    aliases = {n.asname or n.name.partition(".")[0] for n in ast.walk(statement) if isinstance(n, ast.alias)}
    inner = {n.name for n in ast.walk(statement) if isinstance(n, _DEFINITIONS)}
    captured = {n.name for n in ast.walk(statement) if isinstance(n, ast.MatchAs | ast.MatchStar) and n.name}
    rest = {n.rest for n in ast.walk(statement) if isinstance(n, ast.MatchMapping) and n.rest}
    return stored | aliases | inner | captured | rest
