"""A drawing for the terminal: each ensemble from its inputs down to its outputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from triton_kit.graph.flow import Edge, Findings, Flow, Graph, Node, Port, Role
from triton_kit.graph.wording import about, about_flow, finding_text, name_text, port_type
from triton_kit.linter.diagnostic import Diagnostic, Severity
from triton_kit.linter.report.text import hanging, printable, width

_COLORS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.NOTE: "1;36"}
_MARKS = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.NOTE: "i"}

Row = tuple[str, str, str, Findings]
"""A tensor's name in the model, what it is tied to, its type, and what is wrong with it."""


def render(graph: Graph, *, color: bool = False, columns: int | None = None) -> str:
    """The graph as text, without a line break at its end; findings are broken into lines of so many columns."""
    paint = _Paint(color, columns)
    blocks = ["\n".join(_Tree(flow, paint).lines()) for flow in graph.flows]
    if graph.findings:
        blocks.insert(0, "\n".join(line for f in graph.findings for line in paint.finding(f, "")))
    return "\n\n".join(blocks)


class _Paint:
    def __init__(self, color: bool, columns: int | None) -> None:
        self._color = color
        self._columns = columns

    def __call__(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._color and text else text

    def bold(self, text: str) -> str:
        return self(text, "1")

    def dim(self, text: str) -> str:
        return self(text, "2")

    def finding(self, finding: Diagnostic, indent: str) -> Iterator[str]:
        """The lines of a finding and of what to do about it."""
        room = None if self._columns is None else self._columns - width(indent)
        head = f"{_MARKS[finding.severity]} {finding.severity}"
        first, *more = hanging(f"{_MARKS[finding.severity]} {finding_text(finding)}", "  ", room)
        yield f"{indent}{self(head, _COLORS[finding.severity])}{first.removeprefix(head)}"
        yield from (f"{indent}{line}" for line in more)
        for line in hanging(f"  {printable(finding.help)}", "  ", room) if finding.help else ():
            yield f"{indent}{self.dim(line)}"


class _Tree:
    """The lines of one flow."""

    def __init__(self, flow: Flow, paint: _Paint) -> None:
        self.flow = flow
        self.paint = paint
        self.nodes = {node.id: node for node in flow.nodes}
        self.shown: set[Diagnostic] = set()
        self.incoming: dict[tuple[str, int], list[Edge]] = {}
        for edge in flow.edges:
            self.incoming.setdefault((edge.target, edge.target_port), []).append(edge)

    def lines(self) -> Iterator[str]:
        nodes = self.flow.nodes
        if not self.flow.ensemble:
            for node in nodes:
                yield self.title(node.name, about(node))
                yield from self.body(node, "  ")
            return
        yield self.title(self.flow.name, about_flow(self.flow))
        yield from self.findings(self.flow.findings, "  ")
        ends = {role: [n for n in nodes if n.role is role] for role in (Role.INPUT, Role.OUTPUT)}
        yield from self.rows((self.end(n, n.outputs) for n in ends[Role.INPUT]), "  ")
        steps = [n for n in nodes if n.role is Role.STEP]
        for node in steps:
            last = node is steps[-1] and not ends[Role.OUTPUT]
            more = f"step {node.index} · {about(node)}"
            yield f"  {'└─' if last else '├─'} {self.title(node.name, more, node)}"
            yield from self.body(node, "     " if last else "  │  ")
        if ends[Role.OUTPUT]:
            rows = list(self.rows((self.end(n, n.inputs) for n in ends[Role.OUTPUT]), "     "))
            yield f"  └─{rows[0][4:]}"
            yield from rows[1:]

    def title(self, name: str, more: str, node: Node | None = None) -> str:
        shown = self.paint.bold(name_text(name))
        if node is not None and node.severity:
            shown = self.paint(name_text(name), _COLORS[node.severity])
        return f"{shown}  {self.paint.dim(more)}".rstrip()

    def end(self, node: Node, ports: tuple[Port, ...]) -> Row:
        verb = "input" if node.role is Role.INPUT else "output"
        port = ports[0]
        sources = self.sources(node.id, 0) if node.role is Role.OUTPUT else ""
        return name_text(node.name), f"{verb}{sources}", port_type(port), port.findings

    def body(self, node: Node, indent: str) -> Iterator[str]:
        rows: list[Row] = []
        for i, port in enumerate(node.inputs):
            rows.append((name_text(port.name), self.taken(node, i), port_type(port), port.findings))
        rows += [(name_text(p.name), self.given(node, p), port_type(p), p.findings) for p in node.outputs]
        yield from self.rows(rows, indent)
        yield from self.findings(node.findings, indent)

    def taken(self, node: Node, number: int) -> str:
        tensor = node.inputs[number].tensor
        if node.role is Role.MODEL:
            return "←"
        return f"← {name_text(tensor)}{self.sources(node.id, number)}" if tensor else "← nothing"

    def given(self, node: Node, port: Port) -> str:
        if node.role is Role.MODEL:
            return "→"
        return f"→ {name_text(port.tensor)}" if port.tensor else "→ nowhere"

    def sources(self, id_: str, number: int) -> str:
        """Which steps a tensor comes from, where it is not the ensemble's own input."""
        found = [self.nodes[edge.source] for edge in self.incoming.get((id_, number), ())]
        if not found and id_.startswith(Role.OUTPUT.value):
            return ", which nothing provides"
        if any(node.role is Role.LOST for node in found):
            return ", which nothing provides"
        steps = [str(node.index) for node in found if node.role is Role.STEP]
        return f", from step {' and '.join(steps)}" if steps else ""

    def rows(self, rows: Iterable[Row], indent: str) -> Iterator[str]:
        rows = list(rows)
        first = max((width(row[0]) for row in rows), default=0)
        second = max((width(row[1]) for row in rows), default=0)
        for name, tied, type_, findings in rows:
            cells = f"{name}{' ' * (first - width(name))}  {tied}{' ' * (second - width(tied))}"
            yield f"{indent}{cells}  {self.paint(type_, '36')}".rstrip()
            yield from self.findings(findings, f"{indent}  ")

    def findings(self, findings: Findings, indent: str) -> Iterator[str]:
        """Each finding once in a flow: several steps may run the same model."""
        for finding in findings:
            if finding in self.shown:
                continue
            self.shown.add(finding)
            yield from self.paint.finding(finding, indent)
