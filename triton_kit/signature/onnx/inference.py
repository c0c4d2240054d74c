"""The shapes of ONNX outputs that a file leaves out, inferred by the onnx package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.repository.tensor import BY_ONNX, Dim, TensorSpec

if TYPE_CHECKING:
    from onnx import GraphProto, TensorShapeProto, ValueInfoProto

_SIZE_LIMIT = 512 * 1024 * 1024
_KEEP = 1024
"""Bytes up to which a tensor stays for the inference: the shape that a Reshape goes by is a small constant."""


def infer_outputs(path: Path, names: set[str]) -> dict[str, TensorSpec]:
    """Those of the named outputs whose type can be inferred; empty where the file is too big or inference fails.

    The shapes that the file declares for them are left out of account.
    """
    import onnx
    import onnx.shape_inference

    try:
        if path.stat().st_size > _SIZE_LIMIT:
            return {}
        model = onnx.load(path, load_external_data=False)
        _drop_weights(model.graph)
        for value in model.graph.output:
            if value.name in names and value.type.WhichOneof("value") == "tensor_type":
                value.type.tensor_type.ClearField("shape")
        graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception:  # the inference raises what it likes, and an unknown shape is a fine answer
        return {}
    return {value.name: spec for value in graph.output if value.name in names and (spec := _spec(value))}


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


def _drop_weights(graph: GraphProto) -> None:
    for tensor in graph.initializer:
        if tensor.ByteSize() > _KEEP:
            for field in ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data"):
                tensor.ClearField(field)


def _spec(value: ValueInfoProto) -> TensorSpec | None:
    if value.type.WhichOneof("value") != "tensor_type":
        return None
    tensor = value.type.tensor_type
    known = BY_ONNX.get(tensor.elem_type)
    shape = tuple(_dim(d) for d in tensor.shape.dim) if tensor.HasField("shape") else None
    return TensorSpec(name=value.name, dtype=known.config if known else None, shape=shape)


def _dim(dim: TensorShapeProto.Dimension) -> Dim:
    if dim.WhichOneof("value") == "dim_value":
        return int(dim.dim_value) if dim.dim_value >= 0 else None
    return str(dim.dim_param) or None
