"""Where things stand: nothing overlaps, every edge meets its ports, straight where it can be."""

from __future__ import annotations

import itertools

import flows
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triton_kit.graph.build import draw
from triton_kit.graph.layout import CHARACTER, SMALL, Layout, isotonic, lay_out
from triton_kit.linter.options import options


def laid(path) -> Layout:
    return lay_out(draw(str(path), options()).graph.flows[0])


@pytest.fixture(params=["forty", "broken", "circle"])
def layout(request, tmp_path):
    return laid(getattr(flows, f"add_{request.param}")(tmp_path))


def test_no_box_overlaps_another(layout):
    for one, other in itertools.combinations(layout.boxes, 2):
        beside = one.x + one.width <= other.x or other.x + other.width <= one.x
        assert beside or one.y + one.height < other.y or other.y + other.height < one.y


def test_no_label_lies_on_a_box_or_on_another_label(layout):
    places = [(lb.x, lb.y - 9, lb.x + len(lb.text) * CHARACTER * SMALL, lb.y + 2) for lb in layout.labels]
    places += [(b.x, b.y, b.x + b.width, b.y + b.height) for b in layout.boxes]
    for one, other in itertools.combinations(places, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_each_edge_begins_and_ends_at_its_ports_and_passes_no_box(layout):
    boxes = {box.node.id: box for box in layout.boxes}
    for route in layout.routes:
        source, target = boxes[route.edge.source], boxes[route.edge.target]
        assert route.points[0] == (source.x + source.width, source.y + source.outputs[route.edge.source_port])
        assert route.points[-1] == (target.x, target.y + target.inputs[route.edge.target_port])
        for (x, y), (to_x, to_y) in itertools.pairwise(route.points[1:-1]):
            for box in layout.boxes:
                across = y == to_y and box.y < y < box.y + box.height
                assert not (across and x < box.x + box.width and box.x < to_x), (route.edge, box.node.id)


def test_everything_is_inside_the_drawing(layout):
    for box in layout.boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= layout.width
        assert box.y + box.height <= layout.height


def test_a_chain_is_drawn_straight(sample):
    heights = {y for route in laid(sample / "digits").routes for _, y in route.points}
    routes = laid(sample / "digits").routes
    assert len(heights) == len(routes)


def test_a_long_chain_whose_every_tensor_is_an_output_is_drawn_with_few_lanes(tmp_path):
    flows.add_model(tmp_path, "m", [("x", "FP32", [1])], [("y", "FP32", [1])])
    names = [f"t{i}" for i in range(301)]
    steps = [("m", {"x": a}, {"y": b}) for a, b in itertools.pairwise(names)]
    outputs = [(name, "FP32", [1]) for name in names[1:]]
    layout = laid(flows.add_ensemble(tmp_path, "long", [("t0", "FP32", [1])], outputs, steps))
    assert sum(len(route.points) for route in layout.routes) < 5000


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0.1, 10)), max_size=12))
def test_the_nearest_rising_values_rise_and_keep_the_mean(pairs):
    wanted, weights = [v for v, _ in pairs], [w for _, w in pairs]
    found = isotonic(wanted, weights)
    assert all(a <= b + 1e-9 for a, b in itertools.pairwise(found))
    assert abs(sum(w * (f - v) for f, v, w in zip(found, wanted, weights, strict=True))) < 1e-6
    assert isotonic(sorted(wanted), weights) == pytest.approx(sorted(wanted))
