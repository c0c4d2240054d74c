"""Statements that raise, handle and clean up."""

from __future__ import annotations

import ast
import builtins

from triton_kit.signature.evaluation.core import evaluate, execute, executes
from triton_kit.signature.evaluation.names import bind
from triton_kit.signature.evaluation.run import Broke, Continued, Raised, Returned, Run
from triton_kit.signature.evaluation.statements import assign
from triton_kit.signature.evaluation.values import UNKNOWN, Builtin, Frame


@executes(ast.Raise)
def _raise(run: Run, frame: Frame, node: ast.Raise) -> None:
    if node.exc is None:
        raise run.handled[-1] if run.handled else Raised(None, node)
    named = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    kind = evaluate(run, frame, named)
    if isinstance(node.exc, ast.Call):
        evaluate(run, frame, node.exc)
    raise Raised(_exception(kind), node)


def _exception(value: object) -> type[BaseException] | None:
    found = getattr(builtins, value.name, None) if isinstance(value, Builtin) else None
    return found if isinstance(found, type) and issubclass(found, BaseException) else None


@executes(ast.Try)
def _try(run: Run, frame: Frame, node: ast.Try) -> None:
    try:
        _handle(run, frame, node)
    except (Raised, Returned, Broke, Continued):
        execute(run, frame, node.finalbody)
        raise
    execute(run, frame, node.finalbody)


def _handle(run: Run, frame: Frame, node: ast.Try) -> None:
    caught: Raised | None = None
    before, depth = run.guarded, run.depth
    run.guarded += bool(node.handlers)
    try:
        execute(run, frame, node.body)
    except Raised as raised:
        caught = raised
    finally:
        run.guarded, run.depth = before, depth
    if caught is None:
        execute(run, frame, node.orelse)
        return
    for handler in node.handlers:
        if not _matches(run, frame, handler.type, caught):
            continue
        if handler.name:
            bind(frame, handler.name, UNKNOWN)
        run.handled.append(caught)
        try:
            execute(run, frame, handler.body)
        finally:
            run.handled.pop()
        return
    raise caught


def _matches(run: Run, frame: Frame, node: ast.expr | None, raised: Raised) -> bool:
    """Whether a handler is for what is raised; where that is not known, both ways are taken."""
    if node is None:
        return True
    value = evaluate(run, frame, node)
    kinds = [_exception(kind) for kind in (value if isinstance(value, tuple) else (value,))]
    if BaseException in kinds or (Exception in kinds and (raised.kind is None or issubclass(raised.kind, Exception))):
        return True
    if raised.kind is None or None in kinds:
        return run.choose()
    return any(kind is not None and issubclass(raised.kind, kind) for kind in kinds)


@executes(ast.With)
def _with(run: Run, frame: Frame, node: ast.With) -> None:
    opens = True
    for one in node.items:
        value = evaluate(run, frame, one.context_expr)
        called = one.context_expr.func if isinstance(one.context_expr, ast.Call) else None
        opens = opens and isinstance(called, ast.Name) and called.id == "open" and value is UNKNOWN
        if one.optional_vars is not None:
            assign(run, frame, one.optional_vars, UNKNOWN)
    before, depth = run.guarded, run.depth
    run.guarded += not opens
    try:
        execute(run, frame, node.body)
    except Raised:
        # A context manager may keep an exception to itself.
        if opens or run.choose():
            raise
    finally:
        run.guarded, run.depth = before, depth
