"""An ensemble out of its steps: wires, names, batch and shapes, as a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from triton_kit.repository.tensor import agree
from triton_kit.scaffold.ensemble.matching import Wires, apart, connect, plain
from triton_kit.scaffold.ensemble.value import Conflict, End, Port, Step, Tensor, WiredStep, Wiring

Groups = Mapping[str, Sequence[Port]]
"""The ports that each tensor of the ensemble joins, the one that writes it first."""


def wire(
    steps: Sequence[Step],
    *,
    maps: Mapping[End, End],
    exposed: Mapping[End, str],
    hidden: frozenset[End] = frozenset(),
    max_batch_size: int | None = None,
) -> Wiring:
    """Wire the steps in their order.

    ``maps`` say what feeds an input, ``exposed`` which outputs to show beside those that no step reads, by which name
    (empty: the usual one), ``hidden`` which of those not to show. Without ``max_batch_size`` it is the largest that all
    steps allow. Where the wiring is not one, it has questions or conflicts and nothing else.
    """
    wires = connect(steps, maps)
    if wires.questions or wires.conflicts:
        return Wiring(questions=tuple(wires.questions), conflicts=tuple(wires.conflicts))
    order = _sorted(steps, wires)
    conflicts = [c for c in (_circle(steps, order), apart(steps, wires, maps)) if c is not None]
    if conflicts:
        return Wiring(conflicts=tuple(conflicts))
    shown, names = _names(order, wires, exposed, hidden)
    groups = _groups(order, wires, names)
    most = _largest_batch(order, groups, {**{n: n for n in wires.opened}, **{names[e]: n for e, n in shown.items()}})
    found = (_idle(order, names), _over(order, most, max_batch_size), _streams(order, wires, shown))
    if any(found):
        return Wiring(conflicts=tuple(c for c in found if c is not None))
    size = most if max_batch_size is None else max_batch_size
    complete = not size and _together(groups)
    return Wiring(
        max_batch_size=size,
        inputs=tuple(_tensor(name, groups[name], size, complete) for name in _opened(order, wires)),
        outputs=tuple(_tensor(name, groups[name], size, complete, written=True) for name in shown.values()),
        steps=tuple(_wired(step, wires, names) for step in order),
    )


def _sorted(steps: Sequence[Step], wires: Wires) -> list[Step]:
    """The steps, each after those that it waits for, otherwise in their order; what waits in a circle is left out."""
    needs = {s.label: {src.step for e, src in wires.sources.items() if e.step == s.label and src.step} for s in steps}
    order: list[Step] = []
    waiting = list(steps)
    while ready := [s for s in waiting if needs[s.label] <= {o.label for o in order}]:
        order.append(ready[0])
        waiting.remove(ready[0])
    return order


def _circle(steps: Sequence[Step], order: Sequence[Step]) -> Conflict | None:
    waiting = [s.label for s in steps if s not in order]
    if not waiting:
        return None
    who = f"{waiting[0]} waits for itself" if len(waiting) == 1 else f"{', '.join(waiting)} wait for each other"
    return Conflict(message=f"{who}: no step can be the first of them", hint="map one of their inputs from elsewhere")


def _names(
    order: Sequence[Step], wires: Wires, exposed: Mapping[End, str], hidden: frozenset[End]
) -> tuple[dict[End, str], dict[End, str]]:
    """The outputs that are shown with their names, and the name of every output's tensor that is mapped.

    A tensor has the model's name for it where that is free, and its step's before it otherwise.
    """
    ends = [End(s.label, p.name) for s in order for p in s.member.outputs]
    read = set(wires.sources.values())
    shown = {end: exposed.get(end, "") for end in ends if end in exposed or end not in read | hidden}
    taken = {*wires.opened, *filter(None, shown.values())}
    names: dict[End, str] = {end: name for end, name in shown.items() if name}
    for group in ([e for e in ends if e in shown], [e for e in ends if e in read and e not in shown]):
        count = Counter(end.tensor for end in group if end not in names)
        for end in group:
            if end not in names:
                own = end.tensor if count[end.tensor] == 1 and end.tensor not in taken else f"{end.step}_{end.tensor}"
                names[end] = plain(own, taken)
                taken.add(names[end])
    return {end: names[end] for end in shown}, names


def _opened(order: Sequence[Step], wires: Wires) -> list[str]:
    """The ensemble's inputs in the order in which steps read them."""
    sources = [wires.sources.get(End(s.label, p.name)) for s in order for p in s.member.inputs]
    return list(dict.fromkeys(source.tensor for source in sources if source is not None and not source.step))


def _groups(order: Sequence[Step], wires: Wires, names: Mapping[End, str]) -> dict[str, list[Port]]:
    groups: dict[str, list[Port]] = {name: list(ports) for name, ports in wires.opened.items()}
    for step in order:
        for port in step.member.outputs:
            if (end := End(step.label, port.name)) in names:
                groups[names[end]] = [port]
        for port in step.member.inputs:
            source = wires.sources.get(End(step.label, port.name))
            if source is not None and source.step:
                groups[names[source]].append(port)
    return groups


def _largest_batch(order: Sequence[Step], groups: Groups, outside: Iterable[str]) -> int:
    """The largest batch that all steps allow.

    A model without batches goes into a batch only if it takes it as its first dimension, of any size. Where a shape
    of one fixed item is handed on, the server loads the ensemble and then answers no more than one item (seen on
    24.10), so that it takes no batches.
    """
    sizes = [s.member.max_batch_size for s in order if s.member.max_batch_size > 0]
    if not sizes:
        return 0
    at_the_edge = [port for name in outside for port in groups[name]]
    carried = all(p.batching or (len(p.dims) > 1 and p.dims[0] == -1) for p in at_the_edge)
    return min(sizes) if _together(groups) and carried else 0


def _together(groups: Groups) -> bool:
    """Whether what is handed on agrees in its complete shapes, so that a batch goes from one step to the next whole."""
    return all(agree(ports[0].full, other.full) for ports in groups.values() for other in ports)


def _idle(order: Sequence[Step], names: Mapping[End, str]) -> Conflict | None:
    for step in order:
        if not any(end.step == step.label for end in names):
            return Conflict(message=f"{step.label} gives nothing: no step reads it, and all of it is hidden")
    return None


def _over(order: Sequence[Step], most: int, asked: int | None) -> Conflict | None:
    if asked is None or asked <= most:
        return None
    batching = [s for s in order if s.member.max_batch_size > 0]
    if most:
        least = min(batching, key=lambda s: s.member.max_batch_size)
        why = f"{least.label} takes batches of up to {most}"
        return Conflict(
            message=f"--max-batch-size {asked}: {why}", hint=f"lower it to {most}, or raise that of the model"
        )
    alone = next((s.label for s in order if not s.member.max_batch_size), order[0].label)
    return Conflict(
        message=f"--max-batch-size {asked}: {alone} takes no batches",
        hint="leave it out, or give the model a batch dimension",
    )


def _tensor(name: str, ports: Sequence[Port], size: int, complete: bool, *, written: bool = False) -> Tensor:
    """A tensor of the ensemble: without its batch where the ensemble batches, and otherwise complete.

    Where some of what is handed on agrees without the batch alone, an ensemble takes one item at a time, which the
    server puts into a batch of one for a model that has batches (core ensemble_scheduler.cc:ReshapeTensorDims).
    """
    if size:
        shapes = [p.full[1:] for p in ports]
    elif complete or len({len(p.dims) for p in ports}) > 1:
        shapes = [p.full for p in ports]
    else:
        shapes = [p.dims for p in ports]
    # What is written has the writer's sizes; what is given goes to all, and has a fixed size where any of them has one.
    dims = shapes[0] if written else tuple(max(sizes) for sizes in zip(*shapes, strict=True))
    return Tensor(name=name, data_type=ports[0].data_type, dims=dims)


def _wired(step: Step, wires: Wires, names: Mapping[End, str]) -> WiredStep:
    inputs = {}
    for port in step.member.inputs:
        source = wires.sources.get(End(step.label, port.name))
        if source is not None:
            inputs[port.name] = names[source] if source.step else source.tensor
    outputs = {p.name: names[end] for p in step.member.outputs if (end := End(step.label, p.name)) in names}
    return WiredStep(model=step.member.name, version=step.version, inputs=inputs, outputs=outputs)


def _streams(order: Sequence[Step], wires: Wires, shown: Iterable[End]) -> Conflict | None:
    """Tensors of a decoupled model joined with others: each of its answers would need a partner that is not there.

    Source: core ensemble_utils.cc:ValidateEnsembleConfig.
    """
    stream: dict[str, str] = {"": ""}
    for step in order:
        fed = {source.step for end, source in wires.sources.items() if end.step == step.label}
        if len({stream[label] for label in fed}) > 1:
            one = next(stream[label] for label in fed if stream[label])
            return Conflict(
                message=f"{step.label} joins answers of {one}, which is decoupled, with other tensors",
                hint=f"feed {step.label} from {one} alone",
            )
        stream[step.label] = step.label if step.member.decoupled else next((stream[label] for label in fed), "")
    ends = {stream[end.step] for end in shown}
    if len(ends) > 1:
        one = next(label for label in ends if label)
        return Conflict(
            message=f"the outputs join answers of {one}, which is decoupled, with other tensors",
            hint=f"take all outputs from {one} or from steps after it, and --hide the others",
        )
    return None
