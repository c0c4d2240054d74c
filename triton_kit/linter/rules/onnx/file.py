"""Rules about ONNX files: whether ONNX Runtime could open them at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.backends.onnxruntime import WITHOUT_ZIP_MAP
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import count
from triton_kit.model import disk
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.signature.errors import ModelFileError

if TYPE_CHECKING:
    from triton_kit.signature.onnx.model import OnnxModel


def signatures(model: Model) -> list[tuple[int, OnnxModel]]:
    """The versions of an ONNX model whose file can be read, with what it says."""
    return model.readable_onnx


def model_path(model: Model, version: int) -> str:
    """The file that is opened; a directory stands for the model.onnx in it."""
    path = model.model_file(version)
    return os.path.join(path, "model.onnx") if disk.kind_of(path) == disk.DIRECTORY else path


@rule(Severity.ERROR, backend="onnxruntime")
def onnx_unreadable(model: Model) -> Iterator[Problem]:
    """The model file is not an ONNX file that can be opened.

    Empty, cut short, a git-lfs pointer, something else, or with tensors kept outside its directory (onnxruntime
    onnxruntime.cc:LoadModel).

    Server says:

        onnx runtime error

    Bad:

        -- 1/model.onnx
        version https://git-lfs.github.com/spec/v1

    Good:

        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    for version in model.versions:
        try:
            found = model.onnx(version)
        except Broken:
            continue
        if isinstance(found, Exception):
            path = Path(model_path(model, version))
            yield Problem(
                message=f"the model file {version}/{model.file_name} {found.detail}",
                help=found.hint or "export the model again",
                file=path,
            )
        elif found.graphs > 1:
            path = Path(model_path(model, version))
            yield Problem(message=f"the file holds {found.graphs} models", help="keep one of them", file=path)


_NEWEST = (
    ((23, 1), 8, 17, 3), ((23, 3), 8, 18, 3), ((23, 5), 9, 19, 3), ((24, 3), 9, 20, 4), ((24, 5), 10, 21, 5),
    ((25, 3), 10, 22, 5), ((25, 8), 11, 23, 5), ((26, 2), 13, 25, 5), ((26, 7), 13, 26, 5),
)  # fmt: skip
"""From which release on which IR version and which opsets, of ONNX and of ai.onnx.ml, are the newest that are read.

Found by loading models into the ONNX Runtime of each of these releases: 1.13.1, 1.14.1, 1.15.0, 1.17.3, 1.18.0, 1.21.0,
1.23.0, 1.24.1, 1.27.0, and those between.
"""


@cache
def _limits(release: tuple[int, int]) -> tuple[int, int, int] | None:
    """The newest IR version and opsets that a release reads, by the last ONNX Runtime known of a newer one.

    ``None`` where that is not known.
    """
    return next((row[1:] for row in reversed(_NEWEST) if row[0] <= release), None)


def newest_opset(model: Model) -> int | None:
    """The newest opset that the release reads; ``None`` where that is not known."""
    limits = _limits(model.options.release)
    return limits and limits[1]


@rule(Severity.ERROR, backend="onnxruntime")
def onnx_too_new(model: Model) -> Iterator[Problem]:
    """The ONNX file is of an IR version or opset that the release's ONNX Runtime does not read.

    ONNX Runtime 1.19.2 of 24.10 takes IR versions up to 10 and opsets up to 21 (onnxruntime onnxruntime.cc:LoadModel).

    Server says:

        onnx runtime error
        Unsupported model IR version

    Bad:

        -- tk validate --release 24.10
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4] opset 22

    Good:

        -- tk validate --release 24.10
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4] opset 21
    """
    limits = _limits(model.options.release)
    if limits is None:
        return
    newest_ir, newest, newest_ml = limits
    for version, onnx in signatures(model):
        opset = max((n for domain, n in onnx.opsets if domain in ("", "ai.onnx")), default=0)
        ml, own = (dict(onnx.opsets).get(domain, 0) for domain in ("ai.onnx.ml", "com.microsoft"))
        for noun, number, limit in (
            ("IR version", onnx.ir_version, newest_ir),
            ("opset", opset, newest),
            ("opset of ai.onnx.ml", ml, newest_ml),
            ("opset of com.microsoft", own, 1),
        ):
            if number > limit:
                yield Problem(
                    message=f"the {noun} {number} is newer than ONNX Runtime of this release reads, {limit}",
                    help=f"export the model with {noun} {limit} at most, or serve it with a newer release",
                    file=Path(model_path(model, version)),
                )


@rule(Severity.ERROR, backend="onnxruntime")
def onnx_external_data_missing(model: Model) -> Iterator[Problem]:
    """A file that the model keeps its tensors in is missing or too short.

    ONNX Runtime looks for it beside the ONNX file (onnxruntime onnxruntime.cc:LoadModel).

    Server says:

        onnx runtime error
        are out of bounds or can not be read in full
        cannot get file size

    Bad:

        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4] external weights.bin

    Good:

        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4] external weights.bin
        -- 1/weights.bin
        0123456789abcdef
    """
    for version, onnx in signatures(model):
        needed: dict[str, int] = {}
        for data in onnx.external_data:
            needed[data.location] = max(needed.get(data.location, 0), data.offset + (data.length or data.size or 0))
            if data.length is not None and data.size is not None and data.length != data.size:
                yield Problem(
                    message=f"the tensor '{data.tensor}' is {count(data.size, 'byte')} and has {data.length} of"
                    f" '{data.location}'",
                    help="save the model and its tensors again",
                    file=Path(model_path(model, version)),
                )
        folder = os.path.dirname(model_path(model, version)) if needed else ""
        for location, size in needed.items():
            path = os.path.join(folder, location)
            if disk.kind_of(path) != disk.FILE:
                yield Problem(
                    message=f"the model keeps tensors in '{location}', which does not exist beside it",
                    help="copy that file along with the model",
                    file=Path(model_path(model, version)),
                )
            elif os.path.getsize(path) < size:
                yield Problem(
                    message=f"'{location}' has {count(os.path.getsize(path), 'byte')} where the model needs {size}",
                    help="copy it again",
                    file=Path(path),
                )


@rule(Severity.WARNING, backend="onnxruntime")
def onnx_external_data_elsewhere(model: Model) -> Iterator[Problem]:
    """A file that the model keeps its tensors in is not in the model's directory.

    ONNX Runtime 1.19 of 24.10 opens it wherever it is; a model that is copied without it does not load (onnxruntime
    onnxruntime.cc:LoadModel).

    Bad:

        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4] external ../weights.bin
        -- weights.bin
        0123456789abcdef

    Good:

        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4] external weights.bin
        -- 1/weights.bin
        0123456789abcdef
    """
    from triton_kit.signature.external_data import confine

    for version, onnx in signatures(model):
        if not onnx.external_data:
            continue
        path = model_path(model, version)
        for location in dict.fromkeys(data.location for data in onnx.external_data):
            there = os.path.join(os.path.dirname(path), location)
            try:
                confine(Path(path), (location,))
            except ModelFileError as error:
                if disk.kind_of(there) == disk.FILE:
                    yield Problem(message=f"the model {error.detail}", help=error.hint, file=Path(path))


@rule(Severity.ERROR, backend="onnxruntime")
def onnx_invalid_graph(model: Model) -> Iterator[Problem]:
    """The graph of the ONNX model is one that ONNX Runtime does not take.

    An operator that does not exist in the version that is imported, with a wrong number of inputs or outputs, without a
    required attribute or with one that it does not have; a value that nothing makes, or that two nodes make; two nodes
    of one name, in the graph or in one inside a node; an input that is listed twice; a circle; a graph inside a node
    (If, Loop, Scan) that takes what is not made yet, makes a name of the graph around it, or gives what it does not
    make (onnxruntime onnxruntime.cc:LoadModel, ONNX Runtime graph.cc).

    Server says:

        This is an invalid model
        Duplicate definition of name
        Duplicate definition-site for
        two nodes with same node name
        the graph is not acyclic
        is not a graph input, initializer, or output of a previous node
        Nodes in a graph must be topologically sorted
        Graph must be in single static assignment (SSA) form
        is an outer scope value being returned directly
        No Op registered for

    Bad:

        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4] operator Identitty

    Good:

        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4] operator Identity
    """
    for version, onnx in signatures(model):
        for fault in onnx.faults[:_MOST_FAULTS]:
            yield Problem(
                message=f"the graph is invalid: {fault}",
                help="export the model again, and check it with onnx.checker",
                file=Path(model_path(model, version)),
            )


_MOST_FAULTS = 5


@rule(Severity.ERROR, backend="onnxruntime")
def onnx_non_tensor(model: Model) -> Iterator[Problem]:
    """An input or output of the ONNX model is not a tensor.

    A sequence, map, optional or sparse tensor fails the load even if the configuration does not name it; a typical case
    is the ZipMap output of scikit-learn (onnxruntime onnxruntime_utils.cc).

    Server says:

        Unsupported ONNX Type 'ONNX_TYPE_

    Bad:

        -- 1/model.onnx x FP32 [-1, 4] -> y sequence

    Good:

        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    for version, onnx in signatures(model):
        for foreign in onnx.foreign_io:
            if foreign.kind not in ("tensor", "untyped"):
                side = "output" if foreign.is_output else "input"
                kind = foreign.kind.replace("_", " ")
                yield Problem(
                    message=f"the {side} '{foreign.name}' of the model is a {kind}, which Triton cannot serve",
                    help=f"export the model without it; with skl2onnx: {WITHOUT_ZIP_MAP}",
                    file=Path(model_path(model, version)),
                )
