"""Which tensor feeds which input of an ensemble's steps: by what the user maps, by name, by type and shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from triton_kit.repository.tensor import agree
from triton_kit.scaffold.ensemble.value import Conflict, End, Port, Question, Step

_SELF = ""
"""The label of the ensemble itself."""


@dataclass(slots=True)
class Wires:
    """What feeds each input, as far as it is decided.

    ``sources`` has for each input the output, or the ensemble's input, that feeds it; ``opened`` the ports that each
    input of the ensemble feeds.
    """

    sources: dict[End, End] = field(default_factory=dict)
    opened: dict[str, list[Port]] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    def feed(self, end: End, port: Port, source: End) -> None:
        """Let ``source`` feed the input."""
        self.sources[end] = source
        if source.step == _SELF:
            self.opened.setdefault(source.tensor, []).append(port)

    def takes(self, name: str, port: Port) -> bool:
        """Whether the ensemble's input of that name exists and can feed that port too."""
        return name in self.opened and all(port.fits(other) for other in self.opened[name])

    def waits_for(self, step: str) -> set[str]:
        """The steps that a step needs, directly and through others."""
        found: set[str] = set()
        todo = [step]
        while todo:
            label = todo.pop()
            for end, source in self.sources.items():
                if end.step == label and source.step != _SELF and source.step not in found:
                    found.add(source.step)
                    todo.append(source.step)
        return found


def connect(steps: Sequence[Step], maps: Mapping[End, End]) -> Wires:
    """Feed every input: as mapped; otherwise from an earlier step, by name first; otherwise from outside."""
    wires = Wires()
    outputs = {End(s.label, p.name): p for s in steps for p in s.member.outputs}
    for step in steps:
        for port in step.member.inputs:
            end = End(step.label, port.name)
            if end in maps:
                _map(wires, end, port, maps[end], outputs)
    for i, step in enumerate(steps):
        earlier = {End(s.label, p.name): p for s in steps[:i] for p in s.member.outputs}
        _connect_step(wires, step, earlier)
        if not any(end.step == step.label for end in wires.sources) and not wires.questions and not wires.conflicts:
            first = next((p.name for p in step.member.inputs), None)
            if first is not None:
                hint = f"feed one: --map {step.label}.{first}={first}"
                wires.conflicts.append(Conflict(message=f"{step.label} has optional inputs only, all unfed", hint=hint))
            else:
                wires.conflicts.append(Conflict(message=f"{step.label} has no input, and a step needs one"))
    return wires


def _map(wires: Wires, end: End, port: Port, source: End, outputs: Mapping[End, Port]) -> None:
    """Feed an input as the user says."""
    if source.step != _SELF:
        if not port.fits(outputs[source]):
            wires.conflicts.append(_misfit(end, port, source, outputs[source]))
    elif source.tensor in wires.opened and not wires.takes(source.tensor, port):
        other = next(p for p in wires.opened[source.tensor] if not port.fits(p))
        wires.conflicts.append(
            Conflict(
                message=f"{source}, an input of the ensemble, would be {other} and, for {end}, {port}",
                hint=f"give {end} an input of its own: --map {end}={end.step}_{end.tensor}",
            )
        )
    wires.feed(end, port, source)


def _misfit(end: End, port: Port, source: End, given: Port) -> Conflict:
    what = "type" if port.data_type != given.data_type else "shape"
    return Conflict(
        message=f"{end} is {port}, and {source} is {given}: the {what} differs",
        hint=f"put a step between them, or feed it from outside: --map {end}={end.tensor}",
    )


def _connect_step(wires: Wires, step: Step, earlier: Mapping[End, Port]) -> None:
    """Feed the inputs of a step that are not mapped."""
    open_ = [p for p in step.member.inputs if End(step.label, p.name) not in wires.sources]
    by_shape: dict[str, list[End]] = {}
    for port in open_:
        end = End(step.label, port.name)
        fitting = [e for e, p in earlier.items() if p.fits(port)]
        named = [e for e in fitting if e.tensor == port.name]
        if named:
            latest = _latest(wires, named)
            if latest is not None:
                wires.feed(end, port, latest)
            else:
                wires.questions.append(_question(wires, end, port, named))
        elif wires.takes(port.name, port) and (port.optional or not fitting):
            wires.feed(end, port, End(_SELF, port.name))
        elif not port.optional:
            by_shape[port.name] = fitting
    # An output that fits two inputs of one step is a guess for both.
    claims = Counter(fitting[0] for fitting in by_shape.values() if len(fitting) == 1)
    claims.update(s for e, s in wires.sources.items() if e.step == step.label)
    for port in open_:
        if port.name in by_shape:
            _feed_by_shape(wires, End(step.label, port.name), port, by_shape[port.name], earlier, claims)


def _feed_by_shape(
    wires: Wires, end: End, port: Port, fitting: list[End], earlier: Mapping[End, Port], claims: Mapping[End, int]
) -> None:
    if len(fitting) == 1 and claims[fitting[0]] == 1 and not wires.takes(port.name, port):
        wires.feed(end, port, fitting[0])
        return
    if fitting:
        wires.questions.append(_question(wires, end, port, fitting))
        return
    unfit = next((e for e in earlier if e.tensor == port.name), None)
    if unfit is not None:
        wires.conflicts.append(_misfit(end, port, unfit, earlier[unfit]))
        return
    wires.feed(end, port, _from_outside(wires, end, port))


def _latest(wires: Wires, ends: Sequence[End]) -> End | None:
    """Of outputs of one name the one that all others went into: the last word on that name."""
    for end in ends:
        if {other.step for other in ends if other != end} <= wires.waits_for(end.step):
            return end
    return None


def _question(wires: Wires, end: End, port: Port, fitting: Sequence[End]) -> Question:
    return Question(end=end, port=port, candidates=(*fitting, _from_outside(wires, end, port)))


def _from_outside(wires: Wires, end: End, port: Port) -> End:
    """The ensemble's input that can feed a step's: of the same name where that is free or the same tensor."""
    if port.name not in wires.opened or wires.takes(port.name, port):
        return End(_SELF, port.name)
    return End(_SELF, plain(f"{end.step}_{end.tensor}", wires.opened))


def plain(name: str, taken: Mapping[str, object] | set[str]) -> str:
    """A tensor name that is not taken, like the given one."""
    name = name.replace("#", "_")
    number = 2
    found = name
    while found in taken:
        found = f"{name}_{number}"
        number += 1
    return found


def apart(steps: Sequence[Step], wires: Wires, maps: Mapping[End, End]) -> Conflict | None:
    """A step that shares no tensor with the others, and that nobody said should be apart."""
    together = {steps[0].label}
    shared = list(wires.sources.items())
    grown = True
    while grown:
        fed = {source for end, source in shared if end.step in together}
        more = {e.step for e, s in shared if s in fed or s.step in together} | {s.step for s in fed if s.step}
        grown = not more <= together
        together |= more
    mapped = {end.step for end in maps}
    for step in steps:
        if step.label in together or step.label in mapped:
            continue
        port = step.member.inputs[0]
        there = [(End(s.label, p.name), p) for s in steps if s.label in together for p in s.member.outputs]
        near = next((x for x in there if agree(x[1].full, port.full)), there[0])
        end = End(step.label, port.name)
        return Conflict(
            message=f"{step.label} would not be connected: nothing fits {end}, {port}; {near[0]} is {near[1]}",
            hint=f"put a step between them; if that is intended, give --map {end}={port.name}",
        )
    return None
