"""Expressions: constants, names, displays, operators, conditions, texts."""

from __future__ import annotations

import ast
from collections.abc import Callable

from triton_kit.signature.evaluation.attributes import attribute
from triton_kit.signature.evaluation.calls import call_node
from triton_kit.signature.evaluation.core import evaluate, evaluates
from triton_kit.signature.evaluation.items import item, set_item
from triton_kit.signature.evaluation.iteration import items
from triton_kit.signature.evaluation.knowledge import PLAIN, SIZE, branch, is_small, is_whole, truth
from triton_kit.signature.evaluation.names import bind, look_up
from triton_kit.signature.evaluation.operators import WIDE, binary, compare, computed, unary
from triton_kit.signature.evaluation.reach import forget
from triton_kit.signature.evaluation.run import Run
from triton_kit.signature.evaluation.values import UNKNOWN, Frame, Function, FunctionNode, Place, Unknown

evaluates(ast.Call)(call_node)


@evaluates(ast.Constant)
def _constant(run: Run, frame: Frame, node: ast.Constant) -> object:
    return node.value if isinstance(node.value, PLAIN) and is_small(node.value) else UNKNOWN


@evaluates(ast.Name)
def _name(run: Run, frame: Frame, node: ast.Name) -> object:
    return look_up(frame, node.id)


@evaluates(ast.NamedExpr)
def _named(run: Run, frame: Frame, node: ast.NamedExpr) -> object:
    value = evaluate(run, frame, node.value)
    bind(frame, node.target.id, value)
    return value


def elements(run: Run, frame: Frame, nodes: list[ast.expr]) -> list[object] | None:
    """The values of a display's elements; ``None`` where it is not known how many there are."""
    found: list[object] = []
    known = True
    for node in nodes:
        if not isinstance(node, ast.Starred):
            found.append(evaluate(run, frame, node))
            continue
        more = items(run, evaluate(run, frame, node.value))
        known = known and more is not None and len(found) + len(more) <= SIZE
        found += (more or ())[:SIZE]
    return found if known else None


@evaluates(ast.List)
def _list(run: Run, frame: Frame, node: ast.List) -> object:
    found = elements(run, frame, node.elts)
    if found is None:
        return UNKNOWN
    run.made_at(found, node)
    return found


@evaluates(ast.Tuple)
def _tuple(run: Run, frame: Frame, node: ast.Tuple) -> object:
    found = elements(run, frame, node.elts)
    return UNKNOWN if found is None else tuple(found)


@evaluates(ast.Set)
def _set(run: Run, frame: Frame, node: ast.Set) -> object:
    found = elements(run, frame, node.elts)
    return computed(set, found) if found is not None and is_whole(run, found) else UNKNOWN


@evaluates(ast.Dict)
def _dict(run: Run, frame: Frame, node: ast.Dict) -> object:
    made: dict[object, object] = {}
    run.made_at(made, node)
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None:
            name = evaluate(run, frame, key)
            set_item(run, made, name, evaluate(run, frame, value))
            continue
        more = evaluate(run, frame, value)
        if type(more) is dict and not run.is_marked(more):
            made.update(more)
        else:
            run.mark(made)
    return made


@evaluates(ast.BinOp)
def _binary(run: Run, frame: Frame, node: ast.BinOp) -> object:
    one = evaluate(run, frame, node.left)
    return binary(run, node.op, one, evaluate(run, frame, node.right))


@evaluates(ast.UnaryOp)
def _unary(run: Run, frame: Frame, node: ast.UnaryOp) -> object:
    return unary(run, node.op, evaluate(run, frame, node.operand))


_ACTS = (ast.Call, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)


@evaluates(ast.BoolOp)
def _boolean(run: Run, frame: Frame, node: ast.BoolOp) -> object:
    ends = isinstance(node.op, ast.Or)
    for at, operand in enumerate(node.values[:-1]):
        value = evaluate(run, frame, operand)
        known = truth(run, value)
        if not isinstance(known, Unknown):
            if known is ends:
                return value
            continue
        if not any(isinstance(inner, _ACTS) for rest in node.values[at + 1 :] for inner in ast.walk(rest)):
            # What is left has no effect, and whether it is come to is not known.
            return UNKNOWN
        if run.choose() is ends:
            return ends if isinstance(operand, ast.Compare) else UNKNOWN
    return evaluate(run, frame, node.values[-1])


@evaluates(ast.Compare)
def _compare(run: Run, frame: Frame, node: ast.Compare) -> object:
    one = evaluate(run, frame, node.left)
    result: object = True
    for kind, side in zip(node.ops, node.comparators, strict=True):
        other = evaluate(run, frame, side)
        answer = compare(run, kind, one, other)
        if answer is False:
            return False
        result = UNKNOWN if answer is UNKNOWN else result
        one = other
    return result


@evaluates(ast.IfExp)
def _condition(run: Run, frame: Frame, node: ast.IfExp) -> object:
    taken = node.body if branch(run, evaluate(run, frame, node.test)) else node.orelse
    return evaluate(run, frame, taken)


@evaluates(ast.Subscript)
def _subscript(run: Run, frame: Frame, node: ast.Subscript) -> object:
    value = evaluate(run, frame, node.value)
    return item(run, value, evaluate(run, frame, node.slice))


@evaluates(ast.Slice)
def _slice(run: Run, frame: Frame, node: ast.Slice) -> object:
    parts = [None if part is None else evaluate(run, frame, part) for part in (node.lower, node.upper, node.step)]
    return slice(*parts) if all(part is None or isinstance(part, int) for part in parts) else UNKNOWN


@evaluates(ast.Attribute)
def _attribute(run: Run, frame: Frame, node: ast.Attribute) -> object:
    return attribute(run, evaluate(run, frame, node.value), node.attr, node)


@evaluates(ast.JoinedStr)
def _joined(run: Run, frame: Frame, node: ast.JoinedStr) -> object:
    parts = [evaluate(run, frame, part) for part in node.values]
    if parts and isinstance(parts[0], Place) and all(isinstance(part, str) for part in parts[1:]):
        return Place(parts[0].text + "".join(str(part) for part in parts[1:]))
    if not all(isinstance(part, str) for part in parts):
        return UNKNOWN
    text = "".join(str(part) for part in parts)
    return text if is_small(text) else UNKNOWN


@evaluates(ast.FormattedValue)
def _formatted(run: Run, frame: Frame, node: ast.FormattedValue) -> object:
    value = evaluate(run, frame, node.value)
    width = "" if node.format_spec is None else evaluate(run, frame, node.format_spec)
    if isinstance(value, Place) and not width:
        return value
    if not is_whole(run, value) or not isinstance(width, str) or WIDE.search(width):
        return UNKNOWN
    conversions: dict[int, Callable[..., object]] = {115: str, 114: repr, 97: ascii}
    converted = conversions.get(node.conversion)
    return computed(format, value if converted is None else computed(converted, value), width)


@evaluates(ast.Lambda)
def _lambda(run: Run, frame: Frame, node: ast.Lambda) -> object:
    return function(run, frame, node)


def function(run: Run, frame: Frame, node: FunctionNode) -> Function:
    """A function with the values of its defaults."""
    defaults = [evaluate(run, frame, default) for default in node.args.defaults]
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    named = {arg.arg: evaluate(run, frame, default) for arg, default in pairs if default is not None}
    return Function(node, frame, defaults, named)


@evaluates(ast.Await, ast.Yield, ast.YieldFrom, ast.Starred)
def _beyond(run: Run, frame: Frame, node: ast.expr) -> object:
    forget(run, frame, node)
    return UNKNOWN
