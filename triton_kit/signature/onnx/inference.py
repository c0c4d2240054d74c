"""The shapes of ONNX outputs that a file leaves open, inferred as ONNX Runtime infers them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.files.cache import keep, recall
from triton_kit.repository.tensor import BY_ONNX, Dim, TensorSpec
from triton_kit.version import __version__

if TYPE_CHECKING:
    from onnx import TensorShapeProto, ValueInfoProto

SIZE_LIMIT = 512 * 1024 * 1024
"""Bytes of a file up to which its outputs are inferred, or ONNX Runtime is asked for them."""

CACHE = "onnx"
"""The kind under which answers about a file are kept, by its digest."""

_EDITION = 2
"""Changes with what is inferred, so that what was kept before is not taken for it."""


def infer_outputs(path: Path, *, folded: bool = True) -> dict[str, TensorSpec]:
    """The outputs whose type can be inferred; empty where the file is too big or inference fails.

    The shapes that the file declares for them are left out of account. ``folded`` infers after the constants are worked
    out, as every optimization level of ONNX Runtime but the lowest does. The onnx package is loaded once for a
    file: what it infers is kept in tk's cache by the file's digest.
    """
    key = digest(path, f"{__version__} {_EDITION} {folded}")
    if key is None:
        return {}
    kept = recall(CACHE, key)
    if kept is None:
        kept = {name: [dtype, shape] for name, dtype, shape in _infer(path, folded)}
        keep(CACHE, key, kept)
    return {
        name: TensorSpec(name=name, dtype=dtype, shape=None if shape is None else tuple(shape))
        for name, (dtype, shape) in kept.items()
    }


def digest(path: Path, question: str) -> str | None:
    """A name for the answer to a question about the file's content; ``None`` where it cannot be read, or is too big."""
    import hashlib

    found = hashlib.sha256(question.encode())
    try:
        if os.stat(path).st_size > SIZE_LIMIT:  # noqa: PTH116
            return None
        with open(path, "rb") as file:
            while part := file.read(1 << 20):
                found.update(part)
    except OSError:
        return None
    return found.hexdigest()


def merge_shapes(declared: tuple[Dim, ...] | None, inferred: tuple[Dim, ...] | None) -> tuple[Dim, ...] | None:
    """The shape that ONNX Runtime reports for an output that is declared so and inferred so.

    A fixed size wins over an open one; two different fixed sizes make an open one; different ranks an unknown one.
    """
    if declared is None or inferred is None:
        return inferred if declared is None else declared
    if len(declared) != len(inferred):
        return None
    merged: list[Dim] = []
    for given, found in zip(declared, inferred, strict=True):
        if isinstance(given, int) and isinstance(found, int) and given != found:
            merged.append(None)
        else:
            merged.append(given if isinstance(given, int) or not isinstance(found, int) else found)
    return tuple(merged)


def _infer(path: Path, folded: bool) -> list[tuple[str, str | None, tuple[Dim, ...] | None]]:
    import onnx

    from triton_kit.signature.onnx.folding import drop_weights, infer_folded

    try:
        model = onnx.load(path, load_external_data=False)
        drop_weights(model.graph)
        for value in model.graph.output:
            if value.type.WhichOneof("value") == "tensor_type":
                value.type.tensor_type.ClearField("shape")
        graph = infer_folded(model, folded=folded)
    except Exception:  # the inference raises what it likes, and an unknown shape is a fine answer
        return []
    return [found for value in graph.output if (found := _described(value))]


def _described(value: ValueInfoProto) -> tuple[str, str | None, tuple[Dim, ...] | None] | None:
    if value.type.WhichOneof("value") != "tensor_type":
        return None
    tensor = value.type.tensor_type
    known = BY_ONNX.get(tensor.elem_type)
    shape = tuple(_dim(d) for d in tensor.shape.dim) if tensor.HasField("shape") else None
    return value.name, known.config if known else None, shape


def _dim(dim: TensorShapeProto.Dimension) -> Dim:
    if dim.WhichOneof("value") == "dim_value":
        return int(dim.dim_value) if dim.dim_value >= 0 else None
    return str(dim.dim_param) or None
