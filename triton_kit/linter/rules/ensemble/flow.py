"""Rules about how tensors flow through an ensemble."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed, nearest
from triton_kit.model.model import Model

_STEPS = ("ensemble_scheduling", "step")


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

    With ``mapped`` it is ``None`` also where some input or output is in no map, which is reported on its own.
    """
    steps = model.config.ensemble_scheduling.step if not model.backend else []
    if not steps or any(not (s.input_map and s.output_map) for s in steps):
        return None
    flow = Flow(model)
    if mapped and not all(flow.maps(t.name) for t in (*model.inputs, *model.outputs)):
        return None
    return flow


@rule(Severity.ERROR, platform="ensemble")
def ensemble_tensor_not_mapped(model: Model) -> Iterator[Problem]:
    """An input or output of an ensemble occurs in no map of its steps.

    (core model_config_utils.cc:ValidateEnsembleSchedulingConfig.)

    Server says:

        ensemble input … is not used
        ensemble output … is not used

    Bad:

        platform: "ensemble"
        input { name: "image" data_type: TYPE_FP32 dims: [ 4 ] }
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
    flow = flow_of(model)
    if flow is None:
        return
    for tensor in (*model.inputs, *model.outputs):
        if tensor.name and not flow.maps(tensor.name):
            keys = {k for s in flow.steps for k in (*s.input_map, *s.output_map)}
            swapped = tensor.name in keys
            free = [*flow.read, *flow.written]
            yield Problem(
                at=(*tensor.at, "name"),
                message=f"the ensemble {tensor.kind} '{tensor.name}' is in no map of the steps",
                help="swap key and value: the key is the model's tensor, the value the ensemble's"
                if swapped
                else nearest(tensor.name, free),
            )


@rule(Severity.ERROR, platform="ensemble")
def ensemble_output_not_written(model: Model) -> Iterator[Problem]:
    """An output of an ensemble can never be there.

    No step writes it, or its step waits for a tensor that nobody gives, or for itself (core
    model_config_utils.cc:ValidateEnsembleSchedulingConfig).

    Server says:

        for ensemble … is not written
        at least one of its depending tensors

    Bad:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step [
            {
              model_name: "a" model_version: -1
              input_map { key: "x" value: "in" }
              output_map { key: "y" value: "middle" }
            },
            {
              model_name: "a" model_version: -1
              input_map { key: "x" value: "mid" }
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
          step [
            {
              model_name: "a" model_version: -1
              input_map { key: "x" value: "in" }
              output_map { key: "y" value: "middle" }
            },
            {
              model_name: "a" model_version: -1
              input_map { key: "x" value: "middle" }
              output_map { key: "y" value: "out" }
            }
          ]
        }
        -- ../a x FP32 [4] -> y FP32 [4]
    """
    flow = flow_of(model, mapped=True)
    if flow is None:
        return
    for tensor in model.outputs:
        if not flow.maps(tensor.name) or tensor.name in flow.available:
            continue
        lacking = [name for name in flow.lacking(tensor.name) if name != tensor.name]
        if tensor.name not in flow.written:
            why, help_ = "no step writes it", "name it as a value of an output_map"
        elif lacking:
            why = f"nothing provides {listed(lacking)}"
            help_ = nearest(lacking[0], sorted(flow.available | set(flow.written) - {lacking[0]}))
        else:
            why, help_ = "its steps wait for each other", "break the cycle"
        yield Problem(
            at=(*tensor.at, "name"), message=f"the ensemble output '{tensor.name}' is never written: {why}", help=help_
        )


@rule(Severity.ERROR, platform="ensemble")
def ensemble_tensor_unused(model: Model) -> Iterator[Problem]:
    """A tensor between steps is written and never read, or read and never written.

    An output of a composing model that nobody needs is left out of the map (core
    model_config_utils.cc:ValidateEnsembleSchedulingConfig).

    Server says:

        is unused in ensemble

    Bad:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map [ { key: "y" value: "out" }, { key: "z" value: "rest" } ]
          }
        }
        -- ../a x FP32 [4] -> y FP32 [4], z FP32 [4]

    Good:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map [ { key: "y" value: "out" } ]
          }
        }
        -- ../a x FP32 [4] -> y FP32 [4], z FP32 [4]
    """
    flow = flow_of(model, mapped=True)
    if flow is None:
        return
    outputs = {t.name for t in model.outputs}
    inputs = {t.name for t in model.inputs}
    # One typo, one message: what an output waits for is said there.
    reported = {name for t in outputs if flow.maps(t) and t not in flow.available for name in flow.lacking(t)}
    for tensor in dict.fromkeys((*flow.read, *flow.written)):
        if tensor in outputs:
            continue
        if tensor in flow.written and tensor not in flow.read and tensor not in inputs and not reported:
            i, key = flow.written[tensor]
            yield Problem(
                at=(*_STEPS, i, "output_map", key),
                message=f"'{tensor}' is written by step {i} and never read",
                help="leave it out of the map, or read it",
            )
        elif tensor not in flow.written and tensor not in inputs and tensor not in reported:
            i, key = flow.read[tensor]
            yield Problem(
                at=(*_STEPS, i, "input_map", key),
                message=f"'{tensor}' is read by step {i}, and nobody gives it",
                help=nearest(tensor, sorted(flow.available)),
            )
        elif tensor in flow.written and tensor in flow.read and tensor not in flow.available and not reported:
            i, key = flow.written[tensor]
            if not flow.lacking(tensor):
                yield Problem(
                    at=(*_STEPS, i, "output_map", key),
                    message=f"'{tensor}' is never there: its steps wait for each other",
                    help="break the cycle",
                )
