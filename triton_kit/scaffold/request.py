"""What a user asks for when adding a model, and what of it excludes each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triton_kit.backends import ensemble
from triton_kit.backends.types import Backend
from triton_kit.errors import UsageError
from triton_kit.files.plan import Mode
from triton_kit.project.render import Layer
from triton_kit.project.values import merge
from triton_kit.scaffold import behaviour
from triton_kit.scaffold.ensemble.value import Wiring
from triton_kit.scaffold.tensors import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRequest:
    """What a user asks for when adding a model; texts are as typed, ``None`` is not given."""

    name: str
    repository: Path
    version: int = 1
    source: Path | None = None
    mode: Mode = "copy"
    backend: str | None = None
    template: str | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    library: Path | None = None
    env: Path | None = None
    wiring: Wiring | None = None
    """The ensemble that ``--ensemble`` asks for; it takes the place of ``inputs``, ``outputs`` and ``steps``."""
    behaviour: behaviour.Behaviour | None = None
    accelerator: str | None = None
    labels: str | None = None
    max_batch_size: int | None = None
    batching: str | None = None
    preferred: str | None = None
    delay_us: int | None = None
    instances: int | None = None
    kind: str | None = None
    gpus: str | None = None
    version_policy: str | None = None
    layers: tuple[Layer, ...] = ()
    """Content of the form of model.yaml from ``--values`` and ``--set``, laid over all else."""


def refuse_beside_wiring(request: AddRequest) -> None:
    """Raise UsageError for what an ensemble that tk wires cannot have beside."""
    if request.source is not None:
        raise UsageError("an ensemble has no file", hint="leave out --from or --ensemble")
    if request.backend not in (None, ensemble.name):
        raise UsageError(f"{request.backend} is not an ensemble", hint="leave out --backend or --ensemble")
    given = {"--input": request.inputs, "--output": request.outputs, "--step": request.steps}
    for option, value in given.items():
        if value:
            raise UsageError(
                f"{option} does not go with --ensemble, which finds the tensors itself",
                hint=f"leave out {option}, and see --map and --expose",
            )


def refuse_for_ensembles(request: AddRequest) -> None:
    """Raise UsageError for what the models of an ensemble have, and not the ensemble."""
    given = {
        "--instances": request.instances,
        "--kind": request.kind,
        "--gpus": request.gpus,
        "--batching": request.batching if request.batching != "none" else None,
        "--preferred": request.preferred,
        "--delay-us": request.delay_us,
    }
    for option, value in given.items():
        if value is not None:
            raise UsageError(
                f"{option} does not go with an ensemble: its steps run where and as their models do",
                hint=f"leave out {option}, and give it to the models of the steps",
            )


def refuse_missing_tensors(
    request: AddRequest, backend: Backend, input_: Sequence[Tensor], output: Sequence[Tensor]
) -> None:
    """Raise UsageError for a model without inputs, outputs or steps that nothing else gives."""
    missing = [option for option, tensors in (("--input", input_), ("--output", output)) if not tensors]
    for layer in request.layers:
        given = layer.content.get("values", {})
        missing = [o for o in missing if not given.get(o[2:])]
    if missing and backend.facts.needs_tensors and not _tells_when_it_runs(request.source):
        what = (
            f"{request.source} does not describe its tensors"
            if request.source
            else f"{backend.name} has no tensors yet"
        )
        raise UsageError(
            f"{what}: {' and '.join(missing)} missing", hint=f"add {missing[0]} NAME:FP32:3,224,224 for each tensor"
        )
    if backend.facts.steps and not request.steps and not any("step" in _given(x) for x in request.layers):
        raise UsageError(
            "an ensemble has steps: --step missing",
            hint="add --step 'MODEL INPUT=TENSOR -> OUTPUT=TENSOR', or let --ensemble MODEL,MODEL wire it",
        )


def refuse_twice(option: str, names: Sequence[str]) -> None:
    """Raise UsageError for two tensors of one name.

    A server loads such a model, and then refuses every request (core infer_request.cc).
    """
    for i, name in enumerate(names):
        if name in names[:i]:
            raise UsageError(f"{option} {name} is given twice", hint="give each tensor a name of its own")


def refuse_unserved(values: Mapping[str, Any], request: AddRequest) -> None:
    """Raise UsageError for a version policy that leaves out the version that is added."""
    specific = (values.get("version_policy") or {}).get("specific") or {}
    if specific and request.version not in (specific.get("versions") or []):
        raise UsageError(
            f"--version-policy {request.version_policy}: version {request.version}, the one that is added, "
            "would not be served",
            hint=f"put {request.version} among the versions",
        )


def given_values(layers: Sequence[Layer]) -> dict[str, Any]:
    """The values that the user set, the last layer on top."""
    result: dict[str, Any] = {}
    for layer in layers:
        result = merge(result, dict(_given(layer)))
    return result


def _given(layer: Layer) -> Mapping[str, Any]:
    given: Mapping[str, Any] = layer.content.get("values") or {}
    return given


def _tells_when_it_runs(source: Path | None) -> bool:
    return source is not None and source.suffix == ".py" and b"auto_complete_config" in source.read_bytes()
