"""A drawing as Mermaid text, for Markdown that shows it: GitHub, GitLab, many wikis."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triton_kit.graph.flow import Edge, Flow, Graph, Node, Port, Role
from triton_kit.graph.wording import about, about_flow, finding_text, name_text, output_name, port_type
from triton_kit.linter.diagnostic import Severity

_STYLES = """\
classDef terminal fill:#eef4ff,stroke:#a9c1e8,color:#1f2937
classDef error fill:#fff0f0,stroke:#c62828,color:#1f2937,stroke-width:2px
classDef warning fill:#fff8e6,stroke:#b26a00,color:#1f2937,stroke-width:2px"""

_PLAIN = re.compile(r"[^\w \-.,:/·←→]|_(?=_)", re.ASCII)
_LINES = {Severity.ERROR: "stroke:#c62828,stroke-width:2px", Severity.WARNING: "stroke:#b26a00,stroke-width:2px"}


def render(graph: Graph) -> str:
    """The graph as one flowchart, each ensemble a subgraph of it."""
    lines = ["flowchart LR", *(f"  %% {_comment(finding_text(f))}" for f in graph.findings)]
    styles: list[str] = []
    links = 0
    for number, flow in enumerate(graph.flows):
        lines += (f"  {line}" for line in _flow(flow, f"f{number}", styles, links))
        links += len(flow.edges)
    return "\n".join([*lines, *(f"  {line}" for line in (*_STYLES.splitlines(), *styles))])


def _flow(flow: Flow, prefix: str, styles: list[str], links: int) -> Iterator[str]:
    inside = [_node(node, f"{prefix}_{node.id}", styles) for node in flow.nodes]
    for i, edge in enumerate(flow.edges):
        inside.append(_edge(edge, prefix))
        if edge.severity in _LINES:
            styles.append(f"linkStyle {links + i} {_LINES[edge.severity]}")
    for i, finding in enumerate(flow.findings):
        inside.append(f'{prefix}_finding{i}["{quoted(finding_text(finding))}"]')
        styles.append(f"class {prefix}_finding{i} {finding.severity}")
    if not flow.ensemble:
        yield from inside
        return
    yield f'subgraph {prefix}["{quoted(name_text(flow.name))} · {quoted(about_flow(flow))}"]'
    yield from (f"  {line}" for line in inside)
    yield "end"


def _node(node: Node, id_: str, styles: list[str]) -> str:
    severities = {
        f.severity: None for f in (*node.findings, *(f for p in (*node.inputs, *node.outputs) for f in p.findings))
    }
    severity = max(severities, default=None)
    gone = node.role is Role.LOST or not node.exists
    if gone or severity in _LINES:
        styles.append(f"class {id_} {Severity.ERROR if gone else severity}")
    elif node.role in (Role.INPUT, Role.OUTPUT):
        styles.append(f"class {id_} terminal")
    title = f"<b>{quoted(name_text(node.name))}</b>"
    if node.role in (Role.INPUT, Role.OUTPUT, Role.LOST):
        ports = node.inputs or node.outputs
        below = "nothing provides it" if node.role is Role.LOST else port_type(ports[0])
        return f'{id_}(["{"<br/>".join((title, quoted(below), *_findings(ports)))}"])'
    lines = [title, quoted(about(node))]
    lines += [f"← {quoted(f'{name_text(p.name)} {port_type(p)}'.rstrip())}" for p in node.inputs]
    lines += [f"→ {quoted(f'{output_name(p)} {port_type(p)}'.rstrip())}" for p in node.outputs]
    lines += [*_findings((*node.inputs, *node.outputs)), *(quoted(finding_text(f)) for f in node.findings)]
    return f'{id_}["{"<br/>".join(line for line in lines if line)}"]'


def _findings(ports: tuple[Port, ...]) -> list[str]:
    return [quoted(finding_text(finding)) for port in ports for finding in port.findings]


def _edge(edge: Edge, prefix: str) -> str:
    arrow = "-.->" if edge.backward else "-->"
    return f'{prefix}_{edge.source} {arrow}|"{quoted(name_text(edge.tensor))}"| {prefix}_{edge.target}'


def quoted(text: str) -> str:
    """Text inside the quotes of a label: what could mean something to Mermaid, Markdown or HTML, by its number."""
    return _PLAIN.sub(lambda found: f"#{ord(found[0])};", text.encode("utf-8", "replace").decode())


def _comment(text: str) -> str:
    return re.sub(r"[{}%]", " ", " ".join(text.split()))
