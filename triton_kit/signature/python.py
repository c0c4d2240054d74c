"""What a model.py says of itself, read as a syntax tree: nothing in it is run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.files import explain, open_model

if TYPE_CHECKING:
    import ast

    from triton_kit.signature.python_tensors import TensorUse

_SIZE_LIMIT = 4 * 1024 * 1024
MODEL_CLASS = "TritonPythonModel"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntaxFault:
    """Why a file is no Python of the running version: the message, and where, both from 1."""

    message: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonModel:
    """A model.py for the Python backend.

    ``has_class`` tells whether the module defines (or imports or assigns) ``TritonPythonModel``; ``methods`` are those
    that the class defines itself, in order. ``inputs`` and ``outputs`` are the tensor names that the source has as text
    or in a constant, in ``get_input_tensor_by_name(..., "X")`` and ``Tensor("Y", ...)``, each once, in order; names
    that are computed are not among them. ``uses`` has each with its place. ``calls_others`` tells that the model sends
    requests to other models, so that its outputs may be their inputs. With a ``fault`` all the rest is empty.
    """

    has_class: bool = False
    methods: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    uses: tuple[TensorUse, ...] = ()
    calls_others: bool = False
    fault: SyntaxFault | None = None


def read(path: Path) -> PythonModel:
    """Reads a model.py without running it. Raises ModelFileError where the file itself cannot be read."""
    fd, size = open_model(path)
    try:
        if size > _SIZE_LIMIT:
            raise ModelFileError(path, f"has {size:,} bytes, too many for Python source", reason="foreign")
        with os.fdopen(os.dup(fd), "rb") as file:
            data = file.read(_SIZE_LIMIT)
    except OSError as error:
        raise explain(path, error) from None
    finally:
        os.close(fd)
    return parse(data)


def parse(source: bytes) -> PythonModel:
    """What Python source says, its encoding declaration respected."""
    import ast
    import warnings

    try:
        with warnings.catch_warnings():
            # Odd escapes in a model are none of the caller's business.
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except SyntaxError as error:
        return PythonModel(fault=SyntaxFault(message=error.msg, line=error.lineno or 1, column=error.offset or 1))
    except (ValueError, RecursionError, MemoryError) as error:
        return PythonModel(fault=SyntaxFault(message=str(error) or "too deeply nested", line=1, column=1))
    return _describe(tree)


def _describe(tree: ast.Module) -> PythonModel:
    import ast

    found = None
    named = False
    # Blocks such as `try:` and `if:` at the top of a module define names of the module, too.
    statements: list[ast.AST] = list(tree.body)
    while statements:
        statement = statements.pop(0)
        match statement:
            case ast.ClassDef(name="TritonPythonModel"):
                found = statement
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                continue
            case ast.ImportFrom(names=aliases) | ast.Import(names=aliases):
                named |= any((a.asname or a.name) in {MODEL_CLASS, "*"} for a in aliases)
            case ast.Name(id="TritonPythonModel", ctx=ast.Store()):
                named = True
            case _:
                statements += ast.iter_child_nodes(statement)
    methods = [m.name for m in found.body if isinstance(m, (ast.FunctionDef, ast.AsyncFunctionDef))] if found else []
    from triton_kit.signature.python_tensors import find_uses, sends_requests

    uses = find_uses(tree)
    inputs = dict.fromkeys(use.name for use in uses if use.kind == "input")
    outputs = dict.fromkeys(use.name for use in uses if use.kind == "output")
    return PythonModel(
        has_class=named or found is not None,
        methods=tuple(methods),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        uses=uses,
        calls_others=sends_requests(tree),
    )
