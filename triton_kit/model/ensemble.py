"""The models that an ensemble's steps name, directly and through other ensembles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from triton_kit.model.broken import Broken
from triton_kit.model.model import Model

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelEnsembling


def steps_of(model: Model) -> Iterator[tuple[int, ModelEnsembling.Step, Model]]:
    """The steps whose model exists, with it."""
    if model.is_ensemble:
        for i, step in enumerate(model.config.ensemble_scheduling.step):
            found = model.repository.find(step.model_name, step.model_namespace)
            if found is not None:
                yield i, step, found


def members_of(model: Model) -> list[Model]:
    """The models that the steps name, each once; none of an ensemble that cannot be read."""
    try:
        return list({found.directory: found for _, _, found in steps_of(model)}.values())
    except Broken:
        return []


def reached_from(*models: Model) -> dict[Path, Model]:
    """All models that these use, directly or through other ensembles, by their paths."""
    seen: dict[str, Model] = {}
    todo = list(models)
    while todo:
        for found in members_of(todo.pop()):
            if found.directory not in seen:
                seen[found.directory] = found
                todo.append(found)
    return {found.path: found for found in seen.values()}


def members_first(ensemble: Model, begin: Callable[[Model], bool]) -> Iterator[Model]:
    """The models that an ensemble's steps lead to, each behind its own members, and the ensemble at the end.

    Only those that are to ``begin``, which is asked once on the way down: what it refuses is passed over with all
    that is behind it.
    """
    begin(ensemble)
    work = [(ensemble, iter(members_of(ensemble)))]
    while work:
        model, members = work[-1]
        member = next(filter(begin, members), None)
        if member is None:
            work.pop()
            yield model
        else:
            work.append((member, iter(members_of(member))))


def is_decoupled(model: Model) -> bool:
    """Whether a model answers in a stream: as completed; an ensemble does when one of its models does.

    Source: core ensemble_utils.cc:ValidateEnsembleConfig, backend_model.cc:UpdateModelConfig.
    """
    return model.repository.ensembles.is_decoupled(model)


def _is_decoupled_itself(model: Model) -> bool:
    """Whether a model that is not an ensemble answers in a stream."""
    try:
        return not model.is_ensemble and (model.config.model_transaction_policy.decoupled or _completed_so(model))
    except Broken:
        return False


def _completed_so(model: Model) -> bool:
    """Whether the backend, or the code of the model, makes it decoupled."""
    if not model.options.auto_complete or model.config.has("model_transaction_policy"):
        return False
    if model.facts.completes_decoupled:
        return True
    completed = model.completed_latest if model.facts.is_code else None
    return completed is not None and bool(completed.decoupled)


class _Circle(NamedTuple):
    """Models that all lead to each other, or one that leads to no model that leads back."""

    models: tuple[Model, ...]
    is_closed: bool
    behind: tuple[int, ...]
    """The circles that its steps lead to."""
    first_closed: Model | None
    """The first by path of the models, these or behind, that lead to themselves."""


class EnsembleGraph:
    """Which models lead to which: each is gone through once, however many ask, in time linear in the steps.

    The circles are strongly connected components, found with Tarjan's algorithm, so that a circle has a higher number
    than all that are behind it.
    """

    def __init__(self) -> None:
        self._circles: list[_Circle] = []
        self._number: dict[str, int] = {}
        self._streams: dict[int, bool] = {}

    def uses_itself(self, model: Model) -> bool:
        """Whether the steps of a model lead back to it."""
        return self._circle(model).is_closed

    def use_each_other(self, one: Model, other: Model) -> bool:
        """Whether the steps of each lead to the other; also true of one model."""
        return self._circle(one) is self._circle(other)

    def first_closed(self, model: Model) -> Model | None:
        """Of the model and those that its steps lead to, the first by path that uses itself."""
        return self._circle(model).first_closed

    def is_decoupled(self, model: Model) -> bool:
        """Whether the model, or one that its steps lead to, answers in a stream."""
        self._circle(model)
        todo = [self._number[model.directory]]
        while todo:
            number = todo[-1]
            circle = self._circles[number]
            unknown = [one for one in circle.behind if one not in self._streams]
            if number in self._streams:
                todo.pop()
            elif any(self._streams.get(one) for one in circle.behind) or not unknown:
                behind = (self._streams.get(one, False) for one in circle.behind)
                self._streams[number] = any(behind) or any(map(_is_decoupled_itself, circle.models))
            else:
                todo.append(unknown[0])
        return self._streams[self._number[model.directory]]

    def _circle(self, model: Model) -> _Circle:
        if model.directory not in self._number:
            self._explore(model)
        return self._circles[self._number[model.directory]]

    def _explore(self, start: Model) -> None:
        order = {start.directory: 0}
        lowest = {start.directory: 0}
        members = {start.directory: members_of(start)}
        path = [start]
        work = [(start, iter(members[start.directory]))]
        while work:
            model, rest = work[-1]
            here = model.directory
            for member in rest:
                there = member.directory
                if there in self._number:
                    continue
                if there in order:
                    lowest[here] = min(lowest[here], order[there])
                    continue
                order[there] = lowest[there] = len(order)
                members[there] = members_of(member)
                path.append(member)
                work.append((member, iter(members[there])))
                break
            else:
                work.pop()
                if work:
                    above = work[-1][0].directory
                    lowest[above] = min(lowest[above], lowest[here])
                if lowest[here] == order[here]:
                    self._close(path, here, members)

    def _close(self, path: list[Model], here: str, members: dict[str, list[Model]]) -> None:
        """The models on top of the path, down to one directory, are a circle."""
        at = next(i for i in reversed(range(len(path))) if path[i].directory == here)
        models = tuple(path[at:])
        del path[at:]
        for model in models:
            self._number[model.directory] = len(self._circles)
        named = {self._number[member.directory] for model in models for member in members.pop(model.directory)}
        is_closed = len(self._circles) in named
        behind = tuple(sorted(named - {len(self._circles)}))
        closed = [self._circles[number].first_closed for number in behind]
        first = min((*(models if is_closed else ()), *filter(None, closed)), key=lambda one: one.path, default=None)
        self._circles.append(_Circle(models, is_closed, behind, first))
