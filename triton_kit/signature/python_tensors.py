"""The tensor names that a model.py asks for and gives, as far as they are written in it as text."""

from __future__ import annotations

import ast
from typing import NamedTuple

MODULE = "triton_python_backend_utils"
_CALLS = {"get_input_tensor_by_name": ("input", 1), "Tensor": ("output", 0), "from_dlpack": ("output", 0)}
"""Functions of that module: what they name, and the position of the name among the arguments."""
_OWNERS = frozenset(("self", "cls", "TritonPythonModel"))

Values = dict[str, "set[str | None]"]
"""What a name is bound to: texts, and ``None`` for anything else."""


class TensorUse(NamedTuple):
    """A tensor name in the source: ``kind`` is ``input`` or ``output``, the place from 1, its end behind the name."""

    kind: str
    name: str
    line: int
    column: int
    end_line: int
    end_column: int


def outputs_made(tree: ast.Module) -> frozenset[str] | None:
    """The names of all tensors that the code makes; ``None`` where one is computed, or made out of sight."""
    aliases, names = _imports(tree)
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)]
    makers = [n for n in calls if (_callee(n.func, aliases, names) or ("",))[0] == "output"]
    inside = {id(inner) for call in makers for inner in ast.walk(call.func)}
    mentioned = [
        n
        for n in ast.walk(tree)
        if (isinstance(n, ast.Attribute) and n.attr in ("Tensor", "from_dlpack"))
        or (isinstance(n, ast.Name) and names.get(n.id) == "Tensor")
    ]
    made = [use for use in find_uses(tree) if use.kind == "output"]
    if not made or len(made) != len(makers) or any(id(n) not in inside and _of_backend(n, aliases) for n in mentioned):
        return None
    return frozenset(use.name for use in made)


def _of_backend(node: ast.expr, aliases: set[str]) -> bool:
    """Whether that is the backend's class of tensors, and not that of another package."""
    owner = node.value if isinstance(node, ast.Attribute) else None
    return owner is None or not isinstance(owner, ast.Name) or owner.id in aliases


class _Scope:
    """A function (or the module, without ``outer``) and the names that are bound in it."""

    __slots__ = ("outer", "values")

    def __init__(self, outer: _Scope | None) -> None:
        self.outer = outer
        self.values: Values = {}

    def bind(self, name: str, value: str | None) -> None:
        self.values.setdefault(name, set()).add(value)

    def bind_unknown(self, names: list[str]) -> None:
        """Bind names to what is not known."""
        for name in names:
            self.bind(name, None)


def sends_requests(tree: ast.Module) -> bool:
    """Whether the model asks others, so that a tensor that it makes may be another model's input."""
    return any("InferenceRequest" in (getattr(n, "attr", ""), getattr(n, "id", "")) for n in ast.walk(tree))


def find_uses(tree: ast.Module) -> tuple[TensorUse, ...]:
    """Each name that stands as text, or in a constant of the module, the class, the object or the function.

    A name that is computed, or bound more than once to different things, is left out. In order of place.
    """
    attributes: Values = {}
    module = _Scope(None)
    calls: list[tuple[ast.Call, _Scope]] = []
    _survey(tree, module, attributes, calls)
    aliases, names = _imports(tree)
    found = []
    for call, scope in calls:
        what = _callee(call.func, aliases, names)
        if what is None:
            continue
        kind, place = what
        given = call.args[place] if len(call.args) > place else None
        given = given or next((k.value for k in call.keywords if k.arg == "name"), None)
        if given is None or any(isinstance(a, ast.Starred) for a in call.args):
            continue
        name = _resolve(given, scope, attributes)
        if name is not None:
            found.append(_use(kind, name, given))
    return tuple(sorted(found, key=lambda use: (use.line, use.column)))


def _use(kind: str, name: str, node: ast.expr) -> TensorUse:
    end = node.end_lineno or node.lineno, (node.end_col_offset or node.col_offset) + 1
    return TensorUse(kind, name, node.lineno, node.col_offset + 1, *end)


def _survey(tree: ast.Module, module: _Scope, attributes: Values, calls: list[tuple[ast.Call, _Scope]]) -> None:
    """Every call with its scope, and every binding; by a list of what is to do, however deep the source nests."""
    todo: list[tuple[ast.AST, _Scope, bool]] = [(tree, module, False)]
    known: set[ast.AST] = set()
    while todo:
        node, scope, in_class = todo.pop()
        inner, inner_class = scope, in_class
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                inner, inner_class = _function(node, scope, in_class), False
            case ast.arg(arg=name) | ast.alias(asname=str() as name) | ast.alias(name=name):
                scope.bind(name, None)
            case ast.ClassDef():
                inner_class = True
            case ast.Call():
                calls.append((node, scope))
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=value):
                known.add(target)
                _bind(target, _text(value), scope, attributes, in_class)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                scope.bind_unknown(names)
                module.bind_unknown(names)
            case (
                ast.ExceptHandler(name=str() as name)
                | ast.MatchAs(name=str() as name)
                | ast.MatchStar(name=str() as name)
            ):
                scope.bind(name, None)
            case ast.Name() | ast.Attribute() if not isinstance(node.ctx, ast.Load) and node not in known:
                # A loop, a with, an unpacking, a walrus, a deletion: anything but a plain assignment.
                _bind(node, None, scope, attributes, in_class)
        todo += [(child, inner, inner_class) for child in reversed(list(ast.iter_child_nodes(node)))]


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: _Scope, in_class: bool) -> _Scope:
    """The scope of a function; its name is bound outside, but for a method's."""
    if not in_class and not isinstance(node, ast.Lambda):
        scope.bind(node.name, None)
    return _Scope(scope)


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _bind(target: ast.expr, value: str | None, scope: _Scope, attributes: Values, in_class: bool) -> None:
    match target:
        case ast.Name(id=name) if in_class:
            attributes.setdefault(name, set()).add(value)
        case ast.Name(id=name):
            scope.bind(name, value)
        case ast.Attribute(value=ast.Name(), attr=name):
            attributes.setdefault(name, set()).add(value)


def _resolve(node: ast.expr, scope: _Scope, attributes: Values) -> str | None:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Name(id=name):
            where: _Scope | None = scope
            while where is not None and name not in where.values:
                where = where.outer
            return _only(where.values[name]) if where else None
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in _OWNERS:
            return _only(attributes.get(name, {None}))
    return None


def _only(values: set[str | None]) -> str | None:
    return next(iter(values)) if len(values) == 1 else None


def _imports(tree: ast.Module) -> tuple[set[str], dict[str, str]]:
    """The names of the backend's module, and those that were imported from it."""
    aliases: set[str] = set()
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {a.asname or a.name for a in node.names if a.name == MODULE}
        elif isinstance(node, ast.ImportFrom) and node.module == MODULE:
            names |= {a.asname or a.name: a.name for a in node.names}
            if "*" in names:
                names |= {name: name for name in _CALLS}
    return aliases, names


def _callee(function: ast.expr, aliases: set[str], names: dict[str, str]) -> tuple[str, int] | None:
    match function:
        case ast.Name(id=name):
            return _CALLS.get(names.get(name, ""))
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in aliases:
            return _CALLS.get(name)
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=owner), attr="Tensor"), attr="from_dlpack"):
            return _CALLS["from_dlpack"] if owner in aliases else None
        case ast.Attribute(value=ast.Name(id=owner), attr="from_dlpack") if names.get(owner) == "Tensor":
            return _CALLS["from_dlpack"]
        case ast.Attribute(attr="get_input_tensor_by_name"):
            # No other module has a function of that name.
            return _CALLS["get_input_tensor_by_name"]
    return None
