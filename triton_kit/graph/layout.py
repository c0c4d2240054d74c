"""Where everything is in a drawing: layers from left to right, edges that bend between them only."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from triton_kit.graph.crossings import Segment, arrange
from triton_kit.graph.flow import Edge, Flow, Node, Port, Role
from triton_kit.graph.wording import about, name_text, port_type
from triton_kit.linter.report.text import width

CHARACTER = 7.25
"""The width of a character of 12 pixels in a typewriter face; TITLE and SMALL are the other sizes against it."""

TITLE, SMALL = 1.2, 0.92
PADDING, HEADER, ROW, PILL = 14, 46, 22, 42
_GAP, _LANE, _COLUMN_GAP = 30.0, 16.0, 72.0
_PASSES = 14
_MOST_LANES = 4000
"""With more lanes than that, which edges would take on their way to the right, outputs are beside their sources."""

Point = tuple[float, float]


class Box:
    """A node with its place, in pixels: the corner at the top left, the size, the heights of its ports."""

    __slots__ = ("height", "inputs", "node", "outputs", "width", "x", "y")

    def __init__(self, node: Node, width: float, height: float, inputs: list[float], outputs: list[float]) -> None:
        self.node = node
        self.width, self.height = width, height
        self.inputs, self.outputs = inputs, outputs
        self.x = self.y = 0.0


class EdgePath(NamedTuple):
    """An edge as points: from each even one to the next it runs straight, from each odd one it bends."""

    edge: Edge
    points: tuple[Point, ...]


class Label(NamedTuple):
    """The name of a tensor, above the beginning of its edges."""

    text: str
    full: str
    x: float
    y: float


class Layout(NamedTuple):
    """A whole drawing, from (0, 0)."""

    boxes: tuple[Box, ...]
    routes: tuple[EdgePath, ...]
    labels: tuple[Label, ...]
    width: float
    height: float


def lay_out(flow: Flow) -> Layout:
    """The drawing of a flow."""
    return _Layering(flow).layout()


class _Item:
    """What is in a layer: a box, or a lane for an edge that passes by.

    ``before`` are the items to the left that it is tied to, with the height of the tie there and here; ``after`` those
    to the right.
    """

    __slots__ = ("after", "before", "box", "height", "y")

    def __init__(self, height: float, *, box: Box | None = None) -> None:
        self.height = height
        self.y = 0.0
        self.box = box
        self.before: list[tuple[str, float, float]] = []
        self.after: list[tuple[str, float, float]] = []


class _Layering:
    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.boxes = {node.id: box_of(node) for node in flow.nodes}
        self.level = dict(zip((node.id for node in flow.nodes), flow.levels, strict=True))
        self._bring_lost_near()
        self._bring_outputs_near()
        self.items = {id_: _Item(box.height, box=box) for id_, box in self.boxes.items()}
        count = max(self.level.values(), default=0) + 1
        self.layers: list[list[str]] = [[] for _ in range(count)]
        for node in flow.nodes:
            self.layers[self.level[node.id]].append(node.id)
        self.segments: list[dict[Segment, None]] = [{} for _ in range(count)]
        self.ways: dict[Edge, list[str]] = {edge: self._way(edge) for edge in flow.edges if not edge.backward}

    def _bring_lost_near(self) -> None:
        near: dict[str, int] = {}
        for edge in self.flow.edges:
            if edge.source.startswith(Role.LOST.value):
                before = self.level[edge.target] - 1
                near[edge.source] = min(near.get(edge.source, before), before)
        self.level |= near

    def _bring_outputs_near(self) -> None:
        forward = [edge for edge in self.flow.edges if not edge.backward]
        if sum(self.level[edge.target] - self.level[edge.source] - 1 for edge in forward) <= _MOST_LANES:
            return
        near: dict[str, int] = {}
        for edge in forward:
            if edge.target.startswith(Role.OUTPUT.value):
                near[edge.target] = max(near.get(edge.target, 0), self.level[edge.source] + 1)
        self.level |= near

    def _way(self, edge: Edge) -> list[str]:
        """The items that an edge goes through; edges of one port share their lanes."""
        first, last = self.level[edge.source], self.level[edge.target]
        lanes = [f"{edge.source}/{edge.source_port}/{layer}" for layer in range(first + 1, last)]
        for layer, lane in enumerate(lanes, first + 1):
            if lane not in self.items:
                self.items[lane] = _Item(_LANE)
                self.layers[layer].append(lane)
        way = [edge.source, *lanes, edge.target]
        for layer, (one, other) in enumerate(itertools.pairwise(way), first):
            here = self._tie(one, edge.source_port, "outputs")
            there = self._tie(other, edge.target_port, "inputs")
            heights = self.items[one].height, self.items[other].height
            segment = Segment(one, here / heights[0], other, there / heights[1])
            if segment not in self.segments[layer]:
                self.segments[layer][segment] = None
                self.items[one].after.append((other, there, here))
                self.items[other].before.append((one, here, there))
        return way

    def _tie(self, name: str, port: int, side: str) -> float:
        box = self.items[name].box
        return _LANE / 2 if box is None else float(getattr(box, side)[port])

    def layout(self) -> Layout:
        self.layers = arrange(self.layers, [list(between) for between in self.segments[:-1]])
        self._set_heights()
        columns = self._set_columns()
        height = max((item.y + item.height for item in self.items.values()), default=0.0)
        routes = [self._route(edge, way, columns) for edge, way in self.ways.items()]
        backward = [edge for edge in self.flow.edges if edge.backward]
        routes += [self._route_back(edge, columns, height + 18 + 10 * i) for i, edge in enumerate(backward)]
        right = max((box.x + box.width for box in self.boxes.values()), default=0.0)
        return Layout(
            tuple(self.boxes.values()),
            tuple(routes),
            tuple(self._labels()),
            right + (_COLUMN_GAP if backward else 0),
            height + (18 + 10 * len(backward) if backward else 0),
        )

    def _set_heights(self) -> None:
        for layer in self.layers:
            y = 0.0
            for name in layer:
                self.items[name].y = y
                y += self.items[name].height + self._gap(name)
        for turn in range(_PASSES):
            forward = turn % 2 == 0
            for layer in self.layers if forward else reversed(self.layers):
                self._settle(layer, both=turn >= _PASSES - 4, forward=forward)
        top = min((item.y for item in self.items.values()), default=0.0)
        for item in self.items.values():
            item.y -= top
            if item.box is not None:
                item.box.y = item.y

    def _gap(self, name: str) -> float:
        return _GAP if self.items[name].box is not None else 6.0

    def _settle(self, layer: list[str], *, both: bool, forward: bool) -> None:
        """Move each item of a layer to where its edges are level, as far as their order and the gaps allow."""
        wanted, weights, offset, offsets = [], [], 0.0, []
        for name in layer:
            item = self.items[name]
            ties = item.before + item.after if both else item.before if forward else item.after
            heights = [self.items[other].y + there - here for other, there, here in ties]
            wanted.append((sum(heights) / len(heights) if heights else item.y) - offset)
            weights.append((4.0 if item.box is None else 1.0) * max(len(ties), 0.2))
            offsets.append(offset)
            offset += item.height + self._gap(name)
        for name, place, shift in zip(layer, isotonic(wanted, weights), offsets, strict=True):
            self.items[name].y = place + shift

    def _set_columns(self) -> list[tuple[float, float]]:
        """The left and the right side of each layer, the right one behind its labels; the boxes get theirs."""
        columns, x = [], 0.0
        for layer in self.layers:
            boxes = [self.boxes[name] for name in layer if name in self.boxes]
            wide = max((box.width for box in boxes), default=0.0)
            for box in boxes:
                box.x = x
            beside = [_beside(p) + width(_label(p)) * CHARACTER * SMALL for b in boxes for p in b.node.outputs]
            right = x + wide + max(beside, default=0.0)
            columns.append((x, right))
            x = right + _COLUMN_GAP
        return columns

    def _route(self, edge: Edge, way: list[str], columns: list[tuple[float, float]]) -> EdgePath:
        box = self.boxes[edge.source]
        first = self.level[edge.source]
        y = box.y + box.outputs[edge.source_port]
        points = [(box.x + box.width, y), (columns[first][1], y)]
        for layer, lane in enumerate(way[1:-1], first + 1):
            y = self.items[lane].y + _LANE / 2
            points += [(columns[layer][0], y), (columns[layer][1], y)]
        target = self.boxes[edge.target]
        points.append((target.x, target.y + target.inputs[edge.target_port]))
        return EdgePath(edge, tuple(points))

    def _route_back(self, edge: Edge, columns: list[tuple[float, float]], below: float) -> EdgePath:
        """Around below everything; the four points are the ends, and where it turns up and down."""
        source, target = self.boxes[edge.source], self.boxes[edge.target]
        start = (source.x + source.width, source.y + source.outputs[edge.source_port])
        end = (target.x, target.y + target.inputs[edge.target_port])
        return EdgePath(edge, (start, (columns[self.level[edge.source]][1] + 20, below), (end[0] - 26, below), end))

    def _labels(self) -> list[Label]:
        labels: list[Label] = []
        for box in self.boxes.values():
            for port, y in zip(box.node.outputs, box.outputs, strict=True):
                if text := _label(port):
                    labels.append(Label(text, port.tensor, box.x + box.width + _beside(port), box.y + y - 5))
        return labels


def _label(port: Port) -> str:
    """What stands above the beginning of an output's edges: the tensor, where its name is not that of the port."""
    return name_text(port.tensor) if port.tensor != port.name else ""


def _beside(port: Port) -> float:
    """The room between an output and its label: there are the numbers of its findings."""
    return 10.0 + 18 * len(port.findings)


def box_of(node: Node) -> Box:
    """A node's box, not yet placed: a pill for an end, else a header and a row for each port."""
    title = width(name_text(node.name)) * CHARACTER * TITLE
    if node.role in (Role.INPUT, Role.OUTPUT, Role.LOST):
        ports = node.inputs or node.outputs
        below = "nothing provides it" if node.role is Role.LOST else port_type(ports[0])
        wide = max(title, width(below) * CHARACTER * SMALL) + 2 * PADDING + 4
        return Box(node, wide, PILL, [PILL / 2] * len(node.inputs), [PILL / 2] * len(node.outputs))
    step = 40 if node.role is Role.STEP else 0
    rows = [(width(name_text(p.name)) + width(port_type(p)) + 2) * CHARACTER for p in (*node.inputs, *node.outputs)]
    wide = max(title + step, width(about(node)) * CHARACTER * SMALL, *rows, 120) + 2 * PADDING
    middles = [HEADER + ROW * i + ROW / 2 + 2 for i in range(len(rows))]
    split = len(node.inputs)
    return Box(node, wide, HEADER + ROW * len(rows) + (8 if rows else 0), middles[:split], middles[split:])


def isotonic(wanted: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The nearest values (by weighted squares) that never fall: pools of adjacent violators."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(wanted, weights, strict=True):
        pools.append((value, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, light, n), (other, heavy, m) = pools[-2], pools[-1]
            del pools[-2:]
            pools.append(((one * light + other * heavy) / (light + heavy), light + heavy, n + m))
    return [value for value, _, number in pools for _ in range(number)]
