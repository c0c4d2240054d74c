"""Rules about how tensors flow through an ensemble, and about the models that its steps name."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.checked import Broken, CheckedModel
from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.ensembles import flow_of
from triton_kit.linter.steps import reached_from, steps_of
from triton_kit.linter.wording import listed, nearest

ABOUT = ("platform",)

_STEPS = ("ensemble_scheduling", "step")


@rule(Severity.ERROR)
def ensemble_tensor_not_mapped(model: CheckedModel) -> Iterator[Problem]:
    """An input or output of an ensemble occurs in no map of its steps.

    (core model_config_utils.cc:ValidateEnsembleSchedulingConfig: `' is not used`.)

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


@rule(Severity.ERROR)
def ensemble_output_not_written(model: CheckedModel) -> Iterator[Problem]:
    """An output of an ensemble can never be there.

    No step writes it, or its step waits for a tensor that nobody gives, or for itself (core
    model_config_utils.cc:ValidateEnsembleSchedulingConfig: `' is not written`).

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
            why = f"nobody gives {listed(lacking)}"
            help_ = nearest(lacking[0], sorted(flow.available | set(flow.written) - {lacking[0]}))
        else:
            why, help_ = "its steps wait for each other", "break the circle"
        yield Problem(
            at=(*tensor.at, "name"), message=f"the ensemble output '{tensor.name}' is never written: {why}", help=help_
        )


@rule(Severity.ERROR)
def ensemble_tensor_unused(model: CheckedModel) -> Iterator[Problem]:
    """A tensor between steps is written and never read, or read and never written.

    An output of a composing model that nobody needs is left out of the map (core
    model_config_utils.cc:ValidateEnsembleSchedulingConfig: `is unused in ensemble`).

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
    told = {name for t in outputs if flow.maps(t) and t not in flow.available for name in flow.lacking(t)}
    for tensor in dict.fromkeys((*flow.read, *flow.written)):
        if tensor in outputs:
            continue
        if tensor in flow.written and tensor not in flow.read and tensor not in inputs and not told:
            i, key = flow.written[tensor]
            yield Problem(
                at=(*_STEPS, i, "output_map", key),
                message=f"'{tensor}' is written by step {i} and never read",
                help="leave it out of the map, or read it",
            )
        elif tensor not in flow.written and tensor not in inputs and tensor not in told:
            i, key = flow.read[tensor]
            yield Problem(
                at=(*_STEPS, i, "input_map", key),
                message=f"'{tensor}' is read by step {i}, and nobody gives it",
                help=nearest(tensor, sorted(flow.available)),
            )
        elif tensor in flow.written and tensor in flow.read and tensor not in flow.available and not told:
            i, key = flow.written[tensor]
            if not flow.lacking(tensor):
                yield Problem(
                    at=(*_STEPS, i, "output_map", key),
                    message=f"'{tensor}' is never there: its steps wait for each other",
                    help="break the circle",
                )


@rule(Severity.ERROR)
def step_model_missing(model: CheckedModel) -> Iterator[Problem]:
    """A step names a model that is not in the repository.

    (core model_repository_manager.cc:LoadModelByDependency: `contains models that are not available or ambiguous`.)

    Bad:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "b" model_version: -1
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
    if not model.is_ensemble:
        return
    for i, step in enumerate(model.config.ensemble_scheduling.step):
        if step.model_name and model.repository.model(step.model_name) is None:
            try:
                names = [n for n in model.repository.names if n != model.name]
            except Broken:
                names = []
            yield Problem(
                at=(*_STEPS, i, "model_name"),
                message=f"the repository has no model '{step.model_name}'",
                help=nearest(step.model_name, names),
            )


@rule(Severity.ERROR)
def ensemble_cycle(model: CheckedModel) -> Iterator[Problem]:
    """An ensemble uses itself, directly or through others.

    Each member is refused; an ensemble outside the circle that uses a member makes the server die (core
    model_repository_manager.cc:CircularDependencyCheck: `circular dependency between ensembles`; SIGSEGV on 24.10).

    Bad:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "m" model_version: -1
            input_map { key: "in" value: "in" }
            output_map { key: "out" value: "out" }
          }
        }

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
    if not model.is_ensemble:
        return
    for i, _, found in steps_of(model):
        reached = reached_from(found) | {found.name}
        at = (*_STEPS, i, "model_name")
        if model.name in reached:
            yield Problem(
                at=at,
                message=f"the ensemble uses itself through '{found.name}'"
                if found.name != model.name
                else "the ensemble uses itself",
                help="break the circle",
            )
            return
        for name in sorted(reached):
            other = model.repository.model(name)
            if other is not None and name in reached_from(other):
                yield Problem(
                    at=at,
                    message=f"kills the server: '{found.name}' leads to '{name}', an ensemble that uses itself",
                    help=f"break the circle of '{name}'",
                )
                return


@rule(Severity.ERROR)
def step_version_not_loaded(model: CheckedModel) -> Iterator[Problem]:
    """A step asks for a version of its model that is not loaded.

    An omitted model_version is version 0, not the latest; that is -1 (core model_repository_manager.cc:CheckNode:
    `whose required version 0 is not loaded`).

    Bad:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a"
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
    for i, step, found in steps_of(model):
        version = step.model_version
        try:
            loaded = found.versions
        except Broken:
            continue
        if version == -1 or version in loaded or not loaded:
            continue
        there = ", ".join(map(str, loaded))
        if not step.has("model_version"):
            yield Problem(
                at=(*_STEPS, i),
                message=f"step {i} has no model_version, which means version 0 of '{found.name}', not the latest",
                help="write model_version: -1 for the latest",
            )
        else:
            yield Problem(
                at=(*_STEPS, i, "model_version"),
                message=f"version {version} of '{found.name}' is not loaded",
                help=f"write -1 for the latest, or one of: {there}",
            )


@rule(Severity.ERROR)
def step_model_refused(model: CheckedModel) -> Iterator[Problem]:
    """A step uses a model that the server refuses.

    The ensemble is refused with it (core model_repository_manager.cc:CheckNode: `which has no loaded version`).

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
        -- ../a/config.pbtxt
        max_batch_size: -1
        -- ../a/1/model.onnx x FP32 [4] -> y FP32 [4]

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
    told: set[str] = set()
    for i, _, found in steps_of(model):
        if found.name in told or found.name == model.name or {model.name, found.name} & reached_from(found):
            continue
        problem = model.repository.refusal(found)
        if problem is None:
            continue
        told.add(found.name)
        span = problem.span
        if span is None and problem.file is None and problem.at:
            span = found.document.source.locate(problem.at, key=problem.key)
        place = {"span": span} if span else {}
        yield Problem(
            at=(*_STEPS, i, "model_name"),
            message=f"'{found.name}' will not load, and the ensemble with it",
            help=f"mend '{found.name}' first",
            related=(Related(message=problem.message, file=problem.file or found.at_file, **place),),
        )
