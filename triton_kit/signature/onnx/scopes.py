"""The names in graphs inside nodes (If, Loop, Scan): what such a graph takes, makes and gives.

ONNX Runtime checks each with the names of the graphs around it (onnx checker.cc:check_graph, graph.cc).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from triton_kit.signature.onnx.names import repeated
from triton_kit.signature.onnx.nodes import Node


class Inner(NamedTuple):
    """A graph inside a node: the attribute that it is, and the names of what it has."""

    attribute: str
    inputs: list[str]
    initializers: list[str]
    nodes: list[Node]
    outputs: list[str]

    def title(self, owner: Node) -> str:
        """How a fault calls it."""
        return f"the {self.attribute} of {owner.title}"


Inside: TypeAlias = "Mapping[int, Sequence[Inner]]"
"""The graphs inside a node, by the node's ``id``."""


def scope_faults(nodes: Sequence[Node], inside: Inside, known: set[str]) -> Iterator[str]:
    """What is wrong with the graphs inside the nodes of the main graph, whose inputs and constants are ``known``."""
    around = known.union(*(node.outputs for node in nodes))
    before = set(known)
    for node in nodes:
        yield from _of_node(node, inside, around, before)
        before.update(node.outputs)


def _of_node(node: Node, inside: Inside, around: set[str], before: set[str]) -> Iterator[str]:
    graphs = inside.get(id(node), ())
    if node.domain:
        return
    for graph in graphs:
        yield from _counts(graph, node)
        yield from _names(graph, node, inside, around, before)
    numbers = {len(graph.outputs) for graph in graphs}
    if node.operator == "If" and len(numbers) > 1:
        yield f"the branches of {node.title} give {' and '.join(map(str, sorted(numbers)))} outputs"


def _counts(graph: Inner, owner: Node) -> Iterator[str]:
    given = len(owner.inputs)
    if owner.operator == "If" and graph.inputs:
        yield f"{graph.title(owner)} has inputs, and an If gives it none"
    if owner.operator == "Loop" and given > 1 and len(graph.inputs) != given:
        yield f"{graph.title(owner)} has {len(graph.inputs)} inputs, and gets {given}"
    if owner.operator == "Loop" and len(graph.outputs) < len(owner.outputs) + 1:
        yield f"{graph.title(owner)} gives {len(graph.outputs)} outputs, and the node needs {len(owner.outputs) + 1}"


def _names(graph: Inner, owner: Node, inside: Inside, around: set[str], before: set[str]) -> Iterator[str]:
    """``around`` are the names of the graphs around this one, ``before`` those that are made before its node."""
    where = graph.title(owner)
    yield from (f"{where} has the input '{name}' twice" for name in repeated(graph.inputs))
    yield from (f"{where} has the initializer '{name}' twice" for name in repeated(graph.initializers))
    both = sorted({*graph.inputs}.intersection(graph.initializers))
    yield from (f"{where} has '{name}' as an input and as an initializer" for name in both)
    given = {*graph.inputs, *graph.initializers}
    made = set(given)
    for node in graph.nodes:
        for name in node.inputs:
            if name and name not in made and name not in around:
                late = any(name in other.outputs for other in graph.nodes)
                yield f"{node.title} in {where} takes '{name}', which {'a later node' if late else 'nothing'} produces"
        yield from _of_node(node, inside, around | made, before | made)
        for name in node.outputs:
            if name in given:
                yield f"'{name}' is made twice: by {node.title} in {where} too"
            elif name in before and name not in made and name:
                yield f"{node.title} in {where} makes '{name}', a name that the graph around it has"
        made.update(node.outputs)
    yield from (f"{where} gives '{name}', which it does not make" for name in graph.outputs if name not in made)
