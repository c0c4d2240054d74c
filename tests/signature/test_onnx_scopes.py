"""Graphs inside nodes (If, Loop, Scan): what is wrong with their names, said of those that ONNX Runtime refuses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from triton_kit.signature.onnx.signature import read

FLOAT = TensorProto.FLOAT
node = helper.make_node
Nodes = list[onnx.NodeProto]


def value(name: str) -> onnx.ValueInfoProto:
    boolean = name in ("c", "ci", "co")
    return helper.make_tensor_value_info(name, TensorProto.BOOL if boolean else FLOAT, [] if boolean else None)


def weight(name: str) -> onnx.TensorProto:
    return numpy_helper.from_array(np.ones(4, np.float32), name)


def graph(
    nodes: Nodes, outputs: Sequence[str], inputs: Sequence[str] = (), weights: Sequence[str] = ()
) -> onnx.GraphProto:
    given = [
        helper.make_tensor_value_info("i", TensorProto.INT64, []) if name == "i" else value(name) for name in inputs
    ]
    return helper.make_graph(nodes, "inner", given, [value(name) for name in outputs], [weight(n) for n in weights])


ELSE = graph([node("Relu", ["x"], ["e"])], ["e"])
BEFORE = [node("Relu", ["x"], ["m"])]


def branching(then: onnx.GraphProto, before: Nodes = BEFORE, after: Nodes | None = None) -> Nodes:
    return [*before, node("If", ["c"], ["y"], name="if", then_branch=then, else_branch=ELSE), *(after or [])]


def nested(inner: Nodes) -> onnx.NodeProto:
    return node("If", ["c"], ["k"], name="in", then_branch=graph(inner, [inner[-1].output[0]]), else_branch=ELSE)


def loop(
    nodes: Nodes, outputs: Sequence[str], inputs: Sequence[str] = ("i", "ci", "s"), weights: Sequence[str] = ()
) -> Nodes:
    ahead = node("Identity", ["ci"], ["co"])
    return [node("Loop", ["n", "c", "x"], ["y"], name="l", body=graph([ahead, *nodes], outputs, inputs, weights))]


def scan(taken: str) -> Nodes:
    body = graph([node("Add", ["s", taken], ["t"]), node("Relu", ["t"], ["u"])], ["t", "u"], ["s", "r"])
    return [node("Scan", ["w", "x"], ["f", "y"], name="s", num_scan_inputs=1, body=body)]


IF = "the then_branch of the node 'if' (If)"
BODY = "the body of the node 'l' (Loop)"
WRONG: dict[str, tuple[Nodes, str]] = {
    "a value that nothing makes": (
        branching(graph([node("Add", ["x", "gone"], ["q"])], ["q"])),
        f"a node Add in {IF} takes 'gone', which nothing produces",
    ),
    "a value of the other branch": (
        branching(graph([node("Relu", ["e"], ["q"])], ["q"])),
        f"a node Relu in {IF} takes 'e', which nothing produces",
    ),
    "nodes out of order": (
        branching(graph([node("Abs", ["p"], ["q"]), node("Relu", ["x"], ["p"])], ["q"])),
        f"a node Abs in {IF} takes 'p', which a later node produces",
    ),
    "a value of a node that is not needed": (
        branching(graph([node("Relu", ["x"], ["q"]), node("Abs", ["gone"], ["d"])], ["q"])),
        f"a node Abs in {IF} takes 'gone', which nothing produces",
    ),
    "the name of an input": (
        branching(graph([node("Relu", ["m"], ["x"]), node("Abs", ["x"], ["q"])], ["q"])),
        f"a node Relu in {IF} makes 'x', a name that the graph around it has",
    ),
    "the name of an initializer": (
        branching(graph([node("Relu", ["m"], ["w"]), node("Abs", ["w"], ["q"])], ["q"])),
        f"a node Relu in {IF} makes 'w', a name that the graph around it has",
    ),
    "the name of what a node makes": (
        branching(graph([node("Relu", ["x"], ["m"]), node("Abs", ["m"], ["q"])], ["q"])),
        f"a node Relu in {IF} makes 'm', a name that the graph around it has",
    ),
    "an initializer twice": (
        branching(graph([node("Add", ["x", "v"], ["q"])], ["q"], weights=["v", "v"])),
        f"{IF} has the initializer 'v' twice",
    ),
    "an initializer that a node makes": (
        branching(graph([node("Relu", ["x"], ["v"]), node("Abs", ["v"], ["q"])], ["q"], weights=["v"])),
        f"'v' is made twice: by a node Relu in {IF} too",
    ),
    "an output that nothing makes": (
        branching(graph([node("Relu", ["x"], ["q"])], ["z"])),
        f"{IF} gives 'z', which it does not make",
    ),
    "an output that is the input of the model": (
        branching(graph([], ["x"])),
        f"{IF} gives 'x', which it does not make",
    ),
    "two outputs and one": (
        branching(graph([node("Relu", ["x"], ["q"]), node("Abs", ["x"], ["r"])], ["q", "r"])),
        "the branches of the node 'if' (If) give 1 and 2 outputs",
    ),
    "a branch with an input": (
        branching(graph([node("Relu", ["z"], ["q"])], ["q"], inputs=["z"])),
        f"{IF} has inputs, and an If gives it none",
    ),
    "a graph within a graph": (
        branching(graph([nested([node("Relu", ["p"], ["h"])]), node("Relu", ["x"], ["p"])], ["k"])),
        "a node Relu in the then_branch of the node 'in' (If) takes 'p', which nothing produces",
    ),
    "the name of the graph between": (
        branching(graph([node("Relu", ["x"], ["p"]), nested([node("Abs", ["x"], ["p"])])], ["k"])),
        "a node Abs in the then_branch of the node 'in' (If) makes 'p', a name that the graph around it has",
    ),
    "a loop over what is not there": (
        loop([node("Add", ["s", "gone"], ["t"])], ["co", "t"]),
        f"a node Add in {BODY} takes 'gone', which nothing produces",
    ),
    "an input of a loop twice": (
        loop([node("Relu", ["s"], ["t"])], ["co", "t"], ["i", "ci", "s", "s"]),
        f"{BODY} has the input 's' twice",
    ),
    "a loop with an input too few": (
        loop([node("Relu", ["x"], ["t"])], ["co", "t"], ["i", "ci"]),
        f"{BODY} has 2 inputs, and gets 3",
    ),
    "a loop with an output too few": (
        loop([node("Relu", ["s"], ["t"])], ["co"]),
        f"{BODY} gives 1 outputs, and the node needs 2",
    ),
    "a scan over what is not there": (
        scan("gone"),
        "a node Add in the body of the node 's' (Scan) takes 'gone', which nothing produces",
    ),
}
RIGHT: dict[str, Nodes] = {
    "a value of the graph around": branching(graph([node("Add", ["m", "w"], ["q"])], ["q"])),
    "a value that is made further down": branching(
        graph([node("Add", ["x", "late"], ["q"])], ["q"]), after=[node("Relu", ["x"], ["late"])]
    ),
    "an initializer of an outer name": branching(graph([node("Add", ["x", "w"], ["q"])], ["q"], weights=["w"])),
    "an initializer that is given": branching(graph([], ["v"], weights=["v"])),
    "the name of the output of the node": branching(graph([node("Relu", ["x"], ["y"])], ["y"])),
    "an input that is left out": branching(graph([node("Clip", ["x", "", "one"], ["q"])], ["q"])),
    "a graph within a graph": branching(
        graph([node("Relu", ["x"], ["p"]), nested([node("Abs", ["p"], ["h"])])], ["k"])
    ),
    "a loop": loop([node("Relu", ["s"], ["t"])], ["co", "t"]),
    "a loop whose input has an outer name": loop([node("Relu", ["x"], ["t"])], ["co", "t"], ["i", "ci", "x"]),
    "a scan": scan("r"),
}


def saved(path: Path, nodes: Nodes) -> Path:
    x = helper.make_tensor_value_info("x", FLOAT, ["b", 4])
    constants = [
        weight("w"),
        numpy_helper.from_array(np.int64(2), "n"),
        numpy_helper.from_array(np.float32(1), "one"),
    ]
    made = helper.make_graph(nodes, "g", [x, value("c")], [value("y")], constants)
    onnx.save(helper.make_model(made, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def refused(path: Path) -> bool:
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception:  # the kinds differ, and all refuse the model
        return True
    return False


@pytest.mark.parametrize("title", WRONG)
def test_a_name_that_is_wrong_in_a_graph_inside_a_node_is_found(title: str, tmp_path: Path) -> None:
    nodes, fault = WRONG[title]
    path = saved(tmp_path / "model.onnx", nodes)
    assert fault in read(path, checked=True).faults
    assert refused(path)


@pytest.mark.parametrize("title", RIGHT)
def test_names_that_are_right_in_a_graph_inside_a_node_are_left_alone(title: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "model.onnx", RIGHT[title])
    assert read(path, checked=True).faults == ()
    assert not refused(path)


def test_an_input_of_a_body_that_is_an_initializer_too_is_found(tmp_path: Path) -> None:
    """It kills the ONNX Runtime of 24.10, so that it is not asked."""
    nodes = loop([node("Relu", ["s"], ["t"])], ["co", "t"], weights=["s"])
    fault = f"{BODY} has 's' as an input and as an initializer"
    assert fault in read(saved(tmp_path / "model.onnx", nodes), checked=True).faults
