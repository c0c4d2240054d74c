"""An ensemble as a flow: its steps in the order in which they can run, tied by the tensors that they share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from triton_kit.graph.flow import About, Edge, Flow, Node, Port, Role, worst
from triton_kit.graph.model_view import Reader, port_of
from triton_kit.graph.order import levels
from triton_kit.linter.diagnostic import Diagnostic
from triton_kit.model.completion import Completed, tensors
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Route
from triton_kit.value import replace

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelConfig, ModelEnsembling

_STEPS = ("ensemble_scheduling", "step")


def flow_of_ensemble(model: Model, reader: Reader) -> Flow:
    """The flow of an ensemble, as far as its configuration goes."""
    config = reader.config(model)
    places = FindingsByRoute(reader.findings(model))
    nodes: list[Node] = []
    if config is not None:
        nodes += _ends(config, places, Role.INPUT)
        steps = list(config.ensemble_scheduling.step)
        nodes += [_step(model, step, i, places, reader) for i, step in enumerate(steps)]
        nodes += _ends(config, places, Role.OUTPUT)
    nodes = [*_lost(nodes), *nodes]
    edges, order = _edges(nodes)
    inside = sorted(nodes, key=lambda node: (node.role is Role.OUTPUT, order[node.id], node.role is Role.STEP))
    # The ensemble's outputs are behind everything else, however short the way to them is.
    last = max((order[n.id] for n in inside if n.role is not Role.OUTPUT), default=0) + 1
    return Flow(
        name=model.name,
        ensemble=True,
        batch=max(config.max_batch_size, 0) if config is not None else None,
        nodes=tuple(inside),
        edges=tuple(edges),
        levels=tuple(last if node.role is Role.OUTPUT else order[node.id] for node in inside),
        findings=places.rest(),
    )


class FindingsByRoute:
    """The findings about an ensemble by their place in the flow, each to be taken once."""

    def __init__(self, found: list[tuple[Route, Diagnostic]]) -> None:
        self._groups: dict[Route, dict[Route, list[Diagnostic]]] = {}
        """By the step, or the like, that a place is in."""
        for at, diagnostic in found:
            place = _place(at)
            self._groups.setdefault(place[:3], {}).setdefault(place, []).append(diagnostic)

    def take(self, *place: str | int) -> tuple[Diagnostic, ...]:
        """The findings at a place."""
        return tuple(self._groups.get(place[:3], {}).pop(place, ()))

    def of_step(self, index: int) -> tuple[Diagnostic, ...]:
        """The findings at a step and at what is left below it."""
        left = self._groups.pop((*_STEPS, index), {})
        return tuple(diagnostic for found in left.values() for diagnostic in found)

    def rest(self) -> tuple[Diagnostic, ...]:
        """What nobody took."""
        return tuple(d for group in self._groups.values() for found in group.values() for d in found)


def _place(at: Route) -> Route:
    """The part of a route that a drawing can show: an end, a step, or an entry of a step's map."""
    if at[:2] == _STEPS:
        mapped = len(at) > 4 and at[3] in ("input_map", "output_map")
        return at[:5] if mapped else at[:3]
    return at[:2] if at[:1] in (("input",), ("output",)) else at[:1]


def _ends(config: ModelConfig, places: FindingsByRoute, role: Literal[Role.INPUT, Role.OUTPUT]) -> Iterator[Node]:
    kind: Literal["input", "output"] = "input" if role is Role.INPUT else "output"
    for i, tensor in enumerate(tensors(config, kind)):
        port = port_of(tensor, config.max_batch_size > 0)
        port = replace(port, tensor=tensor.name, findings=places.take(kind, i))
        inputs, outputs = ((), (port,)) if role is Role.INPUT else ((port,), ())
        yield Node(id=f"{kind}{i}", role=role, name=tensor.name, inputs=inputs, outputs=outputs)


def _step(model: Model, step: ModelEnsembling.Step, index: int, places: FindingsByRoute, reader: Reader) -> Node:
    found = model.repository.find(step.model_name, step.model_namespace)
    about = reader.describe(found, step.model_version) if found else About()
    completed = reader.completed(found, about.get("version")) if found else None
    inputs = _ports(step, index, "input", completed, places)
    outputs = _ports(step, index, "output", completed, places)
    findings = places.of_step(index)
    if found is not None and not reader.is_ensemble(found):
        findings += reader.all_of(found)
    name = step.model_name or "(no model_name)"
    id_ = f"step{index}"
    return Node(
        id=id_, role=Role.STEP, name=name, index=index, exists=found is not None,
        inputs=inputs, outputs=outputs, findings=findings, **about,
    )  # fmt: skip


def _ports(
    step: ModelEnsembling.Step,
    index: int,
    kind: Literal["input", "output"],
    completed: Completed | None,
    places: FindingsByRoute,
) -> tuple[Port, ...]:
    """The model's tensors with their names in the ensemble, then what the step maps beyond them."""
    mapped = dict(step.input_map if kind == "input" else step.output_map)
    ports = []
    known_ports = completed.inputs if completed and kind == "input" else completed.outputs if completed else ()
    for tensor in known_ports:
        given = mapped.pop(tensor.name, "")
        findings = places.take(*_STEPS, index, f"{kind}_map", tensor.name)
        batching = completed is not None and completed.max_batch_size > 0
        ports.append(port_of(tensor, batching, given=given, findings=findings))
    known = not (completed and completed.known)
    for name, given in mapped.items():
        findings = places.take(*_STEPS, index, f"{kind}_map", name)
        ports.append(Port(name=name, tensor=given, known=known, findings=findings))
    return tuple(ports)


def _lost(nodes: list[Node]) -> Iterator[Node]:
    """A node for each tensor that is read and that nothing gives."""
    given = {port.tensor for node in nodes for port in node.outputs}
    read = dict.fromkeys(p.tensor for node in nodes for p in node.inputs if p.tensor and node.role is Role.STEP)
    for i, name in enumerate(name for name in read if name not in given):
        yield Node(id=f"lost{i}", role=Role.LOST, name=name, outputs=(Port(name=name, tensor=name, known=False),))


def _edges(nodes: list[Node]) -> tuple[list[Edge], dict[str, int]]:
    """The edges, from each port that gives a tensor to each that takes it, and the levels of the nodes."""
    givers: dict[str, list[tuple[Node, int]]] = {}
    for node in nodes:
        for i, port in enumerate(node.outputs):
            if port.tensor:
                givers.setdefault(port.tensor, []).append((node, i))
    edges: list[Edge] = []
    for node in nodes:
        for i, port in enumerate(node.inputs):
            for giver, number in givers.get(port.tensor, ()):
                findings = (*giver.outputs[number].findings, *port.findings)
                edges.append(
                    Edge(
                        source=giver.id, source_port=number, target=node.id, target_port=i,
                        tensor=port.tensor, severity=worst(findings),
                    )
                )  # fmt: skip
    order, backward = levels([node.id for node in nodes], [(edge.source, edge.target) for edge in edges])
    return [replace(e, backward=True) if (e.source, e.target) in backward else e for e in edges], order
