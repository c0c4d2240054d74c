"""What a Python model's ``auto_complete_config`` makes of its configuration, as far as its code tells unexecuted."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from triton_kit.backends.types import ConfigTensor
from triton_kit.model.python_config import Call, ConfigObject
from triton_kit.repository.schema import message_type
from triton_kit.repository.tensor import DATA_TYPES, dims
from triton_kit.signature.evaluation.attributes import attribute
from triton_kit.signature.evaluation.core import call
from triton_kit.signature.evaluation.program import paths
from triton_kit.signature.evaluation.run import Path, Run
from triton_kit.signature.evaluation.values import UNKNOWN, Class, External, OpenDict, Place
from triton_kit.signature.python_source import CLASS

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelConfig, ModelInput, ModelOutput

_Message: TypeAlias = Literal[
    "dynamic_batching", "sequence_batching", "ensemble_scheduling", "model_transaction_policy"
]
_MESSAGES: tuple[_Message, ...] = (
    "dynamic_batching",
    "sequence_batching",
    "ensemble_scheduling",
    "model_transaction_policy",
)
"""What the server hands over only where the file has it."""
_TENSOR = frozenset(("format", "reshape", "label_filename", "is_shape_tensor", "is_non_linear_format_io"))


class PythonCompletion(NamedTuple):
    """A configuration after ``auto_complete_config``.

    ``added`` are the tensors that are not in the file, ``filled`` those of the file that it gives a type or dims, by
    kind and place. ``dynamic`` and ``decoupled`` say what it sets, if anything.
    """

    max_batch_size: int
    added: tuple[tuple[str, ConfigTensor], ...]
    filled: tuple[tuple[str, int, ConfigTensor], ...]
    dynamic: bool
    decoupled: bool | None


class Ending(NamedTuple):
    """An end of the function that the server refuses: it ``raises``, or ``returns`` something else; and where."""

    kind: Literal["raises", "returns"]
    value: object
    node: ast.AST | None


class Evaluation(NamedTuple):
    """What is known of the function.

    ``calls`` are made on every path, or refused on one way or another on each; ``doubtful`` are calls that are refused
    on some paths only, ``possible`` all that may be made. ``ending`` is an end that is refused in the same sense.
    ``completed`` is the configuration that it makes, ``None`` where that is not known, or refused. ``whole`` says that
    nothing is added but by the calls.
    """

    calls: tuple[Call, ...] = ()
    doubtful: tuple[Call, ...] = ()
    possible: tuple[Call, ...] = ()
    ending: Ending | None = None
    completed: PythonCompletion | None = None
    whole: bool = False

    @property
    def refused(self) -> bool:
        """Whether a call is refused in any case."""
        return any(call.refusal for call in self.calls)


UNTOLD = Evaluation()
"""Of code that cannot be followed."""


_Returned: TypeAlias = Literal["configuration", "other", "unknown"]


class _Outcome(NamedTuple):
    """What a path returns, and what became of the configuration."""

    returned: _Returned
    value: object
    node: ast.AST | None
    completed: PythonCompletion | None
    known: bool


_Made: TypeAlias = "list[list[Call]]"


def evaluate(tree: ast.Module, config: ModelConfig, name: str, file: str) -> Evaluation:
    """What the module's ``auto_complete_config`` does with a configuration; ``file`` is its path in the model."""

    def use(run: Run, cls: Class) -> object:
        found = ConfigObject(_state(config, name, file))
        function = attribute(run, cls, "auto_complete_config", tree)
        value = call(run, function, ([found], {}), tree)
        unknown = value is UNKNOWN or isinstance(value, External)
        returned: _Returned = "configuration" if value is found else "unknown" if unknown else "other"
        return _Outcome(returned, value, run.returned_at, _completed(run, found), _is_known(run, found))

    return _summary(paths(tree, CLASS, ("auto_complete_config",), Place(f"/{file}"), use))


def _state(config: ModelConfig, name: str, file: str) -> OpenDict:
    """The configuration as the server hands it over; what it fills in itself may be there."""
    state = OpenDict(
        {
            "name": name,
            "backend": "python",
            "max_batch_size": config.max_batch_size,
            "input": [_entry(tensor) for tensor in config.input],
            "output": [_entry(tensor) for tensor in config.output],
            "default_model_filename": file.rpartition("/")[2],
            "parameters": {key: {"string_value": value.string_value} for key, value in config.parameters.items()},
        }
    )
    state.update({field: UNKNOWN for field in _MESSAGES if config.has(field)})
    if config.has("model_transaction_policy"):
        state["model_transaction_policy"] = {"decoupled": config.model_transaction_policy.decoupled}
    state.maybe = frozenset(message_type("ModelConfig").fields) - set(_MESSAGES)
    return state


def _entry(tensor: ModelInput | ModelOutput) -> OpenDict:
    entry = OpenDict({"name": tensor.name, "data_type": tensor.data_type, "dims": list(tensor.dims)})
    for field in ("optional", "allow_ragged_batch"):
        if field in tensor.type_.fields:
            entry[field] = getattr(tensor, field)
    entry.maybe = _TENSOR
    return entry


def _summary(ways: list[Path]) -> Evaluation:
    made: _Made = [[event for event in way.events if isinstance(event, Call)] for way in ways]
    for way, calls in zip(ways, made, strict=True):
        if way.raised is not None and isinstance(way.raised.event, Call):
            calls.append(way.raised.event)
    endings = [_ending(way) for way in ways]
    every = {_key(call): call for calls in made for call in calls}
    common = set.intersection(*({_key(call) for call in calls} for calls in made))
    surely = all(_own(calls, common) or ending for calls, ending in zip(made, endings, strict=True))
    refused = {key for key, call in every.items() if call.refusal}
    certain = common | (refused if surely else set())
    return Evaluation(
        calls=tuple(call for key, call in every.items() if key in certain),
        doubtful=tuple(call for key, call in every.items() if key in refused - certain),
        possible=tuple(every.values()),
        ending=next((ending for ending in endings if ending), None) if surely else None,
        completed=None if refused or any(endings) else _agreed(ways),
        whole=all(way.end == "raised" or (isinstance(way.value, _Outcome) and way.value.known) for way in ways),
    )


def _own(calls: list[Call], common: set[tuple[object, ...]]) -> bool:
    """Whether something is refused that is not refused on all paths."""
    return any(call.refusal and _key(call) not in common for call in calls)


def _key(call: Call) -> tuple[object, ...]:
    node = call.node
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0), call.method, repr(call.argument)


def _ending(way: Path) -> Ending | None:
    if way.raised is not None:
        kind = way.raised.kind
        refused_call = isinstance(way.raised.event, Call)
        return None if refused_call else Ending("raises", kind.__name__ if kind else None, way.raised.node)
    if isinstance(way.value, _Outcome) and way.value.returned == "other":
        return Ending("returns", way.value.value, way.value.node)
    return None


def _agreed(ways: list[Path]) -> PythonCompletion | None:
    """What all paths end with."""
    outcomes = [way.value for way in ways if isinstance(way.value, _Outcome)]
    found = {outcome.completed for outcome in outcomes if outcome.returned == "configuration"}
    return found.pop() if len(outcomes) == len(ways) and len(found) == 1 else None


def _is_known(run: Run, config: ConfigObject) -> bool:
    """Whether everything that was added is known."""
    sides = [config.state.get(kind) for kind in ("input", "output")]
    return not run.is_marked(config.state) and all(isinstance(side, list) and not run.is_marked(side) for side in sides)


def _completed(run: Run, config: ConfigObject) -> PythonCompletion | None:
    if not _is_known(run, config):
        return None
    state, added, filled = config.state, [], []
    for kind in ("input", "output"):
        entries = state[kind]
        for at, entry in enumerate(entries if isinstance(entries, list) else ()):
            tensor = _tensor(run, entry)
            if id(entry) not in config.written:
                if tensor is None:
                    return None
                added.append((kind, tensor))
            elif isinstance(entry, OpenDict) and entry.changed and tensor is not None:
                filled.append((kind, at, tensor))
    size, policy = state.get("max_batch_size"), state.get("model_transaction_policy")
    decoupled = policy.get("decoupled", False) if isinstance(policy, dict) else policy
    if type(size) is not int or not isinstance(decoupled, bool | None):
        return None
    return PythonCompletion(size, tuple(added), tuple(filled), "dynamic_batching" in state, decoupled)


def _tensor(run: Run, entry: object) -> ConfigTensor | None:
    """The tensor that an entry describes; ``None`` for one of which core reads nothing, or that is not known."""
    if not isinstance(entry, dict) or run.is_marked(entry):
        return None
    name, data_type, sizes = entry.get("name"), entry.get("data_type"), entry.get("dims")
    optional = entry.get("optional", False)
    if not isinstance(name, str) or not isinstance(sizes, list | tuple) or run.is_marked(sizes) or not sizes:
        return None
    if (
        not isinstance(data_type, str)
        or data_type not in DATA_TYPES
        or not all(type(size) is int for size in sizes)
        or not isinstance(optional, bool)
    ):
        return None
    return ConfigTensor(name=name, data_type=data_type, dims=tuple(dims(sizes)), optional=optional)
