"""What is drawn: a flow for each model, made of nodes with ports and of the edges between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TypeAlias, TypedDict

from triton_kit.linter.diagnostic import Diagnostic, Severity
from triton_kit.value import Value

Findings: TypeAlias = tuple[Diagnostic, ...]
Shape: TypeAlias = tuple[int | str, ...]
"""A shape with ``batch`` for the batch dimension and -1 for any size."""


class Role(str, Enum):
    """What a node stands for. LOST is a tensor that something reads and nothing gives."""

    INPUT = "input"
    OUTPUT = "output"
    STEP = "step"
    MODEL = "model"
    LOST = "lost"


class Port(Value):
    """An input or output of a node.

    ``tensor`` is its name in the ensemble, empty where it is in no map. ``data_type`` is as in config.pbtxt without
    ``TYPE_``, empty when unknown; ``shape`` is ``None`` when unknown. ``known`` is false for a name that the model
    does not have.
    """

    name: str
    tensor: str = ""
    data_type: str = ""
    shape: Shape | None = None
    optional: bool = False
    known: bool = True
    findings: Findings = ()


class Node(Value):
    """A box: a step, a model by itself, or an end of the ensemble.

    ``index`` is that of a step. ``version`` and ``batch`` (the largest one, 0 for no batch dimension) are those of the
    model, ``None`` when unknown; ``exists`` says whether there is such a model.
    """

    id: str
    role: Role
    name: str
    index: int = -1
    backend: str = ""
    version: int | None = None
    batch: int | None = None
    decoupled: bool = False
    exists: bool = True
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    findings: Findings = ()

    @property
    def severity(self) -> Severity | None:
        """The worst of the findings about the box itself."""
        return worst(self.findings)


class About(TypedDict, total=False):
    """The fields of a node that are the model's own, as in ``Node``."""

    backend: str
    version: int | None
    batch: int | None
    decoupled: bool


class Edge(Value):
    """A tensor on its way from an output port to an input port, each by its node and number.

    ``backward`` says that it closes a circle. ``severity`` is the worst that is said of its ends.
    """

    source: str
    source_port: int
    target: str
    target_port: int
    tensor: str
    backward: bool = False
    severity: Severity | None = None


class Flow(Value):
    """One model: an ensemble with its steps, or a single box. ``findings`` have no nearer place in it.

    The nodes are in the order of the flow: inputs, steps as they can run, outputs. ``levels`` are the lengths of the
    longest ways to the nodes, in their order.
    """

    name: str
    ensemble: bool
    batch: int | None = None
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    levels: tuple[int, ...] = ()
    findings: Findings = ()

    def numbered(self) -> dict[Diagnostic, int]:
        """Every finding once, numbered from 1 in the order in which they are met."""
        numbers: dict[Diagnostic, int] = {}
        for finding in self._findings():
            numbers.setdefault(finding, len(numbers) + 1)
        return numbers

    def _findings(self) -> Iterator[Diagnostic]:
        yield from self.findings
        for node in self.nodes:
            for port in node.inputs:
                yield from port.findings
            yield from node.findings
            for port in node.outputs:
                yield from port.findings


class Config(Value):
    """A model's configuration as text, and the file it is in; empty where the server makes it."""

    file: str
    text: str


class Graph(Value):
    """All flows that were asked for: ensembles first. ``findings`` are about the repository as a whole."""

    title: str
    flows: tuple[Flow, ...] = ()
    findings: Findings = ()
    configs: Mapping[str, Config] = {}


def worst(findings: Findings) -> Severity | None:
    """The highest severity among the findings."""
    return max((f.severity for f in findings), default=None)
