"""What makes an ONNX graph invalid, as far as names and the list of operators show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from triton_kit.signature.onnx.model import Faults
from triton_kit.signature.onnx.names import is_in_order, name_faults, repeated, same_names
from triton_kit.signature.onnx.nodes import Node, Operator, operator_at, tables, versions_of
from triton_kit.signature.onnx.plain import Parts, plain_node
from triton_kit.signature.onnx.scopes import Inner, scope_faults
from triton_kit.signature.onnx.shapes import Shape, contradicted, doubtful, shape_faults, shaping, unforeseeable
from triton_kit.signature.onnx.types import TELLING, Kind, is_plain, type_faults
from triton_kit.signature.wire import Wire, WireError

_MOST_NODES = 200_000
_MOST_KINDS = 10_000
_FINE: set[tuple[object, ...]] = set()
"""Kinds of nodes that were found to be fine: graphs have thousands of nodes, of a few kinds."""
_NESTING = 30

Value: TypeAlias = "tuple[int, Shape | None]"
"""A value's element type as ``TensorProto.DataType`` numbers it, 0 where it is unknown, and its shape."""

_TYPE_ATTRIBUTES = ("to", "dtype", "output_dtype", "output_datatype")
"""The attributes that have a ``TensorProto.DataType``."""

_CAST_TO = b"\n\x02to\x18"
"""How the attribute ``to`` of a Cast begins, up to its value."""

_RUNTIMES_OWN = frozenset(
    (
        "Affine", "Crop", "DynamicSlice", "GivenTensorFill", "ImageScaler", "LayerNormalization", "ParametricSoftplus",
        "RMSNormalization", "Scale", "ScaledTanh", "SimplifiedLayerNormalization", "ThresholdedRelu",
    )
)  # fmt: skip
"""Operators that ONNX Runtime has in the default domain of its own accord (onnxruntime contrib_defs.cc)."""


def find_faults(
    wire: Wire, nodes: Sequence[tuple[int, int]], known: Mapping[str, Value], outputs: Mapping[str, Value],
    opsets: Sequence[tuple[str, int]], functions: Sequence[str], inputs: Sequence[str] = (),
    misfits: Mapping[str, str] | None = None,
) -> Faults:  # fmt: skip
    """What is wrong with a graph; nothing where it is too large to check.

    ``nodes`` are where the nodes of the main graph stand, ``known`` its inputs and initializers, ``outputs`` its
    outputs as they are declared; ``inputs`` are the names of its inputs as often as they are written, ``misfits``
    what is wrong with an initializer, if it is taken.
    """
    if len(nodes) > _MOST_NODES:
        return Faults()
    try:
        checker = _Checker(wire, opsets, functions)
        found = [checker.node(start, end, 0) for start, end in nodes]
    except (WireError, OSError):
        return Faults()
    if len(set(inputs)) < len(inputs):
        checker.faults += [f"the input '{name}' is defined twice" for name in repeated(inputs)]
    if misfits:
        taken = {name for node in (*found, *checker.inner) for name in node.inputs}
        checker.faults += [fault for name, fault in misfits.items() if name in taken]
    checker.faults += same_names(found)
    if checker.inside:
        checker.faults += scope_faults(found, checker.inside, set(known))
    if checker.faults or not is_in_order(found, set(known), outputs):
        return Faults(tuple(dict.fromkeys((*checker.faults, *name_faults(found, set(known), outputs)))))
    kinds = checker.inner_kinds()
    own = [n for n in found if n.operator not in checker.functions]
    return _contradictions(own, known, outputs, checker.versions, kinds)


def _contradictions(
    nodes: Sequence[Node],
    known: Mapping[str, Value],
    outputs: Mapping[str, Value],
    versions: Mapping[str, int],
    kinds: dict[Kind, Node],
) -> Faults:
    """What the types and shapes of values say, where all else is in order."""
    elements = {name: element for name, (element, _) in known.items()}
    said = {name: element for name, (element, _) in outputs.items()}
    words = tuple(type_faults(nodes, versions, elements, said, kinds))
    shapes = {name: shape for name, (_, shape) in known.items() if shape is not None}
    words += tuple(shape_faults(nodes, versions.get("", 0), shapes))
    declared = {name: shape for name, (_, shape) in outputs.items() if shape is not None}
    if words:
        return Faults(words)
    lost = frozenset(unforeseeable(nodes).intersection(outputs))
    return Faults(
        (),
        frozenset(contradicted(declared, shapes)),
        tuple([(kind, node.title) for kind, node in kinds.items()]),
        lost,
        frozenset(shaping(nodes).intersection(known)),
        frozenset(doubtful(nodes, declared, shapes, lost)),
    )


class _Checker:
    """Reads nodes and checks each against the operators of the versions that the model imports."""

    def __init__(self, wire: Wire, opsets: Sequence[tuple[str, int]], functions: Sequence[str]) -> None:
        self.wire = wire
        self.versions: dict[str, int] = {}
        for domain, version in opsets:
            domain = _domain(domain)
            self.versions[domain] = max(version, self.versions.get(domain, 0))
        self.functions = set(functions)
        self.faults: list[str] = []
        self.inner: list[Node] = []
        self.inside: dict[int, list[Inner]] = {}
        self._opened: list[Inner] = []

    def node(self, start: int, end: int, depth: int) -> Node:
        """``NodeProto``, with the nodes of graphs inside it."""
        data = self.wire.short(start, end)
        graphs: list[Inner] = []
        parts = plain_node(data)
        if parts is None:
            outer, self._opened = self._opened, graphs
            parts = self._parts(start, end, depth)
            self._opened = outer
        told = 0
        if parts[1] in TELLING:
            at = data.find(_CAST_TO)
            told = data[at + len(_CAST_TO)] if at >= 0 else self._told(start, end)
        node = Node(*parts, told)
        if node.domain == "ai.onnx":
            node = node._replace(domain="")
        if graphs:
            self.inside[id(node)] = graphs
        self._check(node)
        if depth:
            self.inner.append(node)
        return node

    def _parts(self, start: int, end: int, depth: int) -> Parts:
        wire = self.wire
        name = operator = domain = ""
        inputs: list[str] = []
        outputs: list[str] = []
        bodies: list[tuple[int, int]] = []
        for tag, value, behind in wire.fields(start, end):
            match tag:
                case 10:
                    inputs.append(wire.text(value, behind))
                case 18:
                    outputs.append(wire.text(value, behind))
                case 26:
                    name = wire.text(value, behind)
                case 34:
                    operator = wire.text(value, behind)
                case 58:
                    domain = wire.text(value, behind)
                case 42:
                    bodies.append((value, behind))
        attributes = [self._attribute(first, last, depth) for first, last in bodies]
        return name, operator, domain, inputs, outputs, attributes

    def inner_kinds(self) -> dict[Kind, Node]:
        """The kinds of the nodes in graphs inside nodes, where no types are followed."""
        found: dict[Kind, Node] = {}
        for node in self.inner:
            kind = (
                node.domain, self.versions.get(node.domain, 0), node.operator, (0,) * len(node.inputs),
                (node.told,) * len(node.outputs),
            )  # fmt: skip
            if node.operator not in self.functions and not is_plain(*kind):
                found.setdefault(kind, node)
        return found

    def _told(self, start: int, end: int) -> int:
        """The element type that an attribute of the node names, or that its value is of; 0 where none does."""
        for tag, value, behind in self.wire.fields(start, end):
            if tag == 42 and (told := self._element(value, behind)):
                return told
        return 0

    def _element(self, start: int, end: int) -> int:
        name, number, tensor = "", 0, 0
        for tag, value, behind in self.wire.fields(start, end):
            if tag == 10:
                name = self.wire.text(value, behind)
            elif tag == 24:
                number = value
            elif tag == 42:
                tensor = next((element for field, element, _ in self.wire.fields(value, behind) if field == 16), 0)
        return (number if name in _TYPE_ATTRIBUTES else tensor if name == "value" else 0) & 0xFFFF

    def _attribute(self, start: int, end: int, depth: int) -> str:
        """``AttributeProto``: gives its name."""
        name = ""
        for tag, value, behind in self.wire.fields(start, end):
            if tag == 10:
                name = self.wire.text(value, behind)
            elif tag in {50, 90} and depth < _NESTING:
                self._inner(name, value, behind, depth + 1)
        return name

    def _inner(self, attribute: str, start: int, end: int, depth: int) -> None:
        """A graph inside a node."""
        graph = Inner(attribute, [], [], [], [])
        for tag, value, behind in self.wire.fields(start, end):
            match tag:
                case 10:
                    graph.nodes.append(self.node(value, behind, depth))
                case 42:
                    graph.initializers.append(self._name(value, behind, 66))
                case 90:
                    graph.inputs.append(self._name(value, behind, 10))
                case 98:
                    graph.outputs.append(self._name(value, behind, 10))
                case 122:
                    values = [part for part in self.wire.fields(value, behind) if part[0] == 10]
                    graph.initializers.extend(self._name(first, last, 66) for _, first, last in values)
        self._opened.append(graph)
        self.faults += same_names(graph.nodes)
        for name in repeated([name for node in graph.nodes for name in node.outputs if name]):
            self.faults.append(f"'{name}' is made twice in a graph inside a node")

    def _name(self, start: int, end: int, field: int) -> str:
        """The name of a message, in that field."""
        return next((self.wire.text(v, behind) for tag, v, behind in self.wire.fields(start, end) if tag == field), "")

    def _check(self, node: Node) -> None:
        domain, operator = node.domain, node.operator
        version = self.versions.get(domain)
        kind = (domain, version, operator, len(node.inputs), len(node.outputs), *node.attributes)
        if kind in _FINE or operator in self.functions:
            return
        before = len(self.faults)
        self._check_kind(node)
        if len(self.faults) == before and len(_FINE) < _MOST_KINDS:
            _FINE.add(kind)

    def _check_kind(self, node: Node) -> None:
        domain, operator = node.domain, node.operator
        version = self.versions.get(domain)
        if version is None:
            operators = f"operators of {domain}" if domain else "operators"
            self.faults.append(f"{node.title} needs a version of {operators}, and the model does not import one")
            return
        if domain not in tables():
            return
        if version > tables()[domain].newest:
            return
        found = operator_at(domain, operator, version)
        if found is None:
            if not (domain == "" and operator in _RUNTIMES_OWN):
                of = f"{domain} " if domain else "opset "
                there = f" in {of}{version}" if versions_of(domain, operator) else ""
                self.faults.append(f"{node.title} has an operator that does not exist{there}")
            return
        if not (domain == "" and operator in _RUNTIMES_OWN):
            self._check_shape(node, found)

    def _check_shape(self, node: Node, found: Operator) -> None:
        least_in, most_in, least_out, most_out = found.counts
        for number, least, most, noun in (
            (len(node.inputs), least_in, most_in, "inputs"),
            (len(node.outputs), least_out, most_out, "outputs"),
        ):
            if (least is not None and number < least) or (most is not None and number > most):
                wanted = f"{least}" if least == most else f"{least} to {most}" if most is not None else f"{least}"
                self.faults.append(f"{node.title} has {number} {noun}, and takes {wanted}")
        missing = [a for a, required in found.attributes.items() if required and a not in node.attributes]
        for name in missing:
            self.faults.append(f"{node.title} lacks its attribute '{name}'")
        for name in node.attributes:
            if name not in found.attributes and not name.startswith("__"):
                self.faults.append(f"{node.title} has an attribute '{name}', which the operator does not have")


def _domain(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain
