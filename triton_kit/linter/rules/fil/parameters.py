"""Rules about the forests of the FIL backend, as far as their files show."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.backends.fil import FILES
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.fil.files import model_type
from triton_kit.linter.wording import nearest
from triton_kit.model.model import Model
from triton_kit.model.model_file import parameter


@rule(Severity.ERROR, backend="fil")
def fil_model_type(model: Model) -> Iterator[Problem]:
    """The model type of a forest does not exist.

    (fil src/serialization.h.)

    Server says:

        not recognized as a valid serialization format

    Bad:

        backend: "fil"
        parameters { key: "model_type" value { string_value: "xgboost_bin" } }
        -- 1/xgboost.model 4 features

    Good:

        backend: "fil"
        parameters { key: "output_class" value { string_value: "false" } }
        parameters { key: "model_type" value { string_value: "xgboost" } }
        -- 1/xgboost.model 4 features
    """
    if model_type(model) not in FILES:
        yield Problem(
            at=("parameters", "model_type"),
            message=f"'{model_type(model)}' is not a model type of the fil backend",
            help=nearest(model_type(model), FILES),
        )


@rule(Severity.ERROR, until="25.09", backend="fil")
def fil_output_class(model: Model) -> Iterator[Problem]:
    """A forest does not say whether it classifies, or by which threshold.

    Before 25.09 `output_class` must be `true` or `false`, and with true there must be a `threshold`; neither has a
    default (fil src/shared_state.h).

    Server says:

        Required parameter output_class not found in config
        Required parameter threshold

    Bad:

        -- tk validate --release 24.10
        backend: "fil"
        -- 1/xgboost.model 4 features

    Good:

        -- tk validate --release 24.10
        backend: "fil"
        parameters { key: "output_class" value { string_value: "false" } }
        -- 1/xgboost.model 4 features
    """
    value = parameter(model, "output_class")
    if not value:
        yield Problem(
            at=("parameters",),
            message="the forest has no parameter output_class",
            help="add it, with true or false",
        )
    elif value not in ("true", "false"):
        yield Problem(
            at=("parameters", "output_class"), message=f"output_class is '{value}'", help="write true or false"
        )
    elif value == "true" and not parameter(model, "threshold"):
        yield Problem(
            at=("parameters", "output_class"),
            message="the forest classifies, and has no parameter threshold",
            help="add it, such as 0.5",
        )


@rule(Severity.ERROR, since="25.09", backend="fil")
def fil_classifier(model: Model) -> Iterator[Problem]:
    """A forest does not say whether it classifies, or by which threshold.

    From 25.09 on `is_classifier` must be `true` or `false` (the older `output_class` is still taken), and with true
    there must be a `threshold` (fil src/shared_state.h). Read in the sources, not seen on a server.

    Server says:

        Required parameter is_classifier not found in config
        Required parameter threshold

    Bad:

        -- tk validate --release 25.09
        backend: "fil"
        -- 1/xgboost.model 4 features

    Good:

        -- tk validate --release 25.09
        backend: "fil"
        parameters { key: "is_classifier" value { string_value: "false" } }
        -- 1/xgboost.model 4 features
    """
    value = parameter(model, "is_classifier")
    if not value:
        if not parameter(model, "output_class"):
            yield Problem(
                at=("parameters",),
                message="the forest has no parameter is_classifier",
                help="add it, with true or false",
            )
    elif value not in ("true", "false"):
        yield Problem(
            at=("parameters", "is_classifier"), message=f"is_classifier is '{value}'", help="write true or false"
        )
    elif value == "true" and not parameter(model, "threshold"):
        yield Problem(
            at=("parameters", "is_classifier"),
            message="the forest classifies, and has no parameter threshold",
            help="add it, such as 0.5",
        )


@rule(Severity.WARNING, since="25.09", backend="fil")
def fil_removed_parameter(model: Model) -> Iterator[Problem]:
    """A parameter of a forest has no effect any more.

    algo, storage_type, blocks_per_sm and threads_per_tree are not read from 25.09 on, and output_class is called
    is_classifier (fil src/shared_state.h). Read in the sources, not seen on a server.

    Bad:

        -- tk validate --release 25.09
        backend: "fil"
        parameters { key: "is_classifier" value { string_value: "false" } }
        parameters { key: "algo" value { string_value: "ALGO_AUTO" } }
        -- 1/xgboost.model 4 features

    Good:

        -- tk validate --release 25.09
        backend: "fil"
        parameters { key: "is_classifier" value { string_value: "false" } }
        -- 1/xgboost.model 4 features
    """
    if not model.config.parameters:
        return
    for key in ("algo", "storage_type", "blocks_per_sm", "threads_per_tree"):
        if key in model.config.parameters:
            yield Problem(at=("parameters", key), message=f"{key} has no effect from 25.09 on", help="leave it out")
    if "output_class" in model.config.parameters and not parameter(model, "is_classifier"):
        yield Problem(
            at=("parameters", "output_class"),
            message="output_class is the old name of is_classifier",
            help="write is_classifier",
        )


@rule(Severity.ERROR, backend="fil")
def fil_tensor(model: Model) -> Iterator[Problem]:
    """A tensor of a forest has another name or type than the backend gives it.

    The input is `input__0`, the output `output__0`, beside which there may be `treeshap_output`; all are FP32
    (fil docs).

    Bad:

        backend: "fil"
        max_batch_size: 8
        parameters { key: "output_class" value { string_value: "false" } }
        input { name: "features" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "output__0" data_type: TYPE_FP32 dims: [ 1 ] }
        -- 1/xgboost.model 4 features

    Good:

        backend: "fil"
        max_batch_size: 8
        parameters { key: "output_class" value { string_value: "false" } }
        input { name: "input__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "output__0" data_type: TYPE_FP32 dims: [ 1 ] }
        -- 1/xgboost.model 4 features
    """
    for tensors, names in ((model.inputs, ("input__0",)), (model.outputs, ("output__0", "treeshap_output"))):
        for tensor in tensors:
            if tensor.name and tensor.name not in names:
                yield Problem(
                    at=(*tensor.at, "name"),
                    message=f"{tensor.kind} '{tensor.name}' is none that a forest has",
                    help=f"call it {' or '.join(names)}",
                )
            elif tensor.data_type not in ("TYPE_FP32", "TYPE_INVALID"):
                yield Problem(
                    at=(*tensor.at, "data_type"),
                    message=f"{tensor.kind} '{tensor.name}' is {tensor.data_type}, and forests take and give FP32",
                    help="write TYPE_FP32",
                )
