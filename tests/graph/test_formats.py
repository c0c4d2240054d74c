"""Each format is well formed whatever names say, and holds what there is to see."""

from __future__ import annotations

import html.parser
import json
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import flows
import hostile
import mermaid_grammar
import pytest
from conftest import skip_or_fail

from triton_kit.graph import dot, mermaid, svg, tree
from triton_kit.graph import html as page
from triton_kit.graph import json as document
from triton_kit.graph.build import draw
from triton_kit.graph.flow import Graph
from triton_kit.graph.markup import escaped
from triton_kit.linter.options import options

MAKERS = {
    "forty": flows.add_forty,
    "broken": flows.add_broken,
    "circle": flows.add_circle,
    "hostile": hostile.add_hostile,
}


@pytest.fixture(scope="session", params=MAKERS)
def graph(request, tmp_path_factory) -> Graph:
    repository = tmp_path_factory.mktemp(request.param)
    MAKERS[request.param](repository)
    return draw(str(repository), options(), configs=True).graph


def names_in(graph: Graph) -> set[str]:
    """The names that a drawing shows as they are: short ones that print."""
    names = {n.name for flow in graph.flows for n in flow.nodes}
    names |= {p.tensor for flow in graph.flows for n in flow.nodes for p in n.outputs}
    return {name for name in names if name.isprintable() and 0 < len(name) < 40}


def test_the_svg_is_xml_that_shows_every_name(graph):
    root = ElementTree.fromstring(svg.render(graph))
    shown = {"".join(element.itertext()) for element in root.iter()} | {e.text for e in root.iter()}
    assert names_in(graph) <= shown
    tags = {element.tag.partition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "g", "title", "style", "rect", "path", "text", "tspan", "circle"}
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on") or "href" in name]


def test_the_svg_tells_each_finding_once_and_marks_its_place(graph):
    root = ElementTree.fromstring(svg.render(graph))
    titles = [element.text for element in root.iter("{http://www.w3.org/2000/svg}title")]
    for flow in graph.flows:
        for finding in flow.numbered():
            said = f"{finding.severity}: {finding.message} [{finding.rule}]"
            if said.isprintable():
                assert titles.count(said) >= 2, "a number at its place, and one where it is told"


class Elements(html.parser.HTMLParser):
    """What a browser would see of a page: elements, attributes, texts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(text)


def test_the_page_has_two_scripts_no_handlers_and_no_addresses(graph):
    found = Elements()
    found.feed(page.render(graph))
    assert found.open == []
    assert [attributes.get("type") for tag, attributes in found.seen if tag == "script"] == ["application/json", None]
    for _, attributes in found.seen:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "href", "action", "style")]
    assert not [tag for tag, _ in found.seen if tag in ("link", "iframe", "object", "embed", "base", "img", "a")]
    data = json.loads(found.texts["script"][0])
    assert {flow["name"] for flow in data["flows"]} == {flow.name for flow in graph.flows}


def test_the_page_carries_the_configuration_of_every_model(graph):
    found = Elements()
    found.feed(page.render(graph))
    configs = json.loads(found.texts["script"][0])["configs"]
    shown = {n.name for flow in graph.flows for n in flow.nodes if n.exists and n.backend}
    assert shown <= set(configs)
    assert all("max_batch_size: 8" in config["text"] for config in configs.values())


def test_graphviz_draws_the_dot_text_with_every_name(graph, tmp_path):
    program = shutil.which("dot")
    if program is None:
        skip_or_fail("there is no dot (Debian's graphviz)")
    done = subprocess.run([program, "-Tsvg"], input=dot.render(graph), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    root = ElementTree.fromstring(done.stdout)
    words = " ".join("".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text"))
    for name in names_in(graph):
        assert re.sub(r"\s+", " ", name.strip()) in re.sub(r"[\s\xa0]+", " ", words)


def test_the_mermaid_text_is_a_flowchart_of_the_same_nodes_and_edges(graph):
    chart = mermaid_grammar.parse(mermaid.render(graph))
    assert len(chart.nodes) == sum(len(flow.nodes) + len(flow.findings) for flow in graph.flows)
    assert len(chart.links) == sum(len(flow.edges) for flow in graph.flows)
    assert {link.source for link in chart.links} | {link.target for link in chart.links} <= set(chart.nodes)
    shown = "\n".join([*chart.nodes.values(), *(link.text for link in chart.links)])
    assert [name for name in names_in(graph) if name not in shown] == []


def test_the_json_document_has_every_node_edge_and_finding(graph):
    found = json.loads(document.render(graph))
    assert found["version"] == 1
    for flow, told in zip(graph.flows, found["flows"], strict=True):
        assert (len(told["nodes"]), len(told["edges"])) == (len(flow.nodes), len(flow.edges))
        said = [f for n in told["nodes"] for f in (*n["findings"], *(f for p in n["inputs"] for f in p["findings"]))]
        assert len(said) >= sum(len(n.findings) for n in flow.nodes)


def test_the_tree_prints_no_control_characters_and_every_finding(graph):
    shown = tree.render(graph)
    assert all(c.isprintable() or c == "\n" for c in shown)
    for flow in graph.flows:
        for finding in flow.numbered():
            assert f"[{finding.rule}]" in shown


def test_the_tree_of_the_sample(sample):
    assert (
        tree.render(draw(str(sample), options()).graph)
        == """\
digits  ensemble · 2 steps · batches of up to 32
  image  input  STRING [batch, 1]
  ├─ digit_preprocessing  step 0 · python · version 1 · batches of up to 32
  │  image   ← image   STRING [batch, 1]
  │  pixels  → pixels  FP32 [batch, 1, 8, 8]
  ├─ digit_classifier  step 1 · onnxruntime · version 1 · batches of up to 32
  │  pixels  ← pixels, from step 0  FP32 [batch, 1, 8, 8]
  │  scores  → scores               FP32 [batch, 10]
  └─ scores  output, from step 1  FP32 [batch, 10]

digit_embedding  onnxruntime · version 2 · batches of up to 64
  pixels     ←  FP32 [batch, 1, 8, 8]
  embedding  →  FP32 [batch, 8]"""
    )


def test_colours_change_nothing_but_colours(sample):
    graph = draw(str(sample), options()).graph
    assert re.sub("\x1b\\[[0-9;]*m", "", tree.render(graph, color=True)) == tree.render(graph)


def test_a_stray_byte_or_control_character_does_not_break_xml():
    text = "".join(map(chr, range(0x110))) + "\ud800\udcff\ufffe\U0001f642"
    element = ElementTree.fromstring(f'<a b="{escaped(text)}">{escaped(text)}</a>')
    assert (element.text or "").endswith("\U0001f642")
    assert "\x00" not in escaped(text)


def test_an_empty_repository_is_drawn_in_every_format(tmp_path: Path):
    graph = draw(str(tmp_path), options()).graph
    for one in (dot, page, document, mermaid, svg, tree):
        one.render(graph)
    ElementTree.fromstring(svg.render(graph))
