"""How tensors flow through an ensemble, from step to step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from triton_kit.linter.lost_tensors import Remedy, remedy
from triton_kit.model.model import Model
from triton_kit.value import cached_property

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelEnsembling

_MOST_SEARCHES = 50
"""For so many tensors of an ensemble that nothing gives, a remedy of their own is looked for."""


def rounds(steps: Mapping[int, ModelEnsembling.Step], given: Iterable[str]) -> Iterator[list[int]]:
    """The steps that can run, round by round: those of a round have all that they read from ``given`` and earlier ones.

    Each step and each entry of a map is looked at once. Steps that wait in vain are in no round.
    """
    there = set(given)
    lacks = {i: set(step.input_map.values()) - there for i, step in steps.items()}
    readers: defaultdict[str, list[int]] = defaultdict(list)
    for i, tensors in lacks.items():
        for tensor in tensors:
            readers[tensor].append(i)
    ready = [i for i, tensors in lacks.items() if not tensors]
    while ready:
        yield ready
        following: list[int] = []
        for tensor in dict.fromkeys(tensor for i in ready for tensor in steps[i].output_map.values()):
            for i in readers.pop(tensor, ()):
                lacks[i].discard(tensor)
                if not lacks[i]:
                    following.append(i)
        ready = sorted(following)


class Flow:
    """How tensors flow through an ensemble: which are mapped, which can ever be there, which are read."""

    def __init__(self, model: Model) -> None:
        self.steps = list(model.config.ensemble_scheduling.step)
        self.read: dict[str, tuple[int, str]] = {}
        self.written: dict[str, tuple[int, str]] = {}
        self._readers: defaultdict[str, list[int]] = defaultdict(list)
        self._searches = 0
        for i, step in enumerate(self.steps):
            for key, tensor in step.input_map.items():
                self.read.setdefault(tensor, (i, key))
                self._readers[tensor].append(i)
            for key, tensor in step.output_map.items():
                self.written.setdefault(tensor, (i, key))
        self.available = {t.name for t in model.inputs if self.maps(t.name)}
        for ready in rounds(dict(enumerate(self.steps)), self.available):
            for i in ready:
                self.available.update(self.steps[i].output_map.values())

    def maps(self, tensor: str) -> bool:
        """Whether some step reads or writes the tensor."""
        return tensor in self.read or tensor in self.written

    def roots(self, tensor: str, seen: set[str]) -> list[str]:
        """What the step that writes a tensor waits for in vain, down to its roots; of what is not in ``seen`` yet."""
        roots: list[str] = []
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

    def waits_for_itself(self, tensor: str) -> bool:
        """Whether a tensor that some step writes is never there though all roots are: its steps wait for each other."""
        return tensor in self.written and tensor not in self.available and tensor not in self._behind_roots

    @cached_property
    def _behind_roots(self) -> set[str]:
        """The tensors whose first writer waits for one that no step writes and that is not given."""
        todo = [tensor for tensor in self.read if tensor not in self.written and tensor not in self.available]
        behind = set(todo)
        while todo:
            for i in self._readers.get(todo.pop(), ()):
                for tensor in self.steps[i].output_map.values():
                    if tensor not in behind and self.written[tensor][0] == i:
                        behind.add(tensor)
                        todo.append(tensor)
        return behind

    def steps_behind(self, tensor: str) -> set[int]:
        """The steps that read a tensor, and those that read what they write: none of them can give it."""
        found: set[int] = set()
        seen = {tensor}
        todo = [tensor]
        while todo:
            for i in self._readers.get(todo.pop(), ()):
                if i not in found:
                    found.add(i)
                    more = set(self.steps[i].output_map.values()) - seen
                    seen |= more
                    todo += more
        return found

    def give(self, model: Model, tensor: str) -> Remedy:
        """How a tensor that nothing gives may be given, without a cycle."""
        if not tensor:
            return Remedy("write the name of the ensemble's tensor as the value")
        otherwise = f"add '{tensor}' to the ensemble's inputs, or a step whose output_map gives it"
        self._searches += 1
        if self._searches > _MOST_SEARCHES:
            return Remedy(otherwise)
        behind = self.steps_behind(tensor)
        choices = [t.name for t in model.inputs] + [name for name, (i, _) in self.written.items() if i not in behind]
        return remedy(model, tensor, "output", choices=choices, otherwise=otherwise, excluded=behind)


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
