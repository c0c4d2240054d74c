"""Rules about the files of forests, and whether the configuration agrees with what they say of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from triton_kit.backends.fil import FILES
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.problems import once
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed
from triton_kit.model import disk
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.model_file import parameter, read_once
from triton_kit.signature import forest
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.forest import Forest


def model_type(model: Model) -> str:
    """The model type as the backend reads it, whether it exists or not."""
    written = bool(model.config.parameters) and "model_type" in model.config.parameters
    return parameter(model, "model_type") if written else "xgboost"


def _name(model: Model) -> str:
    """The name of the model's file. Raises Broken where its type does not exist."""
    kind = model_type(model)
    if kind not in FILES:
        raise Broken(kind)
    return model.config.default_model_filename or FILES[kind]


def _read(model: Model) -> Iterator[tuple[str, Forest | ModelFileError]]:
    """The file of each version, relative to the model, with what it says of itself."""
    name = _name(model)
    for version in model.versions:
        place = f"{model.version_folder(version)}/{name}"
        path = model.join(model.version_folder(version), name)
        if disk.kind_of(path) != disk.FILE:
            continue
        yield place, read_once(model, version, forest.read, path)


@rule(Severity.ERROR, backend="fil")
def fil_file_missing(model: Model) -> Iterator[Problem]:
    """A forest has no file of the name that its type opens.

    Each type has a file name of its own where `default_model_filename` is not written (fil src/model.h).

    Bad:

        backend: "fil"
        parameters { key: "output_class" value { string_value: "false" } }
        -- 1/xgboost.json 4 features

    Good:

        backend: "fil"
        parameters { key: "output_class" value { string_value: "false" } }
        parameters { key: "model_type" value { string_value: "xgboost_json" } }
        -- 1/xgboost.json 4 features
    """
    name, kind = _name(model), model_type(model)
    for version in model.versions:
        folder = model.version_folder(version)
        held = model.listing(folder)
        if name not in held:
            others = [t for t, file in FILES.items() if file in held]
            yield Problem(
                message=f"the model file {folder}/{name} does not exist, which a forest of the type {kind} is in",
                help=f'write model_type "{others[0]}"'
                if others
                else f"put it there; {folder}/ holds {listed(sorted(held)) or 'nothing'}",
                file=Path(model.join(folder)),
            )


@rule(Severity.ERROR, backend="fil")
def fil_file(model: Model) -> Iterator[Problem]:
    """The file of a forest is broken, or in another format than its model type says.

    The backend reads the file as `model_type` says, whatever is in it (fil src/serialization.h, src/tl_model.h).

    Bad:

        backend: "fil"
        parameters { key: "output_class" value { string_value: "false" } }
        parameters { key: "model_type" value { string_value: "xgboost_ubj" } }
        default_model_filename: "forest.json"
        -- 1/forest.json 4 features

    Good:

        backend: "fil"
        parameters { key: "output_class" value { string_value: "false" } }
        parameters { key: "model_type" value { string_value: "xgboost_json" } }
        default_model_filename: "forest.json"
        -- 1/forest.json 4 features
    """
    kind = model_type(model)
    for place, found in _read(model):
        if isinstance(found, ModelFileError):
            yield Problem(
                message=f"the model file {place} {found.detail}",
                help=found.hint or "save the forest again",
                file=found.path,
            )
        elif found.format != kind:
            yield Problem(
                at=("parameters", "model_type") if "model_type" in model.config.parameters else ("parameters",),
                message=f"the model type is {kind}, and {place} is {found.format}",
                help=f'write model_type "{found.format}"',
            )


@rule(Severity.WARNING, backend="fil")
def fil_features(model: Model) -> Iterator[Problem]:
    """The input of a forest has another number of features than the forest was made for.

    Nothing compares them: the forest reads rows of its own length out of what was sent (fil src/model.h).

    Bad:

        backend: "fil"
        max_batch_size: 8
        parameters { key: "output_class" value { string_value: "false" } }
        input { name: "input__0" data_type: TYPE_FP32 dims: [ 5 ] }
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
    for tensor in model.inputs:
        if tensor.name == "input__0" and tensor.dims:
            yield from once(
                Problem(
                    at=(*tensor.at, "dims"),
                    message=f"the forest has {found.features} features, and its input {tensor.dims[-1]}",
                    help=f"write dims: [ {found.features} ]",
                )
                for _, found in _read(model)
                if isinstance(found, Forest) and tensor.dims[-1] not in (-1, found.features)
            )


@rule(Severity.WARNING, backend="fil")
def fil_outputs(model: Model) -> Iterator[Problem]:
    """The output of a forest has another width than the forest fills.

    A forest of several classes gives the number of a class, or with `predict_proba` a probability for each (fil
    docs/model_config.md).

    Bad:

        backend: "fil"
        max_batch_size: 8
        parameters { key: "output_class" value { string_value: "true" } }
        parameters { key: "threshold" value { string_value: "0.5" } }
        input { name: "input__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "output__0" data_type: TYPE_FP32 dims: [ 3 ] }
        -- 1/xgboost.model 4 features 3 classes

    Good:

        backend: "fil"
        max_batch_size: 8
        parameters { key: "output_class" value { string_value: "true" } }
        parameters { key: "threshold" value { string_value: "0.5" } }
        parameters { key: "predict_proba" value { string_value: "true" } }
        input { name: "input__0" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "output__0" data_type: TYPE_FP32 dims: [ 3 ] }
        -- 1/xgboost.model 4 features 3 classes
    """
    probabilities = parameter(model, "predict_proba").lower() == "true"
    for tensor in model.outputs:
        if tensor.name == "output__0" and tensor.dims:
            yield from once(
                Problem(
                    at=(*tensor.at, "dims"),
                    message=f"the forest has {found.classes} classes and fills {wide}, and its output is "
                    f"{tensor.dims[-1]} wide",
                    help=f"write dims: [ {wide} ]"
                    + ("" if probabilities else ", or the parameter predict_proba with true for all of them"),
                )
                for found, wide in _wide(model, probabilities)
                if tensor.dims[-1] not in (-1, wide)
            )


def _wide(model: Model, probabilities: bool) -> Iterator[tuple[Forest, int]]:
    """The forests of several classes, with the numbers that each gives for a sample."""
    for _, found in _read(model):
        if isinstance(found, Forest) and found.classes > 2 and found.classifies:
            yield found, found.classes if probabilities else 1


@rule(Severity.WARNING, backend="fil")
def fil_classifier_of_file(model: Model) -> Iterator[Problem]:
    """A forest is said to classify, or not to, and its file says the opposite.

    The backend then takes classes for numbers, or numbers for classes (fil docs/model_config.md).

    Bad:

        backend: "fil"
        parameters { key: "output_class" value { string_value: "false" } }
        -- 1/xgboost.model 4 features 3 classes

    Good:

        backend: "fil"
        parameters { key: "output_class" value { string_value: "true" } }
        parameters { key: "threshold" value { string_value: "0.5" } }
        -- 1/xgboost.model 4 features 3 classes
    """
    key = "is_classifier" if parameter(model, "is_classifier") else "output_class"
    value = parameter(model, key)
    if value not in ("true", "false"):
        return
    for place, found in _read(model):
        if isinstance(found, Forest) and found.classifies is not None and found.classifies != (value == "true"):
            goal = f" ({found.objective})" if found.objective else ""
            yield Problem(
                at=("parameters", key),
                message=f"{key} is {value}, and {place} does {'' if found.classifies else 'not '}classify{goal}",
                help=f"write {'true' if found.classifies else 'false'}",
            )
