"""How tensors flow through an ensemble, from step to step."""

from __future__ import annotations

from triton_kit.linter.lost_tensors import Remedy, remedy
from triton_kit.model.model import Model


class Flow:
    """How tensors flow through an ensemble: which are mapped, which can ever be there, which are read."""

    def __init__(self, model: Model) -> None:
        self.steps = list(model.config.ensemble_scheduling.step)
        self.read: dict[str, tuple[int, str]] = {}
        self.written: dict[str, tuple[int, str]] = {}
        for i, step in enumerate(self.steps):
            for key, tensor in step.input_map.items():
                self.read.setdefault(tensor, (i, key))
            for key, tensor in step.output_map.items():
                self.written.setdefault(tensor, (i, key))
        self.available = {t.name for t in model.inputs if self.maps(t.name)}
        waiting = set(range(len(self.steps)))
        while True:
            ready = {i for i in waiting if all(t in self.available for t in self.steps[i].input_map.values())}
            if not ready:
                break
            waiting -= ready
            for i in ready:
                self.available.update(self.steps[i].output_map.values())
        self.waiting = waiting

    def maps(self, tensor: str) -> bool:
        """Whether some step reads or writes the tensor."""
        return tensor in self.read or tensor in self.written

    def lacking(self, tensor: str) -> list[str]:
        """What the step that writes a tensor waits for in vain, down to its roots."""
        roots: list[str] = []
        seen: set[str] = set()
        todo = [tensor]
        while todo:
            name = todo.pop()
            if name in seen or name in self.available:
                continue
            seen.add(name)
            if name not in self.written:
                roots.append(name)
            else:
                todo += self.steps[self.written[name][0]].input_map.values()
        return sorted(roots)

    def steps_behind(self, tensor: str) -> set[int]:
        """The steps that read a tensor, and those that read what they write: none of them can give it."""
        found: set[int] = set()
        todo = {tensor}
        while todo:
            more = {i for i, s in enumerate(self.steps) if i not in found and not todo.isdisjoint(s.input_map.values())}
            found |= more
            todo = {name for i in more for name in self.steps[i].output_map.values()}
        return found

    def give(self, model: Model, tensor: str) -> Remedy:
        """How a tensor that nothing gives may be given, without a cycle."""
        if not tensor:
            return Remedy("write the name of the ensemble's tensor as the value")
        behind = self.steps_behind(tensor)
        choices = [t.name for t in model.inputs] + [name for name, (i, _) in self.written.items() if i not in behind]
        return remedy(
            model,
            tensor,
            "output",
            choices=choices,
            otherwise=f"add '{tensor}' to the ensemble's inputs, or a step whose output_map gives it",
            excluded=behind,
        )


def flow_of(model: Model, *, mapped: bool = False) -> Flow | None:
    """The flow of an ensemble whose steps are complete; ``None`` for anything else.

    With ``mapped`` it is ``None`` also where some input or output is in no map, which is reported on its own.
    """
    steps = model.config.ensemble_scheduling.step if not model.backend else []
    if not steps or any(not (s.input_map and s.output_map) for s in steps):
        return None
    flow = Flow(model)
    if mapped and not all(flow.maps(t.name) for t in (*model.inputs, *model.outputs)):
        return None
    return flow
