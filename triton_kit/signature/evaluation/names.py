"""Names: looking them up and binding them."""

from __future__ import annotations

import ast
import builtins

from triton_kit.signature.evaluation.values import UNKNOWN, Builtin, Frame

STAR = "*"
"""Bound in a module that imports everything from another."""
_BUILTINS = frozenset(dir(builtins))


def look_up(frame: Frame, name: str) -> object:
    """What a name means; what is not found is unknown, since it may be made in a way that is not followed."""
    where: Frame | None = frame
    if name in frame.declared:
        return frame.declared[name].names.get(name, UNKNOWN)
    while where is not None:
        if name in where.names and (where is frame or not where.is_class):
            return where.names[name]
        where = where.outer
    if name in _BUILTINS and STAR not in frame.module.names:
        return Builtin(name)
    return UNKNOWN


def bind(frame: Frame, name: str, value: object) -> None:
    """Give a name its value."""
    frame.declared.get(name, frame).names[name] = value


def declare(frame: Frame, node: ast.Global | ast.Nonlocal) -> None:
    """Let names be those of the module, or of the function around."""
    for name in node.names:
        owner: Frame | None = frame.module if isinstance(node, ast.Global) else frame.outer
        while isinstance(node, ast.Nonlocal) and owner is not None and (owner.is_class or name not in owner.names):
            owner = owner.outer
        frame.declared[name] = owner or frame.module
