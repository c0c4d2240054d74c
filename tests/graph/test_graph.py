"""What a graph holds: nodes, edges, order, and each finding at its place."""

from __future__ import annotations

import itertools
from pathlib import Path

import flows
import pytest

from triton_kit.graph.build import draw
from triton_kit.graph.flow import Flow, Node, Role
from triton_kit.graph.order import levels
from triton_kit.linter.options import options

JUDGED = options()


def flow(path: Path) -> Flow:
    return draw(str(path), JUDGED).graph.flows[0]


def node(found: Flow, name: str) -> Node:
    return next(n for n in found.nodes if n.name == name)


def rules(findings) -> list[str]:
    return [finding.rule for finding in findings]


def test_the_sample_is_its_ensemble_and_the_model_that_stands_alone(sample):
    graph = draw(str(sample), JUDGED).graph
    assert [(f.name, f.ensemble) for f in graph.flows] == [("digits", True), ("digit_embedding", False)]
    digits = graph.flows[0]
    assert [n.name for n in digits.nodes] == ["image", "digit_preprocessing", "digit_classifier", "scores"]
    assert digits.levels == (0, 1, 2, 3)
    ties = [(e.source, e.target, e.tensor, e.severity) for e in digits.edges]
    assert set(ties) == {
        ("input0", "step0", "image", None),
        ("step0", "step1", "pixels", None),
        ("step1", "output0", "scores", None),
    }
    classifier = node(digits, "digit_classifier")
    assert (classifier.backend, classifier.version, classifier.batch) == ("onnxruntime", 1, 32)
    assert [(p.name, p.data_type, p.shape) for p in classifier.inputs] == [("pixels", "FP32", ("batch", 1, 8, 8))]


def test_a_model_without_a_config_has_the_ports_of_its_file(sample, tmp_path):
    (tmp_path / "repo" / "m" / "1").mkdir(parents=True)
    file = sample / "digit_classifier" / "1" / "model.onnx"
    (tmp_path / "repo" / "m" / "1" / "model.onnx").write_bytes(file.read_bytes())
    [box] = flow(tmp_path / "repo" / "m").nodes
    assert box.role is Role.MODEL
    assert (box.backend, box.batch) == ("onnxruntime", 4)
    assert [(p.name, p.shape) for p in (*box.inputs, *box.outputs)] == [
        ("pixels", ("batch", 1, 8, 8)),
        ("scores", ("batch", 10)),
    ]


def test_each_finding_stands_at_its_port_or_step(tmp_path):
    flows.add_broken(tmp_path)
    found = flow(tmp_path / "broken")
    classify, gone = node(found, "classify"), node(found, "gone")
    assert rules(classify.inputs[0].findings) == ["ensemble-type-differs"]
    assert not gone.exists
    assert rules(gone.findings) == ["step-model-missing"]
    assert rules(gone.inputs[1].findings) == ["ensemble-output-not-written"]
    mistyped = found.nodes[[n.id for n in found.nodes].index("step3")]
    assert [(p.name, p.known, rules(p.findings)) for p in mistyped.inputs] == [
        ("image", True, []),
        ("imag", False, ["step-maps-unknown-tensor"]),
    ]
    assert node(found, "nowhere").role is Role.LOST
    wrong = {(e.source, e.target) for e in found.edges if e.severity}
    assert wrong == {("step0", "step1"), ("input0", "step3"), ("lost0", "step2")}


def test_nothing_is_lost_of_what_validate_says(tmp_path):
    flows.add_broken(tmp_path)
    flows.add_circle(tmp_path)
    config = tmp_path / "decode" / "config.pbtxt"
    config.write_text(config.read_text() + "dynamic_batching { preferred_batch_size: [ 16 ] }\n")
    drawn = draw(str(tmp_path), JUDGED)
    shown = {f for one in drawn.graph.flows for f in one.numbered()}
    assert shown == set(drawn.report.diagnostics)
    assert not drawn.report.ok


def test_a_circle_is_drawn_with_the_edge_that_closes_it(tmp_path):
    found = flow(flows.add_circle(tmp_path))
    assert [(e.source, e.target) for e in found.edges if e.backward] == [("step1", "step0")]
    assert found.levels == (0, 1, 2, 3)


def test_an_ensemble_that_uses_itself_is_drawn_once(tmp_path):
    flows.add_ensemble(tmp_path, "me", [("i", "FP32", [1])], [("o", "FP32", [1])], [("me", {"i": "i"}, {"o": "o"})])
    assert [f.name for f in draw(str(tmp_path / "me"), JUDGED).graph.flows] == ["me"]


def test_an_ensemble_brings_the_ensembles_among_its_steps(tmp_path):
    flows.add_model(tmp_path, "m", [("x", "FP32", [1])], [("y", "FP32", [1])])
    flows.add_ensemble(tmp_path, "z_in", [("i", "FP32", [1])], [("o", "FP32", [1])], [("m", {"x": "i"}, {"y": "o"})])
    flows.add_ensemble(tmp_path, "out", [("i", "FP32", [1])], [("o", "FP32", [1])], [("z_in", {"i": "i"}, {"o": "o"})])
    graph = draw(str(tmp_path / "out"), JUDGED).graph
    assert [f.name for f in graph.flows] == ["out", "z_in"]
    assert node(graph.flows[0], "z_in").backend == "ensemble"


@pytest.mark.parametrize(
    "text",
    [
        'platform: "ensemble" ensemble_scheduling { step { model_name: "m" input_map { key: "x" value: "i"',
        'platform: "ensemble" ensemble_scheduling { step { } step { model_name: "" } }',
        'platform: "ensemble" max_batch_size: -7 input { } output { name: "" dims: [ -9 ] data_type: 99 }',
        'ensemble_scheduling { step { model_name: "../m" model_version: -5 } }',
        'ensemble_scheduling { step { model_name: "m" model_version: 99999999999 input_map { key: "x" value: "" } } }',
        'ensemble_scheduling { step { model_name: "\\377\\000" input_map { key: "\\377" value: "a" } } }',
        "\x00\xff{{{{",
        "",
    ],
)
def test_a_broken_configuration_is_drawn_as_far_as_it_goes(tmp_path, text):
    flows.add_model(tmp_path, "m", [("x", "FP32", [1])], [("y", "FP32", [1])])
    (tmp_path / "e" / "1").mkdir(parents=True)
    (tmp_path / "e" / "config.pbtxt").write_bytes(text.encode("latin-1"))
    drawn = draw(str(tmp_path), JUDGED, configs=True)
    assert not drawn.report.ok
    shown = {f for one in drawn.graph.flows for f in one.numbered()}
    assert shown == set(drawn.report.diagnostics)


def test_the_longest_way_counts_and_circles_end():
    level, backward = levels("abcd", [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")])
    assert (level, backward) == ({"a": 0, "b": 1, "c": 2, "d": 3}, set())
    level, backward = levels("abc", [("a", "b"), ("b", "c"), ("c", "b")])
    assert (level, backward) == ({"a": 0, "b": 1, "c": 2}, {("c", "b")})
    level, backward = levels("ab", [("a", "a"), ("a", "b"), ("b", "a")])
    assert level == {"a": 0, "b": 1}
    assert backward == {("a", "a"), ("b", "a")}


def test_a_chain_of_thousands_does_not_exhaust_the_stack():
    names = [str(i) for i in range(5000)]
    level, _ = levels(names, itertools.pairwise(names))
    assert level["4999"] == 4999
