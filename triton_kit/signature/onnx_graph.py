"""What makes an ONNX graph invalid, as far as names and the list of operators tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from triton_kit.resources import resource
from triton_kit.signature.onnx_plain import plain_node
from triton_kit.signature.wire import Wire, WireError

_MOST_NODES = 200_000
_MOST_KINDS = 10_000
_FINE: set[tuple[object, ...]] = set()
"""Kinds of nodes that were found to be fine: graphs have thousands of nodes, of a few kinds."""
_NESTING = 30

_RUNTIMES_OWN = frozenset(
    (
        "Affine", "Crop", "DynamicSlice", "GivenTensorFill", "ImageScaler", "LayerNormalization", "ParametricSoftplus",
        "RMSNormalization", "Scale", "ScaledTanh", "SimplifiedLayerNormalization", "ThresholdedRelu",
    )
)  # fmt: skip
"""Operators that ONNX Runtime has in the default domain of its own accord (onnxruntime contrib_defs.cc)."""


class Node(NamedTuple):
    """A ``NodeProto``: its name, operator, and the names of its inputs, outputs and attributes."""

    name: str
    operator: str
    domain: str
    inputs: list[str]
    outputs: list[str]
    attributes: list[str]

    @property
    def title(self) -> str:
        """How a fault calls it."""
        return f"the node '{self.name}' ({self.operator})" if self.name else f"a node {self.operator}"


class Operator(NamedTuple):
    """An operator since a version of its domain: the least and most inputs and outputs (``None``: any number).

    ``counts`` is empty where the operator is gone from that version on. Attributes map to whether they are required.
    """

    since: int
    counts: tuple[int | None, ...]
    attributes: Mapping[str, bool]


def find_faults(
    wire: Wire, nodes: Sequence[tuple[int, int]], known: Iterable[str], outputs: Sequence[str],
    opsets: Sequence[tuple[str, int]], functions: Sequence[str],
) -> tuple[str, ...]:  # fmt: skip
    """What ONNX Runtime refuses a graph for, each in words; nothing where the graph is too large to tell.

    ``nodes`` are where the nodes of the main graph stand, ``known`` the names of its inputs and initializers.
    """
    if len(nodes) > _MOST_NODES:
        return ()
    try:
        checker = _Checker(wire, opsets, functions)
        found = [checker.node(start, end, 0) for start, end in nodes]
    except (WireError, OSError):
        return ()
    return tuple(dict.fromkeys((*checker.faults, *_name_faults(found, set(known), outputs))))


def _name_faults(nodes: Sequence[Node], known: set[str], outputs: Sequence[str]) -> Iterator[str]:
    """Values that are made twice, or not at all, and circles."""
    if _is_in_order(nodes, known, outputs):
        return
    makers: dict[str, int] = {}
    for i, node in enumerate(nodes):
        for name in node.outputs:
            if name and (name in makers or name in known):
                yield f"'{name}' is made twice: by {node.title} too"
            elif name:
                makers[name] = i
    for node in nodes:
        for name in node.inputs:
            if name and name not in makers and name not in known:
                yield f"{node.title} takes '{name}', which nothing makes"
    for name in outputs:
        if name not in makers and name not in known:
            yield f"the output '{name}' is made by nothing"
    waiting = [{makers[name] for name in node.inputs if name in makers} for node in nodes]
    takers: dict[int, list[int]] = {}
    for i, needed in enumerate(waiting):
        for maker in needed:
            takers.setdefault(maker, []).append(i)
    ready = [i for i, needed in enumerate(waiting) if not needed]
    done = 0
    while ready:
        one = ready.pop()
        done += 1
        for taker in takers.get(one, ()):
            waiting[taker].discard(one)
            if not waiting[taker]:
                ready.append(taker)
    if done < len(nodes):
        first = next(node for node, needed in zip(nodes, waiting, strict=True) if needed)
        yield f"{first.title} takes what it makes itself, in a circle"


def _is_in_order(nodes: Sequence[Node], known: set[str], outputs: Sequence[str]) -> bool:
    """Whether every value is made once and before it is taken, as exporters write it: then there is nothing to find."""
    made = set(known)
    made.add("")
    for node in nodes:
        if not made.issuperset(node.inputs):
            return False
        for name in node.outputs:
            if name in made and name:
                return False
            made.add(name)
    return all(name and name in made for name in outputs)


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

    def node(self, start: int, end: int, depth: int) -> Node:
        """``NodeProto``, with the nodes of graphs inside it."""
        wire = self.wire
        if plain := plain_node(wire.short(start, end)):
            node = Node(*plain)
            if node.domain == "ai.onnx":
                node = node._replace(domain="")
            self._check(node)
            return node
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
        node = Node(name, operator, _domain(domain), inputs, outputs, attributes)
        self._check(node)
        return node

    def _attribute(self, start: int, end: int, depth: int) -> str:
        """``AttributeProto``: gives its name."""
        name = ""
        for tag, value, behind in self.wire.fields(start, end):
            if tag == 10:
                name = self.wire.text(value, behind)
            elif tag in {50, 90} and depth < _NESTING:
                for inner, first, last in self.wire.fields(value, behind):
                    if inner == 10:
                        self.node(first, last, depth + 1)
        return name

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
            said = f"operators of {domain}" if domain else "operators"
            self.faults.append(f"{node.title} needs a version of {said}, and the model imports none")
            return
        if domain not in tables():
            return
        if version > tables()[domain].newest:
            return
        versions = versions_of(domain, operator)
        found = next((row for row in reversed(versions) if row.since <= version), None)
        if found is None or not found.counts:
            if not (domain == "" and operator in _RUNTIMES_OWN):
                of = f"{domain} " if domain else "opset "
                there = "" if not versions else f" in {of}{version}"
                self.faults.append(f"{node.title} is of an operator that does not exist{there}")
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
                self.faults.append(f"{node.title} has an attribute '{name}', which the operator does not")


class Table(NamedTuple):
    """The newest version of a domain that is known, and the line of each operator: its versions."""

    newest: int
    lines: dict[str, str]


@cache
def tables() -> dict[str, Table]:
    """The domains that every ONNX Runtime has."""
    head, *lines = resource("signature/onnx_operators.txt").read_text(encoding="utf-8").splitlines()
    domains = {}
    for said in head.rpartition(" ")[2].split(","):
        domain, _, newest = said.partition("=")
        domains[domain] = Table(int(newest), {})
    for line in lines:
        domain, name, versions = line.split("\t")
        domains[domain].lines[name] = versions
    return domains


@cache
def versions_of(domain: str, name: str) -> tuple[Operator, ...]:
    """The versions of an operator, oldest first; none where there is no such operator."""
    line = tables()[domain].lines.get(name)
    return tuple(_operator(row) for row in line.split(" ")) if line else ()


def _operator(row: str) -> Operator:
    since, counts, attributes = row.split(":")
    limits = () if counts == "gone" else tuple(int(n) if n else None for n in counts.split(","))
    named = {name.rstrip("!"): name.endswith("!") for name in attributes.split(",") if name}
    return Operator(int(since), limits, named)


def _domain(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain
