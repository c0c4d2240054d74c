"""Comprehensions and generator expressions."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TypeAlias

from triton_kit.signature.evaluation.core import evaluate, evaluates
from triton_kit.signature.evaluation.items import set_item
from triton_kit.signature.evaluation.iteration import items
from triton_kit.signature.evaluation.knowledge import SIZE, is_whole, truth
from triton_kit.signature.evaluation.operators import computed
from triton_kit.signature.evaluation.reach import forget
from triton_kit.signature.evaluation.run import Run
from triton_kit.signature.evaluation.statements import assign
from triton_kit.signature.evaluation.values import UNKNOWN, Frame, Generator, Unknown

_Each: TypeAlias = Callable[[Frame], None]


class _Unclear(Exception):
    """How often the comprehension goes round is not known."""


def _go_round(
    run: Run, frame: Frame, clauses: list[ast.comprehension], each: _Each, around: Frame | None = None
) -> None:
    if not clauses:
        each(frame)
        return
    first, *others = clauses
    found = None if first.is_async else items(run, evaluate(run, around or frame, first.iter))
    if found is None:
        raise _Unclear
    for value in found:
        run.enter()
        run.depth -= 1
        assign(run, frame, first.target, value)
        answers = [truth(run, evaluate(run, frame, test)) for test in first.ifs]
        if any(isinstance(answer, Unknown) for answer in answers):
            raise _Unclear
        if all(answers):
            _go_round(run, frame, others, each)


def _comprehend(run: Run, frame: Frame, node: ast.expr, clauses: list[ast.comprehension], each: _Each) -> bool:
    """Whether every round is known; where it is not, whatever the expression reaches is unknown."""
    try:
        if any(isinstance(inner, ast.NamedExpr | ast.Await) for inner in ast.walk(node)):
            raise _Unclear
        _go_round(run, Frame(frame), clauses, each, frame)
    except _Unclear:
        forget(run, Frame(frame), node)
        return False
    return True


def _listed(run: Run, frame: Frame, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> list[object] | None:
    found: list[object] = []

    def each(inner: Frame) -> None:
        found.append(evaluate(run, inner, node.elt))

    known = _comprehend(run, frame, node, node.generators, each)
    return found if known and len(found) <= SIZE else None


@evaluates(ast.ListComp)
def _list(run: Run, frame: Frame, node: ast.ListComp) -> object:
    found = _listed(run, frame, node)
    return UNKNOWN if found is None else found


@evaluates(ast.GeneratorExp)
def _generator(run: Run, frame: Frame, node: ast.GeneratorExp) -> object:
    return Generator(lambda: _listed(run, frame, node))


@evaluates(ast.SetComp)
def _set(run: Run, frame: Frame, node: ast.SetComp) -> object:
    found = _listed(run, frame, node)
    return computed(set, found) if found is not None and is_whole(run, found) else UNKNOWN


@evaluates(ast.DictComp)
def _dict(run: Run, frame: Frame, node: ast.DictComp) -> object:
    made: dict[object, object] = {}

    def each(inner: Frame) -> None:
        key = evaluate(run, inner, node.key)
        set_item(run, made, key, evaluate(run, inner, node.value))

    if not _comprehend(run, frame, node, node.generators, each):
        run.mark(made)
    return made
