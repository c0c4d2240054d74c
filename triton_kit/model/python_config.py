"""The configuration object that a Python model completes: what it is called with, and what each of its methods does.

Source: python triton_python_backend_utils.py:ModelConfig.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import NamedTuple

from triton_kit.signature.evaluation.attributes import Attributes
from triton_kit.signature.evaluation.core import calls
from triton_kit.signature.evaluation.knowledge import same, truth
from triton_kit.signature.evaluation.run import Run
from triton_kit.signature.evaluation.values import UNKNOWN, Arguments, Host, OpenDict, Place

PARAMETERS = {
    "as_dict": None,
    "add_input": "input",
    "add_output": "output",
    "set_max_batch_size": "max_batch_size",
    "set_dynamic_batching": None,
    "set_model_transaction_policy": "transaction_policy_dict",
}
"""The methods, with the name of their parameter where they have one."""
_ALLOWED = {"add_input": ("name", "data_type", "dims", "optional"), "add_output": ("name", "data_type", "dims")}
REQUIRED = ("name", "data_type", "dims")


class Refusal(NamedTuple):
    """Why a call raises.

    ``kind`` says what is wrong, ``given`` is what the code gives, ``expected`` what is there already (or the keys that
    there may be), ``written`` whether that is in the file. ``node`` is where the code makes what it gives.
    """

    kind: str
    method: str
    given: object = None
    expected: object = None
    name: object = None
    written: bool = True
    origin: ast.AST | None = None


class Call(NamedTuple):
    """A call on the configuration, with what it is given, at that time; ``UNKNOWN`` where it is not known."""

    method: str
    argument: object
    node: ast.AST
    refusal: Refusal | None = None


class ConfigObject(Attributes):
    """The object; ``state`` is the configuration as a dictionary, ``written`` the entries that are in the file."""

    __slots__ = ("state", "written")

    def __init__(self, state: OpenDict) -> None:
        self.state = state
        entries = [*_list(state["input"]), *_list(state["output"])]
        self.written = [id(entry) for entry in entries]

    def attribute(self, run: Run, name: str, node: ast.AST) -> object:
        """A method or the dictionary; nothing else is there."""
        if name == "_model_config":
            return self.state
        if name in PARAMETERS:
            return Method(self, name)
        if not name.startswith("__"):
            run.fail(AttributeError, node, Call(name, UNKNOWN, node, Refusal("attribute", name)))
        return UNKNOWN


class Method(Host):
    """A method of the object."""

    __slots__ = ("config", "name")

    def __init__(self, config: ConfigObject, name: str) -> None:
        self.config = config
        self.name = name


@calls(Method)
def _method(run: Run, method: Method, arguments: Arguments, node: ast.AST) -> object:
    positional, named = arguments
    parameter = PARAMETERS[method.name]
    given = [*positional, *(value for name, value in named.items() if name == parameter)]
    if len(given) != (parameter is not None) or len(given) != len(positional) + len(named):
        _refuse(run, TypeError, node, UNKNOWN, Refusal("arguments", method.name))
        return UNKNOWN
    if method.name == "as_dict":
        return method.config.state
    argument = given[0] if given else None
    before = len(run.events)
    _METHODS[method.name](run, method.config, argument, node)
    if len(run.events) == before:
        run.record(Call(method.name, snapshot(run, argument), node))
    return None


def _refuse(run: Run, kind: type[BaseException], node: ast.AST, argument: object, refusal: Refusal) -> None:
    call = Call(refusal.method, snapshot(run, argument), node, refusal._replace(origin=run.origin(argument)))
    run.fail(kind, node, call)


def snapshot(run: Run, value: object, depth: int = 0) -> object:
    """A value as it is now, since what it is made of may change later."""
    if depth > 6 or run.is_marked(value):
        return UNKNOWN
    if type(value) is list or type(value) is tuple:
        return type(value)(snapshot(run, one, depth + 1) for one in value)
    if isinstance(value, dict):
        return {key: snapshot(run, one, depth + 1) for key, one in value.items()}
    return value if isinstance(value, str | int | float | None) else UNKNOWN


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _add(method: str) -> Callable[[Run, ConfigObject, object, ast.AST], None]:
    kind = method.removeprefix("add_")

    def add(run: Run, config: ConfigObject, given: object, node: ast.AST) -> None:
        entries = config.state.get(kind)
        if not isinstance(given, dict) or run.is_marked(given) or isinstance(given, OpenDict):
            if isinstance(given, str | int | float | list | tuple | None) and not run.is_marked(given):
                _refuse(run, TypeError, node, given, Refusal("not-a-dictionary", method, snapshot(run, given)))
            run.mark(entries)
            return
        refusal = _shape_of(method, given)
        if refusal is None and not run.is_marked(config.state) and isinstance(entries, list):
            refusal = _merge(run, config, method, entries, given)
        if refusal is not None:
            _refuse(run, ValueError, node, given, refusal)

    return add


def _shape_of(method: str, given: dict[object, object]) -> Refusal | None:
    """What is wrong with a description as such."""
    allowed = _ALLOWED[method]
    surplus = tuple(key for key in given if key not in allowed)
    missing = tuple(key for key in REQUIRED if key not in given)
    if surplus:
        return Refusal("surplus", method, surplus, missing or allowed)
    return Refusal("missing", method, missing) if missing else None


def _merge(
    run: Run, config: ConfigObject, method: str, entries: list[object], given: dict[object, object]
) -> Refusal | None:
    """Compare the description with the entry of that name, or append it."""
    if run.is_marked(entries):
        return None
    for entry in entries:
        if not isinstance(entry, dict) or run.is_marked(entry):
            run.mark(entries)
            return None
        answer = same(run, entry.get("name", UNKNOWN), given["name"])
        if answer is True:
            written = id(entry) in config.written
            found = _compared(run, method, entry, given)
            return found if found is None else found._replace(name=given["name"], written=written)
        if answer is not False:
            run.mark(entries)
            return None
    entries.append(given)
    return None


def _compared(run: Run, method: str, entry: dict[object, object], given: dict[object, object]) -> Refusal | None:
    data_type, dims = entry.get("data_type", UNKNOWN), entry.get("dims", UNKNOWN)
    if data_type is not UNKNOWN and data_type != "TYPE_INVALID" and same(run, data_type, given["data_type"]) is False:
        return Refusal("data_type", method, snapshot(run, given["data_type"]), data_type)
    if truth(run, dims) is True and same(run, dims, given["dims"]) is False:
        return Refusal("dims", method, snapshot(run, given["dims"]), snapshot(run, dims))
    both = "optional" in entry and "optional" in given
    if method == "add_input" and both and same(run, entry["optional"], given["optional"]) is False:
        return Refusal("optional", method, given["optional"], entry["optional"])
    entry.update({key: value for key, value in given.items() if key != "name"})
    if isinstance(entry, OpenDict):
        entry.changed = True
    return None


def _set_max_batch_size(run: Run, config: ConfigObject, given: object, node: ast.AST) -> None:
    size = UNKNOWN if run.is_marked(config.state) else config.state.get("max_batch_size", UNKNOWN)
    if isinstance(given, str | bytes | list | tuple | dict | None):
        _refuse(run, TypeError, node, given, Refusal("not-a-number", "set_max_batch_size", snapshot(run, given)))
    elif isinstance(given, int | float) and isinstance(size, int | float) and size > given:
        _refuse(run, ValueError, node, given, Refusal("max_batch_size", "set_max_batch_size", given, size))
    else:
        config.state["max_batch_size"] = given if isinstance(given, int | float) else UNKNOWN


def _set_dynamic_batching(run: Run, config: ConfigObject, given: object, node: ast.AST) -> None:  # noqa: ARG001
    if run.is_marked(config.state):
        return
    for scheduler in ("sequence_batching", "ensemble_scheduling"):
        if scheduler in config.state:
            _refuse(run, ValueError, node, None, Refusal("scheduler", "set_dynamic_batching", expected=scheduler))
            return
    config.state.setdefault("dynamic_batching", {})


def _set_policy(run: Run, config: ConfigObject, given: object, node: ast.AST) -> None:
    method = "set_model_transaction_policy"
    if isinstance(given, str | int | float | list | tuple | set | None) and not isinstance(given, Place):
        _refuse(run, AttributeError, node, given, Refusal("not-a-dictionary", method, snapshot(run, given)))
        return
    if not isinstance(given, dict) or run.is_marked(given) or run.is_marked(config.state):
        config.state["model_transaction_policy"] = UNKNOWN
        return
    surplus = tuple(key for key in given if key != "decoupled")
    if surplus:
        _refuse(run, ValueError, node, given, Refusal("surplus", method, surplus, ("decoupled",)))
        return
    policy = config.state.setdefault("model_transaction_policy", {})
    if not isinstance(policy, dict) or "decoupled" not in given:
        return
    if "decoupled" in policy and same(run, policy["decoupled"], given["decoupled"]) is False:
        refusal = Refusal("decoupled", method, snapshot(run, given["decoupled"]), policy["decoupled"])
        _refuse(run, ValueError, node, given, refusal)
        return
    policy["decoupled"] = given["decoupled"]


_METHODS: dict[str, Callable[[Run, ConfigObject, object, ast.AST], None]] = {
    "add_input": _add("add_input"),
    "add_output": _add("add_output"),
    "set_max_batch_size": _set_max_batch_size,
    "set_dynamic_batching": _set_dynamic_batching,
    "set_model_transaction_policy": _set_policy,
}
