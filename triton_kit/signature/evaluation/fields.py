"""Objects of dataclasses: their fields bound as the generated ``__init__`` binds them."""

from __future__ import annotations

import ast

from triton_kit.signature.evaluation.core import call
from triton_kit.signature.evaluation.run import Raised, Run
from triton_kit.signature.evaluation.values import MISSING, Arguments, Bound, Class, Function, Instance


def fill(run: Run, made: Instance, cls: Class, arguments: Arguments, node: ast.AST) -> None:
    """Give a new object the fields of a dataclass; raises Raised where the arguments do not fit them."""
    positional, named = arguments
    fields = cls.fields or {}
    names = [] if cls.named else list(fields)
    given = dict(zip(names, positional, strict=False))
    if len(positional) > len(names) or given.keys() & named.keys() or named.keys() - fields.keys():
        raise Raised(TypeError)
    given |= named
    if any(name not in given and not field.optional for name, field in fields.items()):
        raise Raised(TypeError)
    for name, field in fields.items():
        if name in given:
            made.attributes[name] = given[name]
        elif field.factory is not MISSING:
            made.attributes[name] = call(run, field.factory, ([], {}), node)
        else:
            made.attributes[name] = field.default
    after = made.cls.find("__post_init__")
    if isinstance(after, Function):
        call(run, Bound(after, made), ([], {}), node)
    elif after is not None:
        run.mark(made)
