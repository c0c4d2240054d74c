"""Rules about TensorFlow models: whether the backend could load them, and what its parameters say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.problems import unreadable
from triton_kit.linter.rule import rule
from triton_kit.model import disk
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.model_file import parameter, read_once, readable
from triton_kit.model.version import leading_integer
from triton_kit.signature.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Callable

    from triton_kit.signature.savedmodel import FrozenGraph, SignatureDef

GONE = "25.03"
"""The first release that ships no TensorFlow backend (server build.py)."""


def is_saved_model(model: Model) -> bool:
    """Whether the TensorFlow backend loads a SavedModel."""
    return model.platform == "tensorflow_savedmodel"


def is_graph(model: Model) -> bool:
    """Whether the TensorFlow backend loads a frozen graph."""
    return model.platform == "tensorflow_graphdef"


def read_frozen(path: Path) -> FrozenGraph:
    """The reader of a frozen graph."""
    from triton_kit.signature.savedmodel import read_graph

    return read_graph(path)


@lru_cache(maxsize=8)
def _reader(tag: str, signature: str) -> Callable[[Path], SignatureDef]:
    """The reader of the signature that those parameters choose; the same function for the same two."""

    def read(path: Path) -> SignatureDef:
        from triton_kit.backends.tensorflow import read_served

        return read_served(path, tag=tag, signature=signature)

    return read


def _served_by(model: Model) -> Callable[[Path], SignatureDef]:
    return _reader(parameter(model, "TF_GRAPH_TAG"), parameter(model, "TF_SIGNATURE_DEF"))


def served(model: Model) -> Iterator[tuple[int, SignatureDef]]:
    """The versions of a SavedModel whose signature is known, and whose types are all Triton's."""
    if is_saved_model(model):
        for version, found in readable(model, _served_by(model)):
            if all(t.dtype for t in (*found.inputs, *found.outputs)):
                yield version, found


@rule(Severity.ERROR, until=GONE, backend="tensorflow")
def tensorflow_unreadable(model: Model) -> Iterator[Problem]:
    """The model file is none that the TensorFlow backend can load.

    A SavedModel is a directory with a `saved_model.pb` that holds a graph of the tag `serve` alone (or TF_GRAPH_TAG),
    and a signature whose types Triton has; a frozen graph is one file (tensorflow
    tensorflow_backend_tf.cc:TRITONTF_ModelCreateFromSavedModel).

    Server says:

        failed to load model
        expected 'serve' tag
        unable to process input

    Bad:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        -- 1/model.savedmodel/saved_model.pb
        version https://git-lfs.github.com/spec/v1

    Good:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        -- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    if is_saved_model(model):
        reader = _served_by(model)
        for version in model.versions:
            path = model.model_file(version)
            if disk.kind_of(path) == disk.FILE:
                yield Problem(
                    message=f"the model file {version}/{model.file_name} is a file, and a SavedModel is a directory",
                    help='give the directory that TensorFlow saved, or write platform: "tensorflow_graphdef"',
                    file=Path(path),
                )
                continue
            try:
                found = read_once(model, version, reader)
            except Broken:
                continue
            if isinstance(found, ModelFileError):
                if found.reason != "ambiguous":
                    yield Problem(
                        message=f"{found.path.name} of version {version} {found.detail}",
                        help=found.hint or "save the model again",
                        file=found.path,
                    )
                continue
            for tensor in (*found.inputs, *found.outputs):
                if not tensor.dtype:
                    yield Problem(
                        message=f"'{tensor.name}' in the signature {found.name} has a type that Triton does not have",
                        help="save the model with a signature of other types",
                        file=Path(path),
                    )
    elif is_graph(model):
        yield from unreadable(model, read_frozen)


@rule(Severity.WARNING, until=GONE, backend="tensorflow")
def tensorflow_signature_ambiguous(model: Model) -> Iterator[Problem]:
    """A SavedModel has several signatures, none of them the one that is asked for.

    Without `serving_default` (or TF_SIGNATURE_DEF) the backend takes any of the others (tensorflow
    tensorflow_backend_tf.cc:TRITONTF_ModelCreateFromSavedModel).

    Server says:

        unable to find default serving signature

    Bad:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        -- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4] signatures encode decode

    Good:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        parameters { key: "TF_SIGNATURE_DEF" value { string_value: "encode" } }
        -- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4] signatures encode decode
    """
    if not is_saved_model(model):
        return
    for version in model.versions:
        try:
            found = read_once(model, version, _served_by(model))
        except Broken:
            continue
        if isinstance(found, ModelFileError) and found.reason == "ambiguous":
            yield Problem(
                message=f"the SavedModel of version {version} {found.detail}", help=found.hint, file=found.path
            )


_INTEGERS = ("TF_NUM_INTRA_THREADS", "TF_NUM_INTER_THREADS", "MAX_SESSION_SHARE_COUNT")
_BOOLEANS = ("true", "on", "1", "false", "off", "0")


@rule(Severity.ERROR, until=GONE, backend="tensorflow")
def tensorflow_parameter(model: Model) -> Iterator[Problem]:
    """A parameter of the TensorFlow backend has a value that it cannot read, or names a file that is not there.

    TF_NUM_INTRA_THREADS, TF_NUM_INTER_THREADS and MAX_SESSION_SHARE_COUNT are integers, TF_USE_PER_SESSION_THREADS is a
    boolean, TF_INIT_OPS_FILE a file in the version directory (tensorflow tensorflow.cc:ParseParameters).

    Server says:

        to integral number
        to boolean

    Bad:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        parameters { key: "TF_NUM_INTRA_THREADS" value { string_value: "all" } }

    Good:

        -- tk validate --release 24.10
        platform: "tensorflow_savedmodel"
        parameters { key: "TF_NUM_INTRA_THREADS" value { string_value: "4" } }
    """
    if not model.config.parameters:
        return
    for key, entry in model.config.parameters.items():
        value = entry.string_value
        at = ("parameters", key)
        if key in _INTEGERS and leading_integer(value) is None:
            yield Problem(at=at, message=f"the parameter {key} is '{value}', not an integer", help="write a number")
        elif key == "TF_USE_PER_SESSION_THREADS" and value.lower() not in _BOOLEANS:
            yield Problem(at=at, message=f"the parameter {key} is '{value}', not a boolean", help="write true or false")
        elif key == "TF_INIT_OPS_FILE" and value:
            for version in model.versions:
                if not os.path.exists(model.join(model.version_folder(version), value)):
                    yield Problem(
                        at=at,
                        message=f"the file of initialisation operations {version}/{value} does not exist",
                        help="put it into the version directory",
                    )
