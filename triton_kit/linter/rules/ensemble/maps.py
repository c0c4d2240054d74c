"""Rules about the maps of an ensemble's steps."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.fix.edits import as_key, set_near
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.ensemble.tensors import completed_steps
from triton_kit.linter.wording import listed, nearest
from triton_kit.model.model import Model

_STEPS = ("ensemble_scheduling", "step")


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


@rule(Severity.WARNING, platform="ensemble")
def ensemble_input_written(model: Model) -> Iterator[Problem]:
    """An input of an ensemble is written by a step, or is its output as well.

    What a request brings and what a step makes then mix in the order of arrival; an input that is also an output is
    compared with nothing (core model_config_utils.cc:ValidateEnsembleSchedulingConfig, ensemble_utils.cc).

    Bad:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
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
    inputs = {tensor.name for tensor in model.inputs}
    for tensor in model.outputs:
        if tensor.name in inputs:
            yield Problem(
                at=(*tensor.at, "name"),
                message=f"'{tensor.name}' is an input and an output of the ensemble, and compared with nothing",
                help="leave it out of the outputs: who sends it has it",
            )
    for i, step in enumerate(model.config.ensemble_scheduling.step):
        for key, name in step.output_map.items():
            if name in inputs:
                yield Problem(
                    at=("ensemble_scheduling", "step", i, "output_map", key),
                    message=f"the step writes to '{name}', an input of the ensemble",
                    help="give the tensor a name of its own",
                )


@rule(Severity.ERROR, platform="ensemble")
def step_maps_unknown_tensor(model: Model) -> Iterator[Problem]:
    """A step maps a tensor that its model does not have.

    The key is the model's tensor, the value the ensemble's (core ensemble_utils.cc:ValidateTensorMapping).

    Server says:

        is mapping to non-existing input
        is mapped from non-existing output

    Bad:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "Y" value: "out" }
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
    for i, step, found, completed in completed_steps(model):
        if not completed.known:
            continue
        for kind, tensors in (("input", completed.inputs), ("output", completed.outputs)):
            names = [t.name for t in tensors]
            for key, value in getattr(step, f"{kind}_map").items():
                if key not in names:
                    at = (*_STEPS, i, f"{kind}_map", key)
                    near = set_near(at, key, names, list(getattr(step, f"{kind}_map")))
                    yield Problem(
                        at=at,
                        message=f"'{key}' is not an {kind} of '{found.name}'",
                        help="swap key and value: the key is the model's tensor"
                        if value in names
                        else nearest(key, names),
                        fix=as_key(near) if near and value not in names else None,
                    )


@rule(Severity.ERROR, platform="ensemble")
def step_input_not_mapped(model: Model) -> Iterator[Problem]:
    """A step leaves an input of its model without a tensor.

    Every input that is not optional needs one (core ensemble_utils.cc:ValidateTensorMapping).

    Server says:

        is not mapped to any ensemble tensors

    Bad:

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
        -- ../a x FP32 [4], z FP32 [4] -> y FP32 [4]

    Good:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map [ { key: "x" value: "in" }, { key: "z" value: "in" } ]
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a x FP32 [4], z FP32 [4] -> y FP32 [4]
    """
    for i, step, found, completed in completed_steps(model):
        names = [t.name for t in completed.inputs]
        if completed.known and any(key not in names for key in step.input_map):
            continue
        missing = [t.name for t in completed.inputs if not t.optional and t.name not in step.input_map]
        if missing:
            yield Problem(
                at=(*_STEPS, i, "input_map"),
                key=True,
                message=f"step {i} gives '{found.name}' no {listed(missing)}",
                help="map each input that is not optional",
            )
