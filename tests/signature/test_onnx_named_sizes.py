"""Outputs whose sizes bear the name of an input's, or come out of an If or a Loop: as ONNX Runtime has them.

An exporter writes the names that it is told for the axes of an output; ONNX Runtime keeps what it infers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from triton_kit import lint
from triton_kit.backends.onnxruntime import session_dims
from triton_kit.signature.onnx.signature import infer_missing, read


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TK_CACHE_DIR", str(tmp_path / "cache"))


FLOAT, BOOL, INT64 = TensorProto.FLOAT, TensorProto.BOOL, TensorProto.INT64
node, info = helper.make_node, helper.make_tensor_value_info
Graph = tuple[list[onnx.NodeProto], dict[str, Any]]
"""The nodes that make ``y`` of ``x``, which is [b, 4], and the constants that they take."""


def branch(name: str, nodes: list[onnx.NodeProto], output: str, **constants: Any) -> onnx.GraphProto:
    tensors = [numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()]
    return helper.make_graph(nodes, name, [], [info(output, FLOAT, None)], tensors)


SUM = branch("t", [node("ReduceSum", ["x", "axis"], ["s"], keepdims=1)], "s", axis=np.int64([1]))
RELU = branch("e", [node("Relu", ["x"], ["r"])], "r")
CONSTANT = branch("o", [], "k", k=np.zeros((2, 3), np.float32))
NESTED = branch(
    "n",
    [node("Relu", ["x"], ["i"]), node("If", ["c"], ["j"], then_branch=branch("d", [node("Abs", ["i"], ["k"])], "k"),
                                      else_branch=RELU)],
    "j",
)  # fmt: skip


def conditional(condition: Any, then: onnx.GraphProto, otherwise: onnx.GraphProto) -> Graph:
    return [node("If", ["c"], ["y"], then_branch=then, else_branch=otherwise)], {"c": condition}


GRAPHS: dict[str, Graph] = {
    "a sum that keeps its axis": ([node("ReduceSum", ["x", "a"], ["y"], keepdims=1)], {"a": np.int64([1])}),
    "two of one, side by side": ([node("Concat", ["x", "x"], ["y"], axis=1)], {}),
    "a batch that was fixed": (
        [node("Reshape", ["x", "s"], ["r"]), node("Gemm", ["r", "w"], ["y"])],
        {"s": np.int64([1, 4]), "w": np.zeros((4, 3), np.float32)},
    ),
    "a product": ([node("MatMul", ["x", "w"], ["m"]), node("Relu", ["m"], ["y"])], {"w": np.zeros((4, 3), np.float32)}),
    "a sum with what is not known": (
        [node("ReduceMean", ["x"], ["m"], axes=[1], keepdims=1), node("Sub", ["x", "m"], ["y"])],
        {},
    ),
    "a branch that is taken": conditional(np.bool_(True), SUM, RELU),
    "a branch that is not taken": conditional(np.bool_(False), SUM, RELU),
    "a condition that is computed": (
        [node("Cast", ["n"], ["c"], to=BOOL), *conditional(True, SUM, RELU)[0]],
        {"n": np.int64(7)},
    ),
    "a condition that is a size": (
        [node("Shape", ["x"], ["n"], start=1), node("Cast", ["n"], ["q"], to=BOOL), node("Squeeze", ["q"], ["c"]),
         *conditional(True, SUM, RELU)[0]],
        {},
    ),
    "a branch that is a constant": conditional(np.bool_(True), CONSTANT, SUM),
    "a branch within a branch": conditional(np.bool_(True), NESTED, SUM),
    "a loop that keeps the shape": (
        [
            node(
                "Loop", ["n", "c", "x"], ["y"],
                body=helper.make_graph(
                    [node("Identity", ["go"], ["on"]), node("Relu", ["s"], ["t"])], "b",
                    [info("i", INT64, []), info("go", BOOL, []), info("s", FLOAT, None)],
                    [info("on", BOOL, []), info("t", FLOAT, None)],
                ),
            )
        ],
        {"n": np.int64(3), "c": np.bool_(True)},
    ),
    "a scan of rows": (
        [
            node("Reshape", ["x", "shape"], ["rows"]),
            node(
                "Scan", ["z", "rows"], ["last", "y"], num_scan_inputs=1,
                body=helper.make_graph(
                    [node("Add", ["s", "row"], ["t"]), node("Identity", ["t"], ["u"])], "b",
                    [info("s", FLOAT, [4]), info("row", FLOAT, [4])], [info("t", FLOAT, [4]), info("u", FLOAT, [4])],
                ),
            )
        ],
        {"shape": np.int64([5, 4]), "z": np.zeros(4, np.float32)},
    ),
}  # fmt: skip
DECLARED = {"the batch twice": ["b", "b"], "another name": ["b", "n"], "nothing": None}


def write(path: Path, graph: Graph, declared: Sequence[str] | None) -> Path:
    nodes, constants = graph
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    made = helper.make_graph(nodes, "g", [info("x", FLOAT, ["b", 4])], [info("y", FLOAT, declared)], tensors)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(made, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


@pytest.mark.parametrize("declared", DECLARED)
@pytest.mark.parametrize("title", GRAPHS)
def test_the_sizes_of_an_output_are_those_that_a_session_has(title: str, declared: str, tmp_path: Path) -> None:
    ort = pytest.importorskip("onnxruntime")
    path = write(tmp_path / "model.onnx", GRAPHS[title], DECLARED[declared])
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    has = [size if isinstance(size, int) else -1 for size in session.get_outputs()[0].shape]
    found = infer_missing(path, read(path, checked=True)).signature
    if found.guessed:
        # Of unknown rank to the inference: it stays as declared, and where ONNX Runtime is here, it is asked.
        shape = DECLARED[declared]
        assert found.outputs[0].shape == (tuple(shape) if shape else None)
    else:
        assert list(session_dims(found.outputs[0].shape)) == has


def recurrent(path: Path, hidden: list[str | int]) -> Path:
    """An LSTM over x [batch, 5, 4] whose last state h is declared so; it is [1, batch, 8]."""
    weights = [("w", (1, 32, 4)), ("r", (1, 32, 8))]
    tensors = [numpy_helper.from_array(np.zeros(shape, np.float32), name) for name, shape in weights]
    nodes = [
        node("Transpose", ["x"], ["t"], perm=[1, 0, 2]),
        node("LSTM", ["t", "w", "r"], ["", "h"], hidden_size=8),
    ]
    graph = helper.make_graph(nodes, "g", [info("x", FLOAT, ["batch", 5, 4])], [info("h", FLOAT, hidden)], tensors)
    path.parent.mkdir(parents=True)
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def test_a_state_with_the_name_of_the_batch_on_its_first_axis_is_not_batched(tmp_path: Path) -> None:
    recurrent(tmp_path / "r" / "m" / "1" / "model.onnx", ["batch", "batch", 8])
    (tmp_path / "r" / "m" / "config.pbtxt").write_text(
        'backend: "onnxruntime"\nmax_batch_size: 8\ninput { name: "x" data_type: TYPE_FP32 dims: [ 5, 4 ] }\n'
        'output { name: "h" data_type: TYPE_FP32 dims: [ -1, 8 ] }\n'
    )
    found = [d.message for d in lint(tmp_path / "r").diagnostics if d.rule == "onnx-dims"]
    assert found == ["max_batch_size is 8, and the model has no dimension for the batch in 'h' [1, -1, 8]"]


def test_a_plain_model_is_settled_by_its_nodes_alone(tmp_path: Path) -> None:
    """Nothing is left to infer, which would load the onnx package."""
    weights = {"w": np.zeros((4, 3), np.float32), "v": np.zeros(3, np.float32)}
    nodes = [node("Gemm", ["x", "w", "v"], ["g"]), node("Relu", ["g"], ["h"]), node("Softmax", ["h"], ["y"])]
    path = write(tmp_path / "model.onnx", (nodes, weights), ["b", "classes"])
    assert read(path, checked=True).doubtful == frozenset()
    path = write(tmp_path / "model.onnx", GRAPHS["a sum that keeps its axis"], ["b", "b"])
    assert read(path, checked=True).doubtful == {"y"}
