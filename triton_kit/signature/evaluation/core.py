"""Evaluating a node, executing a statement, calling a value: each by the kind of what it is."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import TypeVar

from triton_kit.signature.evaluation.run import Raised, Run
from triton_kit.signature.evaluation.values import UNKNOWN, Arguments, Frame

EXPRESSIONS: dict[type[ast.AST], Callable[..., object]] = {}
STATEMENTS: dict[type[ast.AST], Callable[..., None]] = {}
CALLS: dict[type, Callable[..., object]] = {}

_F = TypeVar("_F", bound=Callable[..., object])


def evaluates(*kinds: type[ast.AST]) -> Callable[[_F], _F]:
    """Register how expressions of these kinds are evaluated."""

    def register(function: _F) -> _F:
        EXPRESSIONS.update(dict.fromkeys(kinds, function))
        return function

    return register


def executes(*kinds: type[ast.AST]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register how statements of these kinds are executed."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        STATEMENTS.update(dict.fromkeys(kinds, function))
        return function

    return register


def calls(kind: type) -> Callable[[_F], _F]:
    """Register how values of a kind are called."""

    def register(function: _F) -> _F:
        CALLS[kind] = function
        return function

    return register


def evaluate(run: Run, frame: Frame, node: ast.expr) -> object:
    """The value of an expression."""
    run.enter()
    try:
        function = EXPRESSIONS.get(type(node))
        return UNKNOWN if function is None else function(run, frame, node)
    finally:
        run.depth -= 1


def execute(run: Run, frame: Frame, statements: Iterable[ast.stmt]) -> None:
    """Execute statements in order."""
    from triton_kit.signature.evaluation.reach import forget

    for node in statements:
        run.enter()
        try:
            function = STATEMENTS.get(type(node))
            if function is None:
                forget(run, frame, node)
            else:
                function(run, frame, node)
        except Raised as raised:
            raised.node = raised.node or node
            raise
        finally:
            run.depth -= 1


def call(run: Run, function: object, arguments: Arguments, node: ast.AST) -> object:
    """The result of a call."""
    from triton_kit.signature.evaluation.knowledge import CONTAINERS, PLAIN
    from triton_kit.signature.evaluation.reach import spoil

    run.enter()
    try:
        known = next((CALLS[kind] for kind in type(function).__mro__ if kind in CALLS), None)
        if known is not None:
            return known(run, function, arguments, node)
        if isinstance(function, (*PLAIN, *CONTAINERS, range)):
            raise Raised(TypeError, node)
        spoil(run, [function, *arguments[0], *arguments[1].values()])
        run.may_raise()
        return UNKNOWN
    finally:
        run.depth -= 1
