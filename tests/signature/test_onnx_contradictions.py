"""Graphs whose types or shapes contradict each other: what ONNX Runtime refuses of them is found, and no more."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from triton_kit.signature.onnx.signature import infer_missing, read

ELEMENTS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL)
SHAPES = ([4], [1], [3], ["N", 4], ["N", 3], [2, 4], [2, 3], [4, 3], [3, 4], [1, 1, 4], [None, 4], [5, 1])
UNARY = ("Identity", "Relu", "Neg", "Sqrt", "Softmax", "Not", "Abs", "Shape")
BINARY = ("Add", "Mul", "Sub", "Pow", "And", "Equal", "Greater", "MatMul", "Gather", "Max", "Concat")
_CONTRADICTION = ("Type Error", "ShapeInferenceError", "This is an invalid model")


def a_graph(r: random.Random) -> onnx.ModelProto:
    """A few operators one after the other, over inputs and an initializer of random types and shapes."""
    element = r.choice(ELEMENTS)

    def tensor(name: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(
            name, element if r.random() < 0.9 else r.choice(ELEMENTS), r.choice(SHAPES)
        )

    inputs = [tensor(f"x{i}") for i in range(3)]
    shape = r.choice([s for s in SHAPES if all(isinstance(d, int) for d in s)])
    size = 1
    for d in shape:
        size *= d
    weights = helper.make_tensor("w", element, shape, [1] * size)
    names, nodes = ["x0", "x1", "x2", "w"], []
    for i in range(r.randint(1, 4)):
        operator = r.choice(UNARY + BINARY)
        taken = [r.choice(names) for _ in range(1 if operator in UNARY else 2)]
        attributes = {"axis": 0} if operator == "Concat" else {}
        nodes.append(helper.make_node(operator, taken, [f"y{i}"], **attributes))
        names.append(f"y{i}")
    output = tensor(names[-1])
    if r.random() < 0.7:
        output.type.tensor_type.ClearField("shape")
    graph = helper.make_graph(nodes, "g", inputs, [output], [weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def verdict(path: Path) -> str:
    """Why ONNX Runtime does not load it; empty where it does."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        return str(error)
    return ""


def test_random_graphs_are_judged_as_onnx_runtime_judges_them(tmp_path: Path) -> None:
    r = random.Random(20)
    path = tmp_path / "model.onnx"
    seen: Counter[tuple[bool, bool]] = Counter()
    for i in range(600):
        path.write_bytes(a_graph(r).SerializeToString())
        faults = read(path, checked=True).faults
        said = verdict(path)
        assert said or not faults, (i, faults)
        seen[bool(faults), any(word in said for word in _CONTRADICTION)] += 1
    found, missed = seen[True, True], seen[False, True]
    assert found > 150
    assert missed <= 0.1 * (found + missed), seen


@pytest.mark.parametrize(
    ("element", "shape", "made"), [(TensorProto.FLOAT, ["N", 5], (None, None)), (TensorProto.FLOAT, ["N", 4, 1], None)]
)
def test_an_output_that_is_declared_as_it_is_not_is_seen_as_the_session_sees_it(
    tmp_path: Path, element: int, shape: list[object], made: object
) -> None:
    path = tmp_path / "model.onnx"
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])
    y = helper.make_tensor_value_info("y", element, shape)
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    model = read(path, checked=True)
    assert model.faults == ()
    assert model.contradicted == {"y"}
    found = infer_missing(path, model).signature.outputs[0].shape
    assert found == made or (found is not None and [d if isinstance(d, int) else None for d in found] == list(made))


def test_what_is_wrong_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])
    w = helper.make_tensor_value_info("w", TensorProto.INT64, [3])
    y = helper.make_tensor_value_info("y", TensorProto.INT64, None)
    nodes = [
        helper.make_node("Add", ["x", "w"], ["a"], name="sum"),
        helper.make_node("Not", ["x"], ["n"]),
        helper.make_node("Relu", ["x"], ["y"]),
    ]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", [x, w], [y]), ir_version=8), path)
    assert read(path, checked=True).faults == (
        "the node 'sum' (Add) takes 'w', INT64, beside FLOAT, where one type is required",
        "a node Not takes 'x', FLOAT, and its operator does not take that type",
        "the output 'y' is declared as INT64, and a node Relu makes FLOAT",
        "the node 'sum' (Add) takes shapes that do not fit together, [N, 4] and [3]",
    )


def test_a_node_of_more_than_a_kilobyte_is_read_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    value = helper.make_tensor("v", TensorProto.FLOAT, [1000], [0.5] * 1000)
    nodes = [helper.make_node("Constant", [], ["c"], value=value), helper.make_node("Add", ["x", "c"], ["y"])]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 1000]) for name in "xy")
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", [x], [y]), ir_version=8), path)
    assert read(path, checked=True).faults == ()


def test_what_is_defined_twice_is_found_and_onnx_runtime_refuses_it(tmp_path: Path) -> None:
    def value(name: str, element: int = TensorProto.FLOAT, shape: tuple[int, ...] = (4,)) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, element, shape)

    def branch(*nodes: onnx.NodeProto) -> onnx.GraphProto:
        return helper.make_graph(nodes, "b", [], [helper.make_empty_tensor_value_info("r")])

    def relu(taken: str, made: str, name: str = "") -> onnx.NodeProto:
        return helper.make_node("Relu", [taken], [made], name=name)

    def choice(*nodes: onnx.NodeProto) -> onnx.NodeProto:
        return helper.make_node("If", ["c"], ["y"], then_branch=branch(*nodes), else_branch=branch(relu("x", "r")))

    flag = value("c", TensorProto.BOOL, ())
    cases = {
        "the input 'x' is defined twice": ([relu("x", "y")], [value("x"), value("x")]),
        "two nodes have the name 'n'": ([relu("x", "a", "n"), relu("a", "y", "n")], [value("x")]),
        "'r' is made twice in a graph inside a node": ([choice(relu("x", "r"), relu("x", "r"))], [value("x"), flag]),
    }
    cases_inside = ([choice(relu("x", "q", "n"), relu("q", "r", "n"))], [value("x"), flag])
    for said, (nodes, inputs) in [*cases.items(), ("two nodes have the name 'n'", cases_inside)]:
        graph = helper.make_graph(nodes, "g", inputs, [value("y")])
        path = tmp_path / "model.onnx"
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        path.write_bytes(model.SerializeToString())
        assert read(path, checked=True).faults == (said,)
        assert verdict(path)


def test_names_may_be_the_same_in_two_graphs(tmp_path: Path) -> None:
    def branch(operator: str) -> onnx.GraphProto:
        made = helper.make_node(operator, ["x"], ["r"], name="n")
        return helper.make_graph([made], "b", [], [helper.make_empty_tensor_value_info("r")])

    made = helper.make_node("If", ["c"], ["y"], name="n", then_branch=branch("Relu"), else_branch=branch("Abs"))
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [4]),
        helper.make_tensor_value_info("c", TensorProto.BOOL, []),
    ]
    graph = helper.make_graph([made], "g", inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])])
    path = tmp_path / "model.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    assert read(path, checked=True).faults == ()
    assert verdict(path) == ""


def test_constants_of_one_name_are_no_nodes_any_more_when_names_are_compared(tmp_path: Path) -> None:
    held = helper.make_tensor("t", 1, [1], [1.0])
    nodes = [helper.make_node("Constant", [], [name], name="c", value=held) for name in ("a", "b")]
    graph = helper.make_graph([*nodes, helper.make_node("Add", ["a", "b"], ["y"], name="c")], "g", [], [
        helper.make_tensor_value_info("y", 1, [1])
    ])  # fmt: skip
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    assert onnxruntime.InferenceSession(path).get_outputs()[0].name == "y"
    assert read(path, checked=True).faults == ()
