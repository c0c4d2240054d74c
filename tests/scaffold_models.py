"""Small ONNX models for the tests of the scaffold room."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def write_onnx(
    path: Path,
    *,
    shape: Sequence[int | str | None] = ("batch", 4),
    dtype: int = 1,
    outputs: int = 1,
    external: bool = False,
    weight: float = 1,
    opset: int = 17,
) -> Path:
    """An ONNX file with the input ``x`` and outputs ``y0``, ``y1``, ... each ``x`` plus a weight."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.full(1, weight, helper.tensor_dtype_to_np_dtype(dtype)), "w")
    nodes = [helper.make_node("Add", ["x", "w"], [f"y{i}"]) for i in range(outputs)]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", dtype, shape)],
        [helper.make_tensor_value_info(f"y{i}", dtype, shape) for i in range(outputs)],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    assert TensorProto.FLOAT == 1
    path.parent.mkdir(parents=True, exist_ok=True)
    if external:
        onnx.save(model, path, save_as_external_data=True, location=f"{path.stem}.data", size_threshold=0)
    else:
        onnx.save(model, path)
    return path
