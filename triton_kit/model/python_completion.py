"""What a Python model's ``auto_complete_config`` says, as far as its code shows without being run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from triton_kit.backends.types import ConfigTensor
from triton_kit.repository.tensor import DATA_TYPES, dims

METHODS = ("add_input", "add_output", "set_max_batch_size", "set_dynamic_batching", "set_model_transaction_policy")


class Call(NamedTuple):
    """A call on the configuration that is made in any case, with its argument where that is a literal.

    ``known`` is false where the argument is computed.
    """

    method: str
    argument: object
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


def _value(node: ast.expr | None, values: dict[str, ast.expr]) -> tuple[object, bool]:
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


class PythonCompletion(NamedTuple):
    """What a configuration is after ``auto_complete_config``: the largest batch, and the tensors that it adds."""

    max_batch_size: int
    inputs: tuple[ConfigTensor, ...]
    outputs: tuple[ConfigTensor, ...]
    dynamic: bool
    decoupled: bool | None


def outcome(function: ast.FunctionDef, max_batch_size: int) -> PythonCompletion | None:
    """What the function adds; ``None`` where running it would be needed to tell, or where it is refused.

    ``max_batch_size`` is that of the file. Source: python triton_python_backend_utils.py:ModelConfig.
    """
    if not _is_plain(function):
        return None
    tensors: dict[str, dict[str, ConfigTensor]] = {"add_input": {}, "add_output": {}}
    dynamic, decoupled = False, None
    for call in calls(function):
        given = call.argument
        if call.method == "set_dynamic_batching":
            dynamic = True
        elif not call.known:
            return None
        elif call.method == "set_max_batch_size":
            if type(given) is not int or given < max_batch_size:
                return None
            max_batch_size = given
        elif call.method == "set_model_transaction_policy":
            if not isinstance(given, dict) or set(given) != {"decoupled"}:
                return None
            decoupled = bool(given["decoupled"])
        elif (tensor := _tensor(given)) is None:
            return None
        else:
            tensors[call.method].setdefault(tensor.name, tensor)
    inputs, outputs = (tuple(tensors[method].values()) for method in ("add_input", "add_output"))
    return PythonCompletion(max_batch_size, inputs, outputs, dynamic, decoupled)


def _tensor(given: object) -> ConfigTensor | None:
    """The tensor that a dictionary describes; ``None`` for anything else, and where the server would refuse it."""
    match given:
        case {"name": str(name), "data_type": str(data_type), "dims": list(sizes), **rest} if (
            rest.keys() <= {"optional"}
            and data_type in DATA_TYPES
            and sizes
            and all(type(size) is int for size in sizes)
        ):
            optional = bool(rest.get("optional", False))
            return ConfigTensor(name=name, data_type=data_type, dims=tuple(dims(sizes)), optional=optional)
    return None


def _is_plain(function: ast.FunctionDef) -> bool:
    """Whether the function only assigns, and calls the configuration's methods one after the other."""
    parameters = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    if not parameters or function.args.vararg or function.args.kwarg:
        return False
    config, seen = parameters[-1], 0
    for statement in function.body:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr))) if name == config:
                if attr not in METHODS:
                    return False
                seen += 1
            case ast.Return(value=ast.Name(id=name)) if name == config:
                seen += 1
            case ast.Assign(value=value):
                if not isinstance(value, ast.Constant | ast.Dict | ast.List | ast.Tuple):
                    return False
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass
            case _:
                return False
    # Whatever else the function does with its argument is not followed.
    return seen == sum(isinstance(node, ast.Name) and node.id == config for node in ast.walk(function))
