"""A picture by itself: each flow below the other, each finding numbered at its place and described underneath."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache

from triton_kit.graph.flow import Findings, Flow, Graph, Port, Role, worst
from triton_kit.graph.layout import CHARACTER, HEADER, PADDING, SMALL, TITLE, Box, EdgePath, Layout, lay_out
from triton_kit.graph.markup import escaped
from triton_kit.graph.wording import about, about_flow, finding_place, finding_text, name_text, port_type
from triton_kit.linter.diagnostic import Diagnostic
from triton_kit.linter.report.text import printable, width
from triton_kit.resources import resource

MARGIN, _HEADING, _LINE = 32, 62, 18
_NARROWEST, _WIDEST = 640, 1000

Numbers = Mapping[Diagnostic, int]


def render(graph: Graph) -> str:
    """The graph as an SVG document that is readable on light and on dark paper."""
    parts: list[str] = []
    x, y, wide = MARGIN, float(MARGIN), 0.0
    if graph.findings:
        numbers = {finding: i for i, finding in enumerate(graph.findings, 1)}
        lines, height = _finding_list(numbers, _NARROWEST)
        parts.append(_moved(x, y, lines))
        y, wide = y + height + MARGIN, float(_NARROWEST)
    for flow in graph.flows:
        layout = lay_out(flow)
        numbers = flow.numbered()
        body = max(layout.width, _NARROWEST if numbers else 0, _heading_width(flow))
        finding_list, height = _finding_list(numbers, min(body, _WIDEST))
        # A model by itself says its name in its box.
        top = _HEADING if flow.ensemble else 0
        inside = [*(_heading(flow) if flow.ensemble else ()), _moved(0, top, drawing(layout, numbers))]
        if numbers:
            inside.append(_moved(0, top + layout.height + 28, finding_list))
            height += 28
        parts.append(_moved(x, y, inside))
        wide = max(wide, body)
        y += top + layout.height + height + 2 * MARGIN
    return document("".join(parts), wide + 2 * MARGIN, max(y - MARGIN, 2 * MARGIN), graph.title)


def document(inside: str, wide: float, high: float, title: str) -> str:
    """An SVG document of that size around some elements."""
    size = f"{wide:.0f} {high:.0f}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="tk-graph" viewBox="0 0 {size}" width="{wide:.0f}" '
        f'height="{high:.0f}" role="img">\n<title>{escaped(title)}</title>\n<style>\n{style()}</style>\n'
        f'<rect class="paper" width="{wide:.0f}" height="{high:.0f}"/>\n{inside}</svg>'
    )


def style() -> str:
    """The colours and faces of a drawing, as CSS."""
    return resource("graph/svg.css").read_text(encoding="utf-8")


@cache
def _accents() -> frozenset[str]:
    """The backends that the style has a colour for."""
    return frozenset(re.findall(r"\.accent\.(\w+)", style()))


def drawing(layout: Layout, numbers: Numbers) -> Iterator[str]:
    """The elements of a flow: edges below, boxes and the numbers of findings above."""
    badges: list[str] = []
    for route in sorted(layout.routes, key=lambda route: route.edge.severity or 0):
        yield from _edge(route)
    for label in layout.labels:
        yield _text("label", label.x, label.y, label.text, full=label.full, tensor=label.full)
    for box in layout.boxes:
        yield from _box(box)
        badges += _badges_of(box, numbers)
    yield from badges


def _edge(route: EdgePath) -> Iterator[str]:
    edge = route.edge
    kind = f" {edge.severity}" if edge.severity is not None else ""
    (x, y), end = route.points[0], route.points[-1]
    if edge.backward:
        _, (right, below), (left, _), (tx, ty) = route.points
        path = f"M{x:.1f} {y:.1f}H{right - 6:.1f}q6 0 6 6V{below - 6:.1f}q0 6 -6 6H{left + 6:.1f}q-6 0 -6 -6"
        path += f"V{ty + 6:.1f}q0 -6 6 -6H{tx - 8:.1f}"
        kind += " backward"
    else:
        path = f"M{x:.1f} {y:.1f}"
        for i, (px, py) in enumerate(route.points[1:], 1):
            before = route.points[i - 1]
            if i % 2:
                path += f"H{px:.1f}"
                continue
            px -= 8 if i == len(route.points) - 1 else 0
            middle = (before[0] + px) / 2
            path += f"C{middle:.1f} {before[1]:.1f} {middle:.1f} {py:.1f} {px:.1f} {py:.1f}"
    tied = f'data-tensor="{escaped(edge.tensor)}" data-from="{edge.source}" data-to="{edge.target}"'
    yield f'<path class="edge{kind}" d="{path}" {tied}><title>{escaped(printable(edge.tensor))}</title></path>\n'
    yield f'<path class="arrow{kind}" d="M{end[0] - 12:.1f} {end[1] - 4.5:.1f}l8 4.5l-8 4.5z"/>\n'


def _box(box: Box) -> Iterator[str]:
    node = box.node
    ends = node.role in (Role.INPUT, Role.OUTPUT, Role.LOST)
    gone = node.role is Role.LOST or not node.exists
    severity = node.severity or (worst((node.inputs or node.outputs)[0].findings) if ends else None)
    kinds = ["node", node.role.value, "end" * ends, "gone" * gone, str(severity) if severity else ""]
    classes = " ".join(kind for kind in kinds if kind)
    yield f'<g class="{classes}" data-node="{node.id}" transform="translate({box.x:.1f} {box.y:.1f})">'
    yield f"<title>{escaped(printable(node.name))}</title>"
    radius = box.height / 2 if ends else 7
    yield f'<rect class="box" width="{box.width:.1f}" height="{box.height:.1f}" rx="{radius:g}"/>'
    if ends:
        ports = node.inputs or node.outputs
        below = "nothing provides it" if node.role is Role.LOST else port_type(ports[0])
        yield _text("title", box.width / 2, 19, name_text(node.name), anchor="middle")
        yield _text("about", box.width / 2, 33, below, anchor="middle")
    else:
        yield from _inside(box)
    sides = ((0.0, node.inputs, box.inputs), (box.width, node.outputs, box.outputs))
    for x, ports, heights in sides:
        for y in heights[: len(ports)]:
            yield f'<circle class="port" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
    yield "</g>\n"


def _inside(box: Box) -> Iterator[str]:
    """Header and rows of a step or model: inputs on the left, outputs on the right."""
    node, wide = box.node, box.width
    accent = f"accent {node.backend}" if node.backend in _accents() else "accent"
    yield f'<path class="head" d="M1 {HEADER - 4}V7q0 -6 6 -6H{wide - 7:.1f}q6 0 6 6V{HEADER - 4}z"/>'
    if node.exists:
        yield f'<path class="{accent}" d="M0 {HEADER - 4}V7q0 -7 7 -7H5V{HEADER - 4}z"/>'
    yield _text("title", PADDING, 19, name_text(node.name), full=node.name)
    yield _text("about", PADDING, 35, about(node))
    if node.role is Role.STEP:
        yield _text("about", wide - PADDING, 18, f"{node.index}", anchor="end")
    for ports, heights, out in ((node.inputs, box.inputs, False), (node.outputs, box.outputs, True)):
        for port, y in zip(ports, heights, strict=True):
            yield _row(port, wide - PADDING if out else PADDING, y + 4, out)


def _row(port: Port, x: float, y: float, out: bool) -> str:
    name = escaped(name_text(port.name))
    unknown = "" if port.known else ' class="unknown"'
    words = [f"<tspan{unknown}>{name}</tspan>", f'<tspan class="type">{escaped(port_type(port))}</tspan>']
    if out:
        words.reverse()
    anchor = ' text-anchor="end"' if out else ""
    place = f'x="{x:.1f}" y="{y:.1f}"{anchor}'
    tensor = escaped(port.tensor)
    return f'<text xml:space="preserve" class="row" data-tensor="{tensor}" {place}>{words[0]}  {words[1]}</text>'


def _badges_of(box: Box, numbers: Numbers) -> Iterator[str]:
    node = box.node
    for port, y in zip(node.inputs, box.inputs, strict=True):
        yield from _badges(port.findings, numbers, box.x - 17, box.y + y, -18)
    for port, y in zip(node.outputs, box.outputs, strict=True):
        yield from _badges(port.findings, numbers, box.x + box.width + 13, box.y + y, 18)
    yield from _badges(node.findings, numbers, box.x + box.width - 4, box.y, -18)


def _badges(findings: Findings, numbers: Numbers, x: float, y: float, step: float) -> Iterator[str]:
    for i, finding in enumerate(findings):
        yield badge(finding, numbers[finding], x + step * i, y)


def badge(finding: Diagnostic, number: int, x: float, y: float) -> str:
    """A finding's number in a disc, what it says as its title."""
    disc = f'<circle class="badge {finding.severity}" cx="{x:.1f}" cy="{y:.1f}" r="8.5"/>'
    title = f"<title>{escaped(finding_text(finding))}</title>"
    return f'<g>{title}{disc}<text class="number" x="{x:.1f}" y="{y + 3.6:.1f}">{number}</text></g>\n'


def _heading(flow: Flow) -> Iterator[str]:
    yield _text("heading", 0, 18, name_text(flow.name), full=flow.name)
    yield _text("about", 0, 37, about_flow(flow))


def _heading_width(flow: Flow) -> float:
    return max(width(name_text(flow.name)) * CHARACTER * TITLE * 1.3, width(about_flow(flow)) * CHARACTER * SMALL)


def _finding_list(numbers: Numbers, wide: float) -> tuple[list[str], float]:
    """What each number means, in lines of that width, and their height."""
    parts: list[str] = []
    y = 0.0
    columns = int((wide - 30) / CHARACTER)
    for finding, number in numbers.items():
        parts.append(badge(finding, number, 9, y + 9))
        lines = [("", line) for line in textwrap.wrap(finding_text(finding), columns)]
        if finding.help:
            lines += [("help", line) for line in textwrap.wrap(printable(finding.help), columns)]
        lines.append(("help", finding_place(finding)))
        for kind, line in lines:
            parts.append(_text(kind, 28, y + 13, line))
            y += _LINE
        y += 8
    return parts, y


def _moved(x: float, y: float, parts: Iterator[str] | list[str]) -> str:
    return f'<g transform="translate({x:.1f} {y:.1f})">\n{"".join(parts)}</g>\n'


def _text(kind: str, x: float, y: float, text: str, *, anchor: str = "", full: str = "", tensor: str = "") -> str:
    kind = f' class="{kind}"' if kind else ""
    where = f' text-anchor="{anchor}"' if anchor else ""
    where += f' data-tensor="{escaped(tensor)}"' if tensor else ""
    title = f"<title>{escaped(printable(full))}</title>" if full and full != text else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}"{where}>{escaped(text)}{title}</text>\n'
