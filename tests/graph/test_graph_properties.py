"""Any ensemble, right or wrong, is drawn so that the laws of a drawing hold."""

from __future__ import annotations

import tempfile
from pathlib import Path

import flows
import test_graph_layout as laws
from hypothesis import given, settings
from hypothesis import strategies as st

from triton_kit.graph import layout
from triton_kit.graph.build import draw
from triton_kit.graph.flow import Role
from triton_kit.linter.options import options

LAWS = (
    laws.test_no_box_overlaps_another,
    laws.test_no_label_lies_on_a_box_or_on_another_label,
    laws.test_each_edge_begins_and_ends_at_its_ports_and_passes_no_box,
    laws.test_everything_is_inside_the_drawing,
)


@st.composite
def steps(draw_):
    """Steps of two models; a step may read what comes later, what nobody gives, or nothing."""
    count = draw_(st.integers(1, 5))
    names = ["in", *(f"t{i}" for i in range(count)), "lost"]
    tensor = st.sampled_from(names)
    wired = []
    for i in range(count):
        if draw_(st.booleans()):
            wired.append(("one", {"x": draw_(tensor)}, {"y": f"t{i}"}))
        else:
            taken = {"a": draw_(tensor)} | ({"b": draw_(tensor)} if draw_(st.booleans()) else {})
            wired.append(("two", taken, {"sum": f"t{i}", "rest": f"r{i}"}))
    outputs = draw_(st.lists(st.sampled_from(names[1:]), min_size=1, max_size=3, unique=True))
    return wired, [(name, "FP32", [4]) for name in outputs]


@settings(max_examples=20)
@given(steps())
def test_the_laws_of_a_drawing_hold_for_any_ensemble(made):
    with tempfile.TemporaryDirectory() as place:
        repository = Path(place)
        flows.add_model(repository, "one", [("x", "FP32", [4])], [("y", "FP32", [4])])
        flows.add_model(
            repository, "two", [("a", "FP32", [4]), ("b", "FP32", [4])], [("sum", "FP32", [4]), ("rest", "FP32", [4])]
        )
        folder = flows.add_ensemble(repository, "e", [("in", "FP32", [4])], made[1], made[0])
        flow = draw(str(folder), options()).graph.flows[0]
    drawing = layout.lay_out(flow)
    for law in LAWS:
        law(drawing)
    assert {box.node.id for box in drawing.boxes} == {node.id for node in flow.nodes}
    assert {route.edge for route in drawing.routes} == set(flow.edges)
    order = dict(zip((node.id for node in flow.nodes), flow.levels, strict=True))
    for edge in flow.edges:
        assert edge.backward or order[edge.source] < order[edge.target]
    given_ = {name: i for i, (_, _, out) in enumerate(made[0]) for name in out.values()}
    wanted = [(given_.get(t, t), i) for i, (_, taken, _) in enumerate(made[0]) for t in taken.values()]
    index = {node.id: node for node in flow.nodes}
    drawn = [
        (source.index if source.role is Role.STEP else source.name, target.index)
        for source, target in ((index[e.source], index[e.target]) for e in flow.edges)
        if target.role is Role.STEP
    ]
    assert sorted(map(str, drawn)) == sorted(map(str, wanted))


def test_outputs_move_to_their_sources_with_one_lane_too_many(tmp_path, monkeypatch):
    flows.add_model(tmp_path, "m", [("x", "FP32", [4])], [("y", "FP32", [4])])
    steps_ = [("m", {"x": "in"}, {"y": "a"}), ("m", {"x": "a"}, {"y": "b"}), ("m", {"x": "b"}, {"y": "c"})]
    folder = flows.add_ensemble(tmp_path, "e", [("in", "FP32", [4])], [(n, "FP32", [4]) for n in "abc"], steps_)
    flow = draw(str(folder), options()).graph.flows[0]

    def columns(most: int) -> dict[str, float]:
        monkeypatch.setattr(layout, "_MOST_LANES", most)
        return {box.node.name: box.x for box in layout.lay_out(flow).boxes if box.node.role is Role.OUTPUT}

    lanes = 3  # two for a, one for b
    assert len(set(columns(lanes).values())) == 1
    found = columns(lanes - 1)
    assert found["a"] < found["b"] < found["c"]
