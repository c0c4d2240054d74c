"""What a Python model's ``auto_complete_config`` says, as far as its code tells without being run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple

METHODS = ("add_input", "add_output", "set_max_batch_size", "set_dynamic_batching", "set_model_transaction_policy")


class Call(NamedTuple):
    """A call on the configuration that is made in any case, with its argument where that is a literal.

    ``known`` is false where the argument is computed.
    """

    method: str
    argument: Any
    known: bool
    node: ast.Call


def calls(function: ast.FunctionDef) -> Iterator[Call]:
    """The calls on the function's argument in order, up to the first branch or loop."""
    parameters = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    if not parameters:
        return
    config = parameters[-1]
    values: dict[str, ast.expr] = {}
    for statement in function.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            if isinstance(target, ast.Name):
                values[target.id] = statement.value
            continue
        if not isinstance(statement, ast.Expr):
            if isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass | ast.AnnAssign):
                continue
            return
        found = statement.value
        if not isinstance(found, ast.Call) or not isinstance(found.func, ast.Attribute):
            continue
        owner = found.func.value
        if isinstance(owner, ast.Name) and owner.id == config and found.func.attr in METHODS:
            argument, known = _value(found.args[0] if len(found.args) == 1 else None, values)
            yield Call(found.func.attr, argument, known, found)


def _value(node: ast.expr | None, values: dict[str, ast.expr]) -> tuple[Any, bool]:
    if isinstance(node, ast.Name):
        node = values.get(node.id)
    if node is None:
        return None, False
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args:
        pairs = {k.arg: _value(k.value, values) for k in node.keywords}
        return {name: value for name, (value, _) in pairs.items()}, all(known for _, known in pairs.values())
    try:
        return ast.literal_eval(node), True
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None, False
