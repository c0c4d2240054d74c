"""Rules about an ensemble's configuration taken by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model


@rule(Severity.ERROR)
def ensemble_scheduling_elsewhere(model: Model) -> Iterator[Problem]:
    """A model that is not an ensemble has ensemble_scheduling.

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
            message=f"ensemble_scheduling is in a model of the backend '{model.backend}'",
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
