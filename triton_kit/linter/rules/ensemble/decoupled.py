"""Rules about decoupled models in an ensemble."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.ensemble_flow import rounds
from triton_kit.linter.rule import rule
from triton_kit.model.ensemble import is_decoupled, steps_of
from triton_kit.model.model import Model

_STEPS = ("ensemble_scheduling", "step")


@rule(Severity.ERROR, platform="ensemble")
def decoupled_branches_meet(model: Model) -> Iterator[Problem]:
    """A step, or the ensemble's outputs, join tensors of a decoupled model with others.

    Each set of outputs of a decoupled model is a stream of its own; all inputs of a step, and all outputs of the
    ensemble, must be of one (core ensemble_utils.cc:ValidateEnsembleConfig).

    Server says:

        inputs originated from different decoupled models

    Bad:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "streamed" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step [
            {
              model_name: "a" model_version: -1
              input_map { key: "x" value: "in" }
              output_map { key: "y" value: "out" }
            },
            {
              model_name: "d" model_version: -1
              input_map { key: "x" value: "in" }
              output_map { key: "y" value: "streamed" }
            }
          ]
        }
        -- ../a x FP32 [4] -> y FP32 [4]
        -- ../d/config.pbtxt
        model_transaction_policy { decoupled: true }
        -- ../d/1/model.onnx x FP32 [4] -> y FP32 [4]

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
              model_name: "d" model_version: -1
              input_map { key: "x" value: "middle" }
              output_map { key: "y" value: "out" }
            }
          ]
        }
        -- ../a x FP32 [4] -> y FP32 [4]
        -- ../d/config.pbtxt
        model_transaction_policy { decoupled: true }
        -- ../d/1/model.onnx x FP32 [4] -> y FP32 [4]
    """
    steps = list(steps_of(model))
    if not any(is_decoupled(found) for _, _, found in steps):
        return
    stream: dict[str, int] = {t.name: -1 for t in model.inputs}
    members = {i: (step, found) for i, step, found in steps}
    for ready in rounds({i: step for i, (step, _) in members.items()}, stream):
        for i in ready:
            step, found = members[i]
            streams = {stream[t] for t in step.input_map.values()}
            if len(streams) > 1:
                yield Problem(
                    at=(*_STEPS, i, "input_map"),
                    key=True,
                    message=f"step {i} joins tensors of a decoupled model with others",
                    help="feed it from one decoupled model, and from nothing beside it",
                )
                return
            label = i if is_decoupled(found) else next(iter(streams), -1)
            for tensor in step.output_map.values():
                stream.setdefault(tensor, label)
    outputs = {stream[t.name] for t in model.outputs if t.name in stream}
    if len(outputs) > 1:
        yield Problem(
            at=("output",),
            key=True,
            message="the ensemble's outputs join tensors of a decoupled model with others",
            help="take all outputs from the same decoupled model, or from none",
        )
