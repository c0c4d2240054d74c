"""What the source of a Python model says, without running it."""

from __future__ import annotations

import ast
from typing import TypeAlias

from triton_kit.repository.text_format.source import Span

CLASS = "TritonPythonModel"
FunctionNode: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"


def model_class(tree: object) -> ast.ClassDef | None:
    """The class that the backend calls, where the module defines it at its top level."""
    if not isinstance(tree, ast.Module):
        return None
    return next((n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == CLASS), None)


def binds_class(tree: ast.Module) -> bool:
    """Whether the module can have that name in some way: a class, an assignment, an import, a star import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == CLASS:
            return True
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr | ast.For | ast.With) and any(
            isinstance(n, ast.Name) and n.id == CLASS and isinstance(n.ctx, ast.Store) for n in ast.walk(node)
        ):
            return True
        if isinstance(node, ast.Import | ast.ImportFrom) and any(
            (a.asname or a.name) in (CLASS, "*") for a in node.names
        ):
            return True
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("exec", "globals", "eval")
        ):
            return True
    return False


def completes(tree: object) -> bool:
    """Whether the model may complete its configuration: it has ``auto_complete_config``, or that is not known."""
    found = model_class(tree)
    if found is None:
        return True
    return bool(found.bases) or mentions(found, "auto_complete_config")


def mentions(tree: ast.AST, name: str) -> bool:
    """Whether anything of that name is defined, bound or used."""
    return any(name in (getattr(n, "name", ""), getattr(n, "id", ""), getattr(n, "attr", "")) for n in ast.walk(tree))


def method(found: ast.ClassDef, name: str) -> FunctionNode | None:
    """The class's own method of that name."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return next((n for n in found.body if isinstance(n, kinds) and n.name == name), None)


def assigned(found: ast.ClassDef, name: str) -> list[ast.stmt]:
    """Where a class gives an attribute of that name a value that cannot be called: in its body, or to self."""
    values: list[ast.stmt] = []
    own = (part for part in found.body if not isinstance(part, ast.ClassDef))
    for node in (inner for part in own for inner in ast.walk(part)):
        match node:
            case ast.Assign(targets=[target], value=value):
                pass
            case ast.AnnAssign(target=target, value=value):
                pass
            case _:
                continue
        of_class = isinstance(target, ast.Attribute) or node in found.body
        if of_class and _names(target, name) and isinstance(value, ast.Constant | ast.Compare | ast.List | ast.Dict):
            values.append(node)
    return values


def _names(target: ast.expr, name: str) -> bool:
    if isinstance(target, ast.Attribute):
        return target.attr == name and isinstance(target.value, ast.Name) and target.value.id == "self"
    return isinstance(target, ast.Name) and target.id == name


def required_parameters(function: FunctionNode) -> int:
    """How many positional parameters have no default; ``self`` counts."""
    return len(function.args.posonlyargs) + len(function.args.args) - len(function.args.defaults)


def returns_nothing(function: FunctionNode) -> bool:
    """Whether every way out gives nothing, or a plain constant; so it is where there is none but an exception."""
    own = [n for n in ast.walk(function) if isinstance(n, ast.Return)]
    return all(n.value is None or isinstance(n.value, ast.Constant) for n in own)


def place(node: FunctionNode) -> Span:
    """Where a function's name stands."""
    before = "async def " if isinstance(node, ast.AsyncFunctionDef) else "def "
    line, column = node.lineno, node.col_offset + len(before) + 1
    return Span(line=line, column=column, end_line=line, end_column=column + len(node.name))
