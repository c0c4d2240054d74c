"""Rules about the models that an ensemble's steps name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.linter.fix.edits import insert_after, set_near
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed, nearest
from triton_kit.model.broken import Broken
from triton_kit.model.ensemble import steps_of
from triton_kit.model.model import Model

_STEPS = ("ensemble_scheduling", "step")


@rule(Severity.ERROR, platform="ensemble")
def step_model_missing(model: Model) -> Iterator[Problem]:
    """A step names a model that is not in the repository.

    (core model_repository_manager.cc:LoadModelByDependency.)

    Server says:

        contains models that are not available or ambiguous

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
    for i, step in enumerate(model.config.ensemble_scheduling.step):
        if step.model_name and model.repository.find(step.model_name, step.model_namespace) is None:
            holders = model.repository.holders(step.model_name)
            if len(holders) > 1:
                yield Problem(
                    at=(*_STEPS, i, "model_name"),
                    message=f"{len(holders)} repositories have a model '{step.model_name}', and none is chosen",
                    help="name the repository's path in model_namespace"
                    if model.options.namespacing
                    else "rename one of them",
                )
                continue
            try:
                names = [n for n in model.repository.names if n != model.name]
            except Broken:
                names = []
            at = (*_STEPS, i, "model_name")
            yield Problem(
                at=at,
                message=f"the repository has no model '{step.model_name}'",
                help=nearest(step.model_name, names),
                fix=set_near(at, step.model_name, names),
            )


@rule(Severity.ERROR, platform="ensemble")
def ensemble_cycle(model: Model) -> Iterator[Problem]:
    """An ensemble uses itself, directly or through others.

    Each member is refused; an ensemble outside the circle that uses a member makes the server die (core
    model_repository_manager.cc:CircularDependencyCheck; SIGSEGV on 24.10).

    Server says:

        circular dependency between ensembles

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
    graph = model.repository.ensembles
    for i, _, found in steps_of(model):
        at = (*_STEPS, i, "model_name")
        if graph.use_each_other(found, model):
            yield Problem(
                at=at,
                message=f"the ensemble uses itself through '{found.name}'"
                if found.name != model.name
                else "the ensemble uses itself",
                help="break the cycle",
            )
            return
        other = graph.first_closed(found)
        if other is not None:
            yield Problem(
                at=at,
                message=f"kills the server: '{found.name}' leads to '{other.name}', an ensemble that uses itself",
                help=f"break the cycle of '{other.name}'",
            )
            return


@rule(Severity.ERROR, platform="ensemble")
def step_version_not_loaded(model: Model) -> Iterator[Problem]:
    """A step asks for a version of its model that is not loaded.

    An omitted model_version is version 0, not the latest; that is -1 (core model_repository_manager.cc:CheckNode).

    Server says:

        whose required version … is not loaded

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
                fix=insert_after((*_STEPS, i, "model_name"), "model_version: -1"),
            )
        else:
            yield Problem(
                at=(*_STEPS, i, "model_version"),
                message=f"version {version} of '{found.name}' is not loaded",
                help=f"write -1 for the latest, or one of: {there}",
            )


@rule(Severity.ERROR, platform="ensemble")
def step_model_refused(model: Model) -> Iterator[Problem]:
    """A step uses a model that the server refuses.

    The ensemble is refused with it; all such models of an ensemble are one finding (core
    model_repository_manager.cc:CheckNode).

    Server says:

        contains models that are not available or ambiguous
        which has no loaded version
        which is not valid

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
    refused: dict[Path, tuple[int, str, Related]] = {}
    for i, _, found in steps_of(model):
        if found.path in refused or model.repository.ensembles.uses_itself(found):
            continue
        problem = model.repository.refusal(found)
        if problem is None:
            continue
        span = problem.span
        if span is None and problem.file is None and problem.at:
            span = found.document.source.locate(problem.at, key=problem.key)
        place = {"span": span} if span else {}
        reason = Related(message=problem.message, file=problem.file or found.at_file, **place)
        refused[found.path] = i, found.name, reason
    if refused:
        steps, names, reasons = zip(*refused.values(), strict=True)
        yield Problem(
            at=(*_STEPS, steps[0], "model_name"),
            message=f"{listed(names)} will not load, and the ensemble with {'it' if len(names) == 1 else 'them'}",
            help=f"fix {listed(names)} first",
            related=reasons,
        )
