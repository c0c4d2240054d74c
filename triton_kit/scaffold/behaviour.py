"""How a model answers: by calling other models, in a stream, or with a memory of its sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from triton_kit.backends.types import Backend
from triton_kit.errors import UsageError
from triton_kit.scaffold.options import parse_tensor

_CONTROLS = (("START", "CONTROL_SEQUENCE_START"), ("END", "CONTROL_SEQUENCE_END"), ("READY", "CONTROL_SEQUENCE_READY"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What is asked for: ``sequence`` is ``oldest`` or ``direct``, ``states`` are as typed, ``calls`` model names."""

    bls: bool = False
    calls: str | None = None
    decoupled: bool = False
    sequence: str | None = None
    states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BehaviourAdditions:
    """A template instead of the backend's, values for it, fields of the config, and tensors that the server keeps."""

    template: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)
    config: Mapping[str, object] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()


def describe(asked: Behaviour, backend: Backend, values: Mapping[str, Any]) -> BehaviourAdditions:
    """What the behaviour makes of a model of that backend with those values. Raises UsageError."""
    chosen = [
        n for n, on in (("--bls", asked.bls), ("--decoupled", asked.decoupled), ("--sequence", asked.sequence)) if on
    ]
    if len(chosen) > 1:
        raise UsageError(f"{' and '.join(chosen)} exclude each other", hint="choose one")
    if asked.calls is not None and not asked.bls:
        raise UsageError("--calls goes with --bls", hint="add --bls, or leave out --calls")
    if asked.states and asked.sequence is None:
        raise UsageError("--state goes with --sequence", hint="add --sequence oldest, or leave out --state")
    if asked.bls:
        if not backend.facts.is_code:
            raise UsageError(f"--bls is for models in Python, not for {backend.name}", hint="leave out --bls")
        calls = [name.strip() for name in (asked.calls or "").split(",") if name.strip()]
        return BehaviourAdditions(template=f"{backend.name}_bls", values={"calls": calls})
    if asked.decoupled:
        if backend.facts.responses != "many":
            raise UsageError(
                f"--decoupled: {backend.name} sends one response to each request", hint="leave out --decoupled"
            )
        return BehaviourAdditions(
            template=f"{backend.name}_decoupled" if backend.facts.is_code else None,
            config={"model_transaction_policy": {"decoupled": True}},
        )
    return _sequence(asked, backend, values) if asked.sequence is not None else BehaviourAdditions()


def _sequence(asked: Behaviour, backend: Backend, values: Mapping[str, Any]) -> BehaviourAdditions:
    if asked.sequence not in ("oldest", "direct"):
        raise UsageError(f"--sequence {asked.sequence}: not a strategy", hint="write oldest or direct")
    if backend.facts.steps:
        raise UsageError("--sequence does not go with an ensemble", hint="give it to the models of the steps")
    if asked.states and not backend.facts.states:
        hint = "leave out --state: model.py keeps it" if backend.facts.is_code else "leave out --state"
        raise UsageError(f"--state: {backend.name} keeps no states for a model", hint=hint)
    names = {str(t["name"]) for t in values["input"]}
    code = backend.facts.is_code
    given = [(name, kind) for name, kind in _CONTROLS if code or name in names]
    controls: list[dict[str, object]] = [
        {"name": name, "control": [{"kind": kind, "int32_false_true": [0, 1]}]} for name, kind in given
    ]
    if code or "CORRID" in names:
        kind = "CONTROL_SEQUENCE_CORRID"
        controls.append({"name": "CORRID", "control": [{"kind": kind, "data_type": "TYPE_UINT64"}]})
    states = [_state(text) for text in asked.states]
    batching: dict[str, object] = {asked.sequence: {}}
    if controls:
        batching["control_input"] = controls
    if states:
        batching["state"] = states
    ends = {str(s[side]) for s in states for side in ("input_name", "output_name")}
    return BehaviourAdditions(
        template=f"{backend.name}_sequence" if code else None,
        config={"sequence_batching": batching},
        taken=frozenset(ends | {str(c["name"]) for c in controls}),
    )


def _state(text: str) -> dict[str, object]:
    """``INPUT=OUTPUT:TYPE:DIMS`` as a state: the model's output of one request is its input of the next."""
    tensor = parse_tensor(text, "--state")
    input_, sign, output = tensor.pop("name").partition("=")
    if not input_ or not sign or not output:
        raise UsageError(
            f"--state {text}: not of the form INPUT=OUTPUT:TYPE:DIMS", hint="name both tensors of the model"
        )
    return {"input_name": input_, "output_name": output, **tensor}


def without(taken: frozenset[str], tensors: Sequence[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """The tensors that the server does not feed or take itself."""
    return [t for t in tensors if t["name"] not in taken]
