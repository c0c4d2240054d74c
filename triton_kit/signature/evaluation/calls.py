"""Calls: of functions and classes of the source, with their arguments bound as Python binds them."""

from __future__ import annotations

import ast

from triton_kit.signature.evaluation.core import call, calls, evaluate, execute
from triton_kit.signature.evaluation.fields import fill
from triton_kit.signature.evaluation.iteration import items
from triton_kit.signature.evaluation.reach import spoil
from triton_kit.signature.evaluation.run import Raised, Returned, Run
from triton_kit.signature.evaluation.values import (
    UNKNOWN,
    Arguments,
    Bound,
    Class,
    Frame,
    Function,
    Generated,
    Generator,
    Instance,
    NativeMethod,
)


def call_node(run: Run, frame: Frame, node: ast.Call) -> object:
    """The result of a call in the source."""
    function = evaluate(run, frame, node.func)
    positional: list[object] = []
    named: dict[str, object] = {}
    known = True
    for given in node.args:
        if isinstance(given, ast.Starred):
            value = evaluate(run, frame, given.value)
            more = items(run, value)
            positional += more or [value]
            known = known and more is not None
        else:
            positional.append(evaluate(run, frame, given))
    for keyword in node.keywords:
        value = evaluate(run, frame, keyword.value)
        if keyword.arg is not None:
            named[keyword.arg] = value
        elif type(value) is dict and not run.is_marked(value) and all(isinstance(key, str) for key in value):
            named.update(value)
        else:
            positional.append(value)
            known = False
    if not known:
        spoil(run, [function, *positional, *named.values()])
        run.may_raise()
        return UNKNOWN
    return call(run, function, (positional, named), node)


@calls(Bound)
def _bound(run: Run, bound: Bound, arguments: Arguments, node: ast.AST) -> object:
    return call(run, bound.function, ([bound.owner, *arguments[0]], arguments[1]), node)


@calls(Function)
def _function(run: Run, function: Function, arguments: Arguments, node: ast.AST) -> object:
    code = function.node
    frame = Frame(function.frame)
    _bind(function, frame, *arguments)
    if isinstance(code, ast.AsyncFunctionDef) or (isinstance(code, ast.FunctionDef) and is_generator(code)):
        # It runs later, at a time and as far as is not followed.
        spoil(run, [function, *arguments[0], *arguments[1].values()])
        return Generator(lambda: None)
    if isinstance(code, ast.Lambda):
        return evaluate(run, frame, code.body)
    try:
        execute(run, frame, code.body)
    except Returned as returned:
        run.returned_at = returned.node
        return returned.value
    run.returned_at = None
    return None


def is_generator(code: ast.FunctionDef) -> bool:
    """Whether calling a function only makes a generator."""
    todo: list[ast.AST] = list(code.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            todo += ast.iter_child_nodes(node)
    return False


def _bind(function: Function, frame: Frame, positional: list[object], named: dict[str, object]) -> None:
    """Bind the arguments to the parameters; raises Raised where they do not fit."""
    given = function.node.args
    names = [arg.arg for arg in (*given.posonlyargs, *given.args)]
    frame.names.update(zip(reversed(names), reversed(function.defaults), strict=False))
    frame.names.update(function.named_defaults)
    if len(positional) > len(names) and given.vararg is None:
        raise Raised(TypeError)
    bound = dict(zip(names, positional, strict=False))
    by_name = {*names[len(given.posonlyargs) :], *(arg.arg for arg in given.kwonlyargs)}
    surplus = {name: value for name, value in named.items() if name not in by_name}
    if (surplus and given.kwarg is None) or bound.keys() & (named.keys() - surplus.keys()):
        raise Raised(TypeError)
    frame.names.update(bound)
    frame.names.update({name: value for name, value in named.items() if name in by_name})
    if any(name not in frame.names for name in (*names, *(arg.arg for arg in given.kwonlyargs))):
        raise Raised(TypeError)
    if given.vararg is not None:
        frame.names[given.vararg.arg] = tuple(positional[len(names) :])
    if given.kwarg is not None:
        frame.names[given.kwarg.arg] = dict(surplus)


@calls(Class)
def _class(run: Run, cls: Class, arguments: Arguments, node: ast.AST) -> object:
    if cls.open or cls.find("__new__") is not None:
        spoil(run, [cls, *arguments[0], *arguments[1].values()])
        run.may_raise()
        return UNKNOWN
    made = Instance(cls)
    init = cls.find("__init__")
    if isinstance(init, Generated):
        fill(run, made, init.cls, arguments, node)
    elif isinstance(init, Function):
        call(run, Bound(init, made), arguments, node)
    elif init is not None:
        run.mark(made)
    elif arguments[0] or arguments[1]:
        raise Raised(TypeError)
    return made


@calls(NativeMethod)
def _native(run: Run, method: NativeMethod, arguments: Arguments, node: ast.AST) -> object:
    from triton_kit.signature.evaluation.methods import call_method

    return call_method(run, method, arguments, node)
