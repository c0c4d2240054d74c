"""Whole drawings of small repositories, in every format that is text."""

from __future__ import annotations

import flows
import pytest

from triton_kit.graph import dot, html, mermaid, svg, tree
from triton_kit.graph import json as document
from triton_kit.graph.build import draw
from triton_kit.graph.crossings import Segment, arrange
from triton_kit.linter.options import options
from triton_kit.resources import resource


def add_unbatched(repository):
    """An ensemble without batches over models that stream, are named alike and leave things open."""
    flows.add_model(repository, "a", [("x", "FP32", [2, -1]), ("o", "INT64", [1])], [("y", "FP32", [2])], batch=0)
    config = repository / "a/config.pbtxt"
    config.write_text(config.read_text().replace("dims: [1]", "dims: [1] optional: true"))
    flows.add_model(repository, "b", [("x", "FP32", [2])], [("y", "FP32", [2])], batch=0)
    with (repository / "b/config.pbtxt").open("a") as file:
        file.write("model_transaction_policy { decoupled: true }\n")
    steps = [("a", {"x": "in"}, {"y": "mid"}), ("b", {"x": "mid"}, {"y": "out"})]
    folder = flows.add_ensemble(repository, "plain", [("in", "FP32", [2, -1])], [("out", "FP32", [2])], steps)
    text = (folder / "config.pbtxt").read_text()
    (folder / "config.pbtxt").write_text(text.replace("max_batch_size: 8\n", ""))
    flows.add_model(
        repository, "alone", [("x", "FP32", [2])], [("a_name_that_is_far_too_long_to_be_shown_in_a_box", "FP32", [2])]
    )


MAKERS = {"broken": flows.add_broken, "circle": flows.add_circle, "unbatched": add_unbatched}


def page(graph):
    """The page with the names of the files that ship with tk in place of their text; the rest is as it is."""
    text = html.render(graph)
    for names in (("svg.css", "page.css"), ("page.js",)):
        shipped = "".join(resource(f"graph/{name}").read_text(encoding="utf-8") for name in names)
        assert text.count(shipped) == 1
        text = text.replace(shipped, "".join(f"<{name}>" for name in names))
    return text


FORMATS = {"dot": dot.render, "mermaid": mermaid.render, "svg": svg.render, "html": page, "json": document.render}


@pytest.fixture(params=MAKERS)
def graph(request, tmp_path, monkeypatch):
    repository = tmp_path / "models"
    repository.mkdir()
    MAKERS[request.param](repository)
    monkeypatch.chdir(tmp_path)
    return draw("models", options(), configs=True).graph


@pytest.mark.parametrize("format_", FORMATS)
def test_a_whole_drawing(graph, format_, snapshot):
    assert FORMATS[format_](graph) == snapshot


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("columns", [None, 50])
def test_a_whole_tree(graph, color, columns, snapshot):
    assert tree.render(graph, color=color, columns=columns) == snapshot


def test_a_model_and_an_ensemble_by_themselves(told, tmp_path, snapshot):
    (tmp_path / "models").mkdir()
    flows.add_broken(tmp_path / "models")
    commands = [f"graph models/{name} --format {form}" for name in ("decode", "broken") for form in ("text", "json")]
    assert told(*commands, "graph models/none") == snapshot


def test_a_page_that_is_written_to_a_file(told, tmp_path, snapshot):
    (tmp_path / "models").mkdir()
    flows.add_circle(tmp_path / "models")
    assert told("graph models --format html --output page.html") == snapshot(name="said")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == snapshot(name="written")


def test_an_ensemble_without_batches_is_drawn_with_none(tmp_path):
    add_unbatched(tmp_path)
    flow = next(f for f in draw(str(tmp_path), options()).graph.flows if f.ensemble)
    assert flow.batch == 0
    assert "no batching" in tree.render(draw(str(tmp_path / "plain"), options()).graph).splitlines()[0]


def test_items_are_put_where_fewest_edges_cross():
    layers = [["a", "b", "c"], ["x", "y", "z"], ["p", "q"]]
    first = [Segment(s, 0.5, t, 0.5) for s, t in (("a", "z"), ("b", "y"), ("c", "x"))]
    second = [Segment(s, 0.5, t, 0.5) for s, t in (("z", "q"), ("x", "p"))]
    found = arrange(layers, [first, second])
    order = {item: i for layer in found for i, item in enumerate(layer)}
    assert [sorted(layer) for layer in found] == [sorted(layer) for layer in layers]
    assert [[order[s.source] for s in first] == sorted(order[s.source] for s in first)] == [True]
    places = [(order[s.source], order[s.target]) for s in first]
    assert sorted(places) == [(0, 0), (1, 1), (2, 2)]
    assert layers == [["a", "b", "c"], ["x", "y", "z"], ["p", "q"]]
