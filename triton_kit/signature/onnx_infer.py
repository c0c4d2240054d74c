"""The shapes of ONNX outputs that a file leaves out, inferred by the onnx package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from triton_kit.repository.tensor import BY_ONNX, Dim, TensorSpec

_SIZE_LIMIT = 512 * 1024 * 1024
_KEEP = 1024
"""Bytes up to which a tensor stays for the inference: the shape that a Reshape goes by is a small constant."""


def infer_outputs(path: Path, names: set[str]) -> dict[str, TensorSpec]:
    """Those of the named outputs whose type can be inferred; empty where the file is too big or inference fails."""
    import onnx
    import onnx.shape_inference

    try:
        if path.stat().st_size > _SIZE_LIMIT:
            return {}
        model = onnx.load(path, load_external_data=False)
        _drop_weights(model.graph)
        graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    except Exception:  # the inference raises what it likes, and an unknown shape is a fine answer
        return {}
    return {value.name: spec for value in graph.output if value.name in names and (spec := _spec(value))}


def _drop_weights(graph: Any) -> None:
    for tensor in graph.initializer:
        if tensor.ByteSize() > _KEEP:
            for field in ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data"):
                tensor.ClearField(field)


def _spec(value: Any) -> TensorSpec | None:
    if value.type.WhichOneof("value") != "tensor_type":
        return None
    tensor = value.type.tensor_type
    known = BY_ONNX.get(tensor.elem_type)
    shape = tuple(_dim(d) for d in tensor.shape.dim) if tensor.HasField("shape") else None
    return TensorSpec(name=value.name, dtype=known.config if known else None, shape=shape)


def _dim(dim: Any) -> Dim:
    if dim.WhichOneof("value") == "dim_value":
        return int(dim.dim_value) if dim.dim_value >= 0 else None
    return str(dim.dim_param) or None
