"""The TensorFlow backend: SavedModel directories and frozen graphs, in releases up to 25.02."""

from __future__ import annotations

from pathlib import Path

from triton_kit.backends.facts import Facts
from triton_kit.backends.generic import complete_as_is
from triton_kit.backends.types import Companion, Completion, ConfigTensor, FileKind
from triton_kit.repository.release_name import NEWEST
from triton_kit.repository.tensor import DATA_TYPES, TensorSpec, dims
from triton_kit.signature import savedmodel
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.files import require_kind
from triton_kit.signature.savedmodel import SignatureDef
from triton_kit.signature.types import Signature

name = "tensorflow"
platforms = ("tensorflow_savedmodel", "tensorflow_graphdef")
default_file = "model.savedmodel"
suffixes = (".savedmodel", ".graphdef", ".pb")
last_release: str | None = "25.02"
"""build.py of the server leaves TensorFlow out of the default build from 25.03 on."""
TYPES = frozenset(DATA_TYPES) - {"TYPE_BF16"}
facts = Facts(
    completes_parts=True,
    responses="one",
    states=False,
    batch_io=False,
    accelerators=True,
    graph_level=True,
    operator_libraries=True,
    optional_inputs=False,
    batch_checked=True,
    types=TYPES,
    cpu_count=2,
    opens_file=True,
    python_stub=False,
    shipped=True,
)

_SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")

DEFAULT_MAX_BATCH_SIZE = 4
"""The server's ``--backend-config=default-max-batch-size`` (core, backend_config.cc)."""


def recognise(path: Path) -> FileKind | None:
    """A directory with a saved_model.pb is a SavedModel; a .graphdef or other .pb file a frozen graph."""
    if path.is_dir():
        if path.suffix == ".savedmodel" or any((path / file).is_file() for file in _SAVED_MODEL_FILES):
            return FileKind(platform=platforms[0], default_file=default_file)
        return None
    if path.suffix.lower() in {".graphdef", ".pb"}:
        return FileKind(platform=platforms[1], default_file="model.graphdef")
    return None


def read(path: Path) -> Signature | None:
    """The signature that the backend serves of a SavedModel; a frozen graph has none. Raises ModelFileError."""
    if path.is_dir():
        return read_served(path).signature
    if path.name in _SAVED_MODEL_FILES:
        raise ModelFileError(
            path,
            "is only a part of a SavedModel",
            reason="foreign",
            hint=f"give its directory, {path.parent}",
        )
    require_kind(path, "a TensorFlow graph", ())
    return None


def read_served(path: Path, *, tag: str = "", signature: str = "") -> SignatureDef:
    """The signature of a SavedModel directory that the backend would serve.

    ``tag`` and ``signature`` are the parameters TF_GRAPH_TAG and TF_SIGNATURE_DEF. Raises ModelFileError where the
    model has no such graph or signature, and where the backend would take any of several.
    """
    model = savedmodel.read(path)
    graph = model.graph(tag)
    if graph is None:
        tags = sorted({", ".join(g.tags) or "no tag" for g in model.graphs})
        raise ModelFileError(
            path,
            f"has no graph that is tagged {tag or savedmodel.DEFAULT_TAG} alone; its graphs are tagged "
            + "; ".join(tags),
            reason="malformed",
            hint="name its tag in the parameter TF_GRAPH_TAG, or save it with the tag serve",
        )
    chosen = graph.choose(signature)
    if chosen is None:
        names = ", ".join(s.name for s in graph.candidates) or "none"
        raise ModelFileError(
            path,
            f"has no signature {signature or savedmodel.DEFAULT_SIGNATURE}; its signatures are {names}",
            reason="malformed" if not graph.candidates else "ambiguous",
            hint="name one in the parameter TF_SIGNATURE_DEF, or save the model with that signature",
        )
    return chosen


def is_batchable(signature: Signature) -> bool:
    """Whether completion takes the model for one that batches: -1 first in every input and output."""
    return all(dims(t.shape or (0,))[0] == -1 for t in (*signature.inputs, *signature.outputs))


def complete(
    signature: Signature,
    *,
    release: str = NEWEST,  # noqa: ARG001 - the Protocol's
    default_max_batch_size: int = DEFAULT_MAX_BATCH_SIZE,
) -> Completion:
    """What the server makes of an empty config for a SavedModel.

    The model batches when every input and output begins with -1; then ``max_batch_size`` is the default, with dynamic
    batching when over 1. A tensor without dims gets ``[ 1 ]`` with an empty reshape; one of unknown rank cannot be
    completed. (tensorflow_backend, AutoCompleteHelper.)
    """
    size = max(default_max_batch_size, 0) if is_batchable(signature) else 0
    batching = is_batchable(signature)
    plain = complete_as_is(signature, TYPES)
    return Completion(
        max_batch_size=size,
        inputs=tuple(_tensor(t, batching) for t in signature.inputs),
        outputs=tuple(_tensor(t, batching) for t in signature.outputs),
        dynamic_batching=size > 1,
        blockers=(*plain.blockers, *_without_rank(signature)),
    )


def _tensor(spec: TensorSpec, batching: bool) -> ConfigTensor:
    shape = tuple(dims(spec.shape or ()))[1 if batching else 0 :]
    return ConfigTensor(
        name=spec.name, data_type=spec.dtype or "TYPE_INVALID", dims=shape or (1,), reshape=None if shape else ()
    )


def _without_rank(signature: Signature) -> list[str]:
    sides = (("input", signature.inputs), ("output", signature.outputs))
    return [
        f"{side} {t.name!r} has {'an unknown rank' if t.shape is None else 'no dimensions'}, which cannot be completed"
        for side, tensors in sides
        for t in tensors
        if not t.shape
    ]


def companions(path: Path) -> tuple[Companion, ...]:  # noqa: ARG001 - the Protocol's
    """None: a SavedModel travels as its directory, a frozen graph is one file."""
    return ()
