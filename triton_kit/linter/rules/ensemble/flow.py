"""Rules about how tensors flow through an ensemble."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.linter.ensemble_flow import Flow, flow_of
from triton_kit.linter.lost_tensors import Remedy, remedy
from triton_kit.linter.rule import rule
from triton_kit.model.completion import Tensor
from triton_kit.model.model import Model

_STEPS = ("ensemble_scheduling", "step")


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
            found = Remedy("swap key and value: the key is the model's tensor, the value the ensemble's")
            if tensor.name not in keys:
                kind: Literal["input", "output"] = "input" if tensor.kind == "input" else "output"
                free = [*(flow.read if kind == "input" else flow.written)]
                found = remedy(
                    model, tensor.name, kind, choices=free, otherwise=f"name it as the value of an {kind}_map"
                )
            yield Problem(
                at=(*tensor.at, "name"),
                message=f"the ensemble {tensor.kind} '{tensor.name}' is in no map of the steps",
                help=found.help,
                related=found.related,
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
    seen: set[str] = set()
    for tensor in model.outputs:
        if not flow.maps(tensor.name) or tensor.name in flow.available:
            continue
        if tensor.name not in flow.written:
            found = flow.give(model, tensor.name)
            yield Problem(
                at=(*tensor.at, "name"),
                message=f"the ensemble output '{tensor.name}' is never written: no step writes it",
                help=found.help,
                related=found.related,
            )
        elif flow.waits_for_itself(tensor.name):
            yield Problem(
                at=(*tensor.at, "name"),
                message=f"the ensemble output '{tensor.name}' is never written: its steps wait for each other",
                help="break the cycle",
            )
        else:
            for name in flow.roots(tensor.name, seen):
                yield _root(model, flow, name, tensor)


def _root(model: Model, flow: Flow, name: str, output: Tensor) -> Problem:
    """The finding about what nothing gives, at the place that reads it."""
    i, key = flow.read[name]
    found = flow.give(model, name)
    there = model.document.source.locate((*output.at, "name"))
    waits = Related(message=f"the ensemble output '{output.name}' depends on it", file=model.at_file, span=there)
    return Problem(
        at=(*_STEPS, i, "input_map", key),
        message=f"'{name}' is read by step {i}, and nothing gives it, so that output '{output.name}' is never there",
        help=found.help,
        related=(*found.related, waits),
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
    seen: set[str] = set()
    reported = {name for t in outputs if flow.maps(t) and t not in flow.available for name in flow.roots(t, seen)}
    for tensor in dict.fromkeys((*flow.read, *flow.written)):
        if tensor in outputs:
            continue
        if tensor in flow.written and tensor not in flow.read and tensor not in inputs and not reported:
            i, key = flow.written[tensor]
            found = remedy(model, tensor, "input", choices=(), otherwise="leave it out of the map, or read it")
            yield Problem(
                at=(*_STEPS, i, "output_map", key),
                message=f"'{tensor}' is written by step {i} and never read",
                help=found.help,
                related=found.related,
            )
        elif tensor not in flow.written and tensor not in inputs and tensor not in reported:
            i, key = flow.read[tensor]
            found = flow.give(model, tensor)
            yield Problem(
                at=(*_STEPS, i, "input_map", key),
                message=f"'{tensor}' is read by step {i}, and nothing gives it",
                help=found.help,
                related=found.related,
            )
        elif tensor not in flow.available and not reported:
            i, key = flow.written[tensor]
            if flow.waits_for_itself(tensor):
                yield Problem(
                    at=(*_STEPS, i, "output_map", key),
                    message=f"'{tensor}' is never there: its steps wait for each other",
                    help="break the cycle",
                )
