"""A drawing for Graphviz: ``dot -Tpdf``."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.graph.flow import Edge, Findings, Flow, Graph, Node, Port, Role
from triton_kit.graph.markup import escaped
from triton_kit.graph.wording import about, about_flow, finding_text, name_text, output_name, port_type
from triton_kit.linter.diagnostic import Severity

_COLORS = {Severity.ERROR: "#c62828", Severity.WARNING: "#b26a00", Severity.NOTE: "#1565c0"}
_SMALL = '<FONT POINT-SIZE="10" COLOR="#6b7586">'


def render(graph: Graph) -> str:
    """The graph as one digraph, each flow a cluster of it."""
    lines = [
        "digraph triton {",
        '  graph [rankdir=LR, fontname="Helvetica", nodesep=0.35, ranksep=0.8]',
        '  node [shape=plain, fontname="Helvetica", fontsize=12]',
        '  edge [fontname="Helvetica", fontsize=10, color="#93a1b5", fontcolor="#46536a"]',
    ]
    if graph.findings:
        lines.append(f"  label=<{_lines(graph.findings)}>")
    for number, flow in enumerate(graph.flows):
        lines += (f"  {line}" for line in _flow(flow, f"f{number}"))
    return "\n".join([*lines, "}"])


def _flow(flow: Flow, prefix: str) -> Iterator[str]:
    if flow.ensemble:
        yield f"subgraph cluster_{prefix} {{"
        found = f"<BR/>{_lines(flow.findings)}" if flow.findings else ""
        title = f"<B>{_text(flow.name)}</B>"
        yield f'  label=<{title}<BR/>{_SMALL}{escaped(about_flow(flow))}</FONT>{found}>; color="#c3ccd8"; style=rounded'
    else:
        yield "{"
    for node in flow.nodes:
        yield f"  {prefix}_{node.id} [label=<{_table(node)}>]"
    for edge in flow.edges:
        yield f"  {_edge(edge, prefix)}"
    yield "}"


def _edge(edge: Edge, prefix: str) -> str:
    attributes = [f"label=<{_text(edge.tensor)}>"]
    if edge.severity is not None:
        color = _COLORS[edge.severity]
        attributes.append(f'color="{color}", fontcolor="{color}", penwidth=1.6')
    if edge.backward:
        attributes.append("style=dashed, constraint=false")
    source, target = f"{prefix}_{edge.source}:o{edge.source_port}:e", f"{prefix}_{edge.target}:i{edge.target_port}:w"
    return f"{source} -> {target} [{', '.join(attributes)}]"


def _table(node: Node) -> str:
    """A box as a table: its rows are the cells that edges go to."""
    gone = node.role is Role.LOST or not node.exists
    severity = Severity.ERROR if gone else node.severity
    color = _COLORS[severity] if severity else "#93a1b5"
    style = 'STYLE="ROUNDED,DASHED"' if gone else 'STYLE="ROUNDED"'
    rows = list(_rows(node))
    return f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="1" {style} COLOR="{color}">{"".join(rows)}</TABLE>'


def _rows(node: Node) -> Iterator[str]:
    if node.role in (Role.INPUT, Role.OUTPUT, Role.LOST):
        kind, ports = ("i", node.inputs) if node.inputs else ("o", node.outputs)
        below = "nothing provides it" if node.role is Role.LOST else port_type(ports[0])
        small = f"<BR/>{_SMALL}{escaped(below)}</FONT>" if below else ""
        yield f'<TR><TD PORT="{kind}0"><B>{_text(node.name)}</B>{small}</TD></TR>'
        yield from _said(ports[0].findings)
        return
    small = f"<BR/>{_SMALL}{escaped(about(node))}</FONT>" if about(node) else ""
    yield f"<TR><TD><B>{_text(node.name)}</B>{small}</TD></TR>"
    for kind, side, ports in (("i", "LEFT", node.inputs), ("o", "RIGHT", node.outputs)):
        for i, port in enumerate(ports):
            yield _row(name_text(port.name) if kind == "i" else output_name(port), port, f"{kind}{i}", side)
            yield from _said(port.findings)
    yield from _said(node.findings)


def _row(name: str, port: Port, place: str, side: str) -> str:
    type_ = f" {_SMALL}{escaped(port_type(port))}</FONT>" if port_type(port) else ""
    return f'<TR><TD PORT="{place}" ALIGN="{side}">{escaped(name) or " "}{type_}</TD></TR>'


def _said(findings: Findings) -> Iterator[str]:
    for finding in findings:
        yield f'<TR><TD ALIGN="LEFT">{_lines((finding,))}</TD></TR>'


def _lines(findings: Findings) -> str:
    painted = [
        f'<FONT POINT-SIZE="10" COLOR="{_COLORS[f.severity]}">{escaped(finding_text(f))}</FONT>' for f in findings
    ]
    return "<BR/>".join(painted)


def _text(name: str) -> str:
    """A name in a label; Graphviz has no way to write an empty one."""
    return escaped(name_text(name)) or " "
