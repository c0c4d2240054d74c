"""Rules about an ensemble's configuration taken by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model


@rule(Severity.ERROR)
def ensemble_scheduling_elsewhere(model: Model) -> Iterator[Problem]:
    """A model that is no ensemble has ensemble_scheduling.

    (core model_config_utils.cc:ValidateEnsembleSchedulingConfig.)

    Server says:

        ensemble scheduling cannot be set for model

    Bad:

        backend: "python"
        ensemble_scheduling { step [ ] }

    Good:

        backend: "python"
    """
    if model.config.has("ensemble_scheduling") and not model.is_ensemble and not model.detected.undeterminable:
        yield Problem(
            at=("ensemble_scheduling",),
            key=True,
            message=f"ensemble_scheduling stands in a model of the backend '{model.backend}'",
            help='write platform: "ensemble" and no backend, or leave the steps out',
        )


@rule(Severity.ERROR, platform="ensemble")
def ensemble_without_scheduling(model: Model) -> Iterator[Problem]:
    """An ensemble has no steps.

    (core model_config_utils.cc:ValidateModelConfig.)

    Server says:

        ensemble scheduling must be set for ensemble
        must specify 'step' for ensemble

    Bad:

        platform: "ensemble"

    Good:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a x FP32 [4] -> y FP32 [4]
    """
    if model.backend:
        return
    if not model.config.has("ensemble_scheduling"):
        yield Problem(
            at=("platform",), message="an ensemble needs ensemble_scheduling", help="write its steps, or its backend"
        )
    elif not model.config.ensemble_scheduling.step:
        yield Problem(at=("ensemble_scheduling",), message="an ensemble needs a step", help="write its steps")


@rule(Severity.ERROR, platform="ensemble")
def ensemble_with_backend(model: Model) -> Iterator[Problem]:
    """An ensemble names a backend.

    A known default_model_filename makes the server fill one in (core model_config_utils.cc:ValidateModelConfig).

    Server says:

        must have platform type 'ensemble' and empty backend type

    Bad:

        platform: "ensemble"
        backend: "python"

    Good:

        backend: "python"
    """
    if model.backend:
        at = ("backend",) if model.config.backend else ("default_model_filename",)
        yield Problem(
            at=at,
            message=f"an ensemble has no backend, and here it is '{model.backend}'",
            help=f"leave {at[0]} out, or the platform",
        )


_FORBIDDEN: Final = ("instance_group", "optimization", "model_warmup")


@rule(Severity.ERROR, platform="ensemble")
def ensemble_forbidden_field(model: Model) -> Iterator[Problem]:
    """An ensemble has a field that only models with instances have.

    An ensemble has no instances of its own: no instance_group, optimization or model_warmup (core
    model_config_utils.cc:ValidateEnsembleSchedulingConfig).

    Server says:

        model_warmup can not be specified for ensemble
        instance group should not be specified for ensemble
        optimization should not be specified for ensemble

    Bad:

        platform: "ensemble"
        ensemble_scheduling { step [ ] }
        instance_group [ { count: 2 } ]

    Good:

        backend: "python"
        instance_group [ { count: 2 } ]
    """
    for field in _FORBIDDEN:
        if model.config.has(field):
            yield Problem(
                at=(field,),
                key=True,
                message=f"an ensemble takes no {field}",
                help="set it in the composing models",
            )


@rule(Severity.ERROR, platform="ensemble")
def incomplete_step(model: Model) -> Iterator[Problem]:
    """A step lacks its model, its input map or its output map.

    (core model_config_utils.cc:BuildEnsembleGraph.)

    Server says:

        must specify 'model_name' in step
        must specify 'input_map' in step
        must specify 'output_map' in step

    Bad:

        platform: "ensemble"
        ensemble_scheduling { step { model_name: "a" model_version: -1 } }

    Good:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a x FP32 [4] -> y FP32 [4]
    """
    for i, step in enumerate(model.config.ensemble_scheduling.step):
        at = ("ensemble_scheduling", "step", i)
        if not step.model_name:
            yield Problem(at=at, message=f"step {i} has no model_name", help="name the model that it runs")
        for field, verb in (("input_map", "takes"), ("output_map", "gives")):
            if not getattr(step, field):
                yield Problem(
                    at=at, message=f"step {i} has no {field}", help=f"map at least one tensor that the model {verb}"
                )


@rule(Severity.ERROR, platform="ensemble")
def tensor_written_twice(model: Model) -> Iterator[Problem]:
    """Two outputs of steps are written to the same ensemble tensor.

    (core model_config_utils.cc:BuildEnsembleGraph.)

    Server says:

        can appear in an output map only once

    Bad:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step [
            {
              model_name: "a" model_version: -1
              input_map { key: "x" value: "in" }
              output_map { key: "y" value: "out" }
            },
            {
              model_name: "a" model_version: -1
              input_map { key: "x" value: "in" }
              output_map { key: "y" value: "out" }
            }
          ]
        }
        -- ../a x FP32 [4] -> y FP32 [4]

    Good:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a x FP32 [4] -> y FP32 [4]
    """
    writer: dict[str, int] = {}
    for i, step in enumerate(model.config.ensemble_scheduling.step):
        for key, tensor in step.output_map.items():
            if tensor in writer:
                yield Problem(
                    at=("ensemble_scheduling", "step", i, "output_map", key),
                    message=f"'{tensor}' is written by step {writer[tensor]} already",
                    help="give it a name of its own, and use that where it is read",
                )
            writer.setdefault(tensor, i)


class Flow:
    """How tensors flow through an ensemble: which are mapped, which can ever be there, which are read."""

    def __init__(self, model: Model) -> None:
        self.steps = list(model.config.ensemble_scheduling.step)
        self.read: dict[str, tuple[int, str]] = {}
        self.written: dict[str, tuple[int, str]] = {}
        for i, step in enumerate(self.steps):
            for key, tensor in step.input_map.items():
                self.read.setdefault(tensor, (i, key))
            for key, tensor in step.output_map.items():
                self.written.setdefault(tensor, (i, key))
        self.available = {t.name for t in model.inputs if self.maps(t.name)}
        waiting = set(range(len(self.steps)))
        while True:
            ready = {i for i in waiting if all(t in self.available for t in self.steps[i].input_map.values())}
            if not ready:
                break
            waiting -= ready
            for i in ready:
                self.available.update(self.steps[i].output_map.values())
        self.waiting = waiting

    def maps(self, tensor: str) -> bool:
        """Whether some step reads or writes the tensor."""
        return tensor in self.read or tensor in self.written

    def lacking(self, tensor: str) -> list[str]:
        """What the step that writes a tensor waits for in vain, down to its roots."""
        roots: list[str] = []
        seen: set[str] = set()
        todo = [tensor]
        while todo:
            name = todo.pop()
            if name in seen or name in self.available:
                continue
            seen.add(name)
            if name not in self.written:
                roots.append(name)
            else:
                todo += self.steps[self.written[name][0]].input_map.values()
        return sorted(roots)


def flow_of(model: Model, *, mapped: bool = False) -> Flow | None:
    """The flow of an ensemble whose steps are complete; ``None`` for anything else.

    With ``mapped`` it is ``None`` also where some input or output is in no map, which is told by itself.
    """
    steps = model.config.ensemble_scheduling.step if not model.backend else []
    if not steps or any(not (s.input_map and s.output_map) for s in steps):
        return None
    flow = Flow(model)
    if mapped and not all(flow.maps(t.name) for t in (*model.inputs, *model.outputs)):
        return None
    return flow


_ENSEMBLE_IGNORES = ("parameters", "cc_model_filenames", "metric_tags")


@rule(Severity.WARNING, platform="ensemble")
def ensemble_ignores(model: Model) -> Iterator[Problem]:
    """A setting of an ensemble has no effect.

    Nobody reads an ensemble's parameters; whether it is decoupled follows from its models, and the namespace of a step
    from where its model is found (core ensemble_utils.cc, model_repository_manager.cc:ConnectDependencyGraph).

    Bad:

        platform: "ensemble"
        parameters { key: "a" value { string_value: "b" } }
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a x FP32 [4] -> y FP32 [4]

    Good:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a x FP32 [4] -> y FP32 [4]
    """
    for field in _ENSEMBLE_IGNORES:
        if getattr(model.config, field):
            yield Problem(
                at=(field,), key=True, message=f"{field} of an ensemble have no effect", help="set them in its models"
            )
    if model.config.has("model_transaction_policy"):
        from triton_kit.model.ensemble import is_decoupled

        written = bool(model.config.model_transaction_policy.decoupled)
        if written != is_decoupled(model):
            yield Problem(
                at=("model_transaction_policy",),
                key=True,
                message=f"decoupled: {str(written).lower()} has no effect: its models decide for an ensemble",
                help="leave it out",
            )
    for i, step in enumerate(model.config.ensemble_scheduling.step):
        if step.model_namespace and not model.options.namespacing:
            yield Problem(
                at=("ensemble_scheduling", "step", i, "model_namespace"),
                message="the namespace of a step is overwritten with the one where its model is found",
                help="leave it out",
            )
