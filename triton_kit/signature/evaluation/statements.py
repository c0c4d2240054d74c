"""Statements: assignments, conditions, loops, definitions, imports."""

from __future__ import annotations

import ast

from triton_kit.signature.evaluation.attributes import attribute, set_attribute
from triton_kit.signature.evaluation.core import evaluate, execute, executes
from triton_kit.signature.evaluation.dataclasses import dataclass_options, make_dataclass
from triton_kit.signature.evaluation.expressions import function
from triton_kit.signature.evaluation.items import delete_item, item, set_item
from triton_kit.signature.evaluation.iteration import items
from triton_kit.signature.evaluation.knowledge import branch, truth
from triton_kit.signature.evaluation.names import STAR, bind, declare, look_up
from triton_kit.signature.evaluation.operators import in_place
from triton_kit.signature.evaluation.reach import forget, spoil
from triton_kit.signature.evaluation.run import Broke, Continued, Raised, Returned, Run
from triton_kit.signature.evaluation.values import UNKNOWN, Builtin, Class, External, Frame, Unknown


@executes(ast.Expr)
def _expression(run: Run, frame: Frame, node: ast.Expr) -> None:
    if not isinstance(node.value, ast.Constant):
        evaluate(run, frame, node.value)


@executes(ast.Pass)
def _pass(run: Run, frame: Frame, node: ast.Pass) -> None:
    """Nothing."""


@executes(ast.Assign)
def _assign(run: Run, frame: Frame, node: ast.Assign) -> None:
    value = evaluate(run, frame, node.value)
    for target in node.targets:
        assign(run, frame, target, value)


@executes(ast.AnnAssign)
def _annotated(run: Run, frame: Frame, node: ast.AnnAssign) -> None:
    if node.value is not None:
        assign(run, frame, node.target, evaluate(run, frame, node.value))


@executes(ast.AugAssign)
def _augmented(run: Run, frame: Frame, node: ast.AugAssign) -> None:
    match node.target:
        case ast.Name(id=name):
            bind(frame, name, in_place(run, node.op, look_up(frame, name), evaluate(run, frame, node.value)))
        case ast.Attribute(value=owner, attr=name):
            value = evaluate(run, frame, owner)
            one = attribute(run, value, name, node)
            set_attribute(run, value, name, in_place(run, node.op, one, evaluate(run, frame, node.value)))
        case ast.Subscript(value=owner, slice=key):
            value, at = evaluate(run, frame, owner), evaluate(run, frame, key)
            one = item(run, value, at)
            set_item(run, value, at, in_place(run, node.op, one, evaluate(run, frame, node.value)))


def assign(run: Run, frame: Frame, target: ast.expr, value: object) -> None:
    """Assign a value to a target."""
    match target:
        case ast.Name(id=name):
            bind(frame, name, value)
        case ast.Attribute(value=owner, attr=name):
            set_attribute(run, evaluate(run, frame, owner), name, value)
        case ast.Subscript(value=owner, slice=key):
            at = evaluate(run, frame, owner)
            set_item(run, at, evaluate(run, frame, key), value)
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            _unpack(run, frame, targets, value)
        case ast.Starred(value=inner):
            assign(run, frame, inner, UNKNOWN)


def _unpack(run: Run, frame: Frame, targets: list[ast.expr], value: object) -> None:
    found = items(run, value)
    star = next((at for at, target in enumerate(targets) if isinstance(target, ast.Starred)), None)
    if found is None:
        run.may_raise()
        for target in targets:
            assign(run, frame, target, UNKNOWN)
        return
    surplus = len(found) - len(targets)
    if surplus < 0 - (star is not None) or (surplus > 0 and star is None):
        raise Raised(ValueError)
    if star is not None:
        found[star : star + surplus + 1] = [found[star : star + surplus + 1]]
        starred = targets[star]
        targets = [
            *targets[:star],
            starred.value if isinstance(starred, ast.Starred) else starred,
            *targets[star + 1 :],
        ]
    for target, one in zip(targets, found, strict=True):
        assign(run, frame, target, one)


@executes(ast.Delete)
def _delete(run: Run, frame: Frame, node: ast.Delete) -> None:
    for target in node.targets:
        match target:
            case ast.Name(id=name):
                frame.names.pop(name, None)
            case ast.Subscript(value=owner, slice=key):
                value = evaluate(run, frame, owner)
                delete_item(run, value, evaluate(run, frame, key))
            case _:
                forget(run, frame, target)


@executes(ast.Global, ast.Nonlocal)
def _declare(run: Run, frame: Frame, node: ast.Global | ast.Nonlocal) -> None:
    declare(frame, node)


@executes(ast.Return)
def _return(run: Run, frame: Frame, node: ast.Return) -> None:
    raise Returned(None if node.value is None else evaluate(run, frame, node.value), node)


@executes(ast.Break)
def _break(run: Run, frame: Frame, node: ast.Break) -> None:
    raise Broke


@executes(ast.Continue)
def _continue(run: Run, frame: Frame, node: ast.Continue) -> None:
    raise Continued


@executes(ast.If)
def _if(run: Run, frame: Frame, node: ast.If) -> None:
    execute(run, frame, node.body if branch(run, evaluate(run, frame, node.test)) else node.orelse)


@executes(ast.Assert)
def _assert(run: Run, frame: Frame, node: ast.Assert) -> None:
    answer = truth(run, evaluate(run, frame, node.test))
    if isinstance(answer, Unknown):
        run.may_raise()
    elif not answer:
        raise Raised(AssertionError, node)


@executes(ast.For)
def _for(run: Run, frame: Frame, node: ast.For) -> None:
    found = items(run, evaluate(run, frame, node.iter))
    if found is None:
        forget(run, frame, node)
        return
    for value in found:
        assign(run, frame, node.target, value)
        try:
            execute(run, frame, node.body)
        except Broke:
            return
        except Continued:
            continue
    execute(run, frame, node.orelse)


@executes(ast.While)
def _while(run: Run, frame: Frame, node: ast.While) -> None:
    while True:
        answer = truth(run, evaluate(run, frame, node.test))
        if isinstance(answer, Unknown):
            forget(run, frame, node)
            return
        if not answer:
            break
        try:
            execute(run, frame, node.body)
        except Broke:
            return
        except Continued:
            continue
    execute(run, frame, node.orelse)


@executes(ast.FunctionDef, ast.AsyncFunctionDef)
def _define(run: Run, frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    made = function(run, frame, node)
    decorators = [evaluate(run, frame, decorator) for decorator in node.decorator_list]
    if not decorators:
        bind(frame, node.name, made)
    elif len(decorators) == 1 and _builtin_name(decorators[0]) in ("staticmethod", "classmethod"):
        made.kind = _builtin_name(decorators[0])
        bind(frame, node.name, made)
    else:
        spoil(run, [*decorators, made])
        bind(frame, node.name, UNKNOWN)


def _builtin_name(value: object) -> str:
    return value.name if isinstance(value, Builtin) else ""


@executes(ast.ClassDef)
def _class(run: Run, frame: Frame, node: ast.ClassDef) -> None:
    decorators = [evaluate(run, frame, decorator) for decorator in node.decorator_list]
    bases = [evaluate(run, frame, base) for base in node.bases]
    inner = Frame(frame, is_class=True)
    execute(run, inner, node.body)
    own = [base for base in bases if isinstance(base, Class)]
    beyond = any(not isinstance(base, Class) and _builtin_name(base) != "object" for base in bases)
    made = Class(node.name, own, inner.names, is_open=beyond or bool(node.keywords))
    options = dataclass_options(decorators[0]) if len(decorators) == 1 else None
    if options is not None and make_dataclass(made, node, options):
        decorators = []
    if decorators:
        spoil(run, [made, *decorators])
    bind(frame, node.name, UNKNOWN if decorators else made)


@executes(ast.Import)
def _import(run: Run, frame: Frame, node: ast.Import) -> None:
    run.may_raise()
    for name in node.names:
        root = name.name if name.asname else name.name.partition(".")[0]
        bind(frame, name.asname or root, External(root))


@executes(ast.ImportFrom)
def _import_from(run: Run, frame: Frame, node: ast.ImportFrom) -> None:
    run.may_raise()
    module = "." * node.level + (node.module or "")
    for name in node.names:
        if name.name == "*":
            frame.module.names[STAR] = UNKNOWN
        else:
            bind(frame, name.asname or name.name, External(f"{module}.{name.name}"))
