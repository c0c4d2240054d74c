"""The branch of an If whose condition is constant, in the place of the node: ONNX Runtime 1.17 and later do so at load.

(onnxruntime core/optimizer constant_folding.cc, core/graph graph.cc:InlineIfSubgraph.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto


def inline(node: NodeProto, taken: bool) -> tuple[list[NodeProto], list[TensorProto]] | None:
    """The nodes and initializers of the branch that is taken; ``None`` where the node has no such branch.

    ONNX Runtime also leaves one that gives what no node of it makes. What is made inside has new names, and the outputs
    those of the node.
    """
    attribute = "then_branch" if taken else "else_branch"
    branch = next((one.g for one in node.attribute if one.name == attribute), None)
    if branch is None or len(branch.output) != len(node.output):
        return None
    prefix = f"{node.name or node.output[0]}:{attribute}:"
    made = {name for inner in branch.node for name in inner.output if name}
    constants = {tensor.name for tensor in branch.initializer}
    names = {name: prefix + name for name in made | constants}
    for value, output in zip(branch.output, node.output, strict=True):
        if value.name not in made or names[value.name] != prefix + value.name:
            return None
        names[value.name] = output or prefix + value.name
    return [_renamed(inner, names) for inner in branch.node], _constants(branch, names)


def _constants(branch: GraphProto, names: Mapping[str, str]) -> list[TensorProto]:
    from onnx import TensorProto

    found = []
    for tensor in branch.initializer:
        made = TensorProto()
        made.CopyFrom(tensor)
        made.name = names[tensor.name]
        found.append(made)
    return found


def _renamed(node: NodeProto, names: Mapping[str, str]) -> NodeProto:
    """A copy of a node, and of the graphs inside it, that takes and makes the new names."""
    from onnx import NodeProto

    made = NodeProto()
    made.CopyFrom(node)
    _rename(made, names)
    return made


def _rename(node: NodeProto, names: Mapping[str, str]) -> None:
    node.input[:] = [names.get(name, name) for name in node.input]
    node.output[:] = [names.get(name, name) for name in node.output]
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                _rename(inner, names)
            for value in graph.output:
                value.name = names.get(value.name, value.name)
