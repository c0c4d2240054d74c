"""Every mistake that a rule's page shows is drawn, with what validate says of it, in every format."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from example_files import blocks, lint_example, read_example

from triton_kit.graph import dot, html, json, mermaid, svg, tree
from triton_kit.graph.build import draw
from triton_kit.linter.rule import RULES, load_rules

load_rules()


@pytest.mark.parametrize("name", sorted(RULES))
def test_what_a_page_calls_bad_is_drawn_with_its_findings(name: str, tmp_path: Path) -> None:
    block = blocks(RULES[name].doc, "Bad")[0]
    lint_example(block, tmp_path / "repository")
    place = tmp_path / "repository"
    drawn = draw(str(place), read_example(block).options, configs=True)
    graph = drawn.graph
    shown = {f for flow in graph.flows for f in flow.numbered()} | set(graph.findings)
    assert shown == set(drawn.report.diagnostics)
    for one in (tree, dot, html, json, mermaid):
        one.render(graph)
    ElementTree.fromstring(svg.render(graph))
