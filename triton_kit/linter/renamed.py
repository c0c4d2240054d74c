"""Former names of rules and areas: understood where a user writes one, and reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

RULES: dict[str, str] = {}
"""The present name of each rule that was renamed, by its former name."""

AREAS: dict[str, tuple[str, ...]] = {
    "configfile": ("config-file",),
    "modelfile": ("model-file",),
    "batchio": ("batch-inputs",),
    "ratelimits": ("rate-limiter",),
    "cudagraphs": ("cuda-graphs",),
    "pythoncompletion": ("python-completion",),
    "pythonbehaviour": ("python-execution",),
    "pythontensors": ("python-tensors",),
    "onnxfile": ("onnx-file",),
    "onnxio": ("onnx-tensors", "onnx-control"),
    "onnxdims": ("onnx-shapes",),
    "pytorchother": ("pytorch-runtimes",),
    "torchscript": ("pytorch-torchscript",),
    "savedmodel": ("tensorflow-signature",),
    "forests": ("fil",),
    "forestfiles": ("fil-files",),
    "generative": ("language-models",),
    "ensembles": ("ensemble", "incomplete-step", "tensor-written-twice"),
    "ensembleflow": ("ensemble-flow",),
    "ensemblesteps": ("ensemble-steps",),
    "ensembletensors": ("ensemble-tensors", "step-maps-unknown-tensor", "step-input-not-mapped"),
    "ensembledecoupled": ("ensemble-decoupled",),
    "idle": (
        "warmup-of-passive-instances", "unknown-metric-family", "unused-file-name", "growable-memory-unusable",
        "batch-input-target", "idle-sequence-setting", "no-outputs", "zero-batch-size-replaced",
    ),
    "unheeded": (
        "batch-io-ignored", "ragged-without-batch", "ensemble-ignores", "decoupled-without-support", "onnx-kind-model",
        "onnx-graph-level",
    ),
    "surprises": (
        "several-model-files", "archive-for-another-loader", "negative-version", "ensemble-input-written",
        "secondary-device", "element-count-overflow", "onnx-parameter-misspelt", "onnx-state-unknown",
    ),
}  # fmt: skip
"""What each area of a former name stands for: the area's present name with the rules that moved, or the rules alone."""

Value = TypeVar("Value")


def current_rule(name: str) -> str:
    """The present name of a rule, which most names are."""
    return RULES.get(name, name)


def current(names: Iterable[str]) -> tuple[str, ...]:
    """Names of rules and areas with each former one replaced by what it stands for."""
    return tuple(now for name in names for now in _meaning(name))


def current_keys(values: Mapping[str, Value]) -> dict[str, Value]:
    """The same for the keys of a mapping: what is written under a present name goes before a former one."""
    former = {now: value for name, value in values.items() if is_former(name) for now in _meaning(name)}
    return former | {name: value for name, value in values.items() if not is_former(name)}


def is_former(name: str) -> bool:
    """Whether a rule or an area was called so."""
    return name in RULES or name in AREAS


def how_called_now(name: str) -> str:
    """What a former name stands for, in words."""
    if len(now := _meaning(name)) > 1:
        return f"{name} is not an area any more: it stands for {', '.join(now)}"
    return f"{name} is now called {now[0]}"


def _meaning(name: str) -> tuple[str, ...]:
    return AREAS.get(name) or (current_rule(name),)
