"""Why a tensor of an ensemble is lost between its steps, and what brings it back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from triton_kit import suggestion
from triton_kit.linter.diagnostic import Related
from triton_kit.model.broken import Broken
from triton_kit.model.ensemble import steps_of
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Span


class Remedy(NamedTuple):
    """What to do, and another place that has to do with it."""

    help: str
    related: tuple[Related, ...] = ()


def remedy(
    model: Model,
    tensor: str,
    kind: Literal["input", "output"],
    *,
    choices: Iterable[str],
    otherwise: str,
    excluded: Iterable[int] = (),
) -> Remedy:
    """What gives the tensor (``output``), or reads it (``input``), where no entry of such a map does.

    That is an entry that counts for nothing, since its key comes again; then a model of a step that has a tensor of
    that very name in no map; then one of the ``choices`` that is called nearly so. Steps that are ``excluded`` would
    make a cycle.
    """
    if (twice := _replaced(model, tensor, kind)) is not None:
        what, span, by = twice
        related = (
            Related(message=f"'{tensor}' is in this entry, which does not count", file=model.at_file, span=span),
            Related(message="it is replaced here", file=model.at_file, span=by),
        )
        return Remedy(f"give each key once: {what} is given twice", related)
    for i, step, member in steps_of(model):
        if i not in excluded and tensor not in getattr(step, f"{kind}_map") and tensor in _names(member, kind):
            entry = f'{kind}_map {{ key: "{tensor}" value: "{tensor}" }}'
            return Remedy(f"'{member.name}' has an {kind} of that name: add {entry} to step {i}")
    if near := suggestion.nearest(tensor, [choice for choice in choices if choice]):
        return Remedy(f"did you mean '{near}'?")
    return Remedy(otherwise)


def _replaced(model: Model, tensor: str, kind: str) -> tuple[str, Span, Span] | None:
    for found in model.document.source.overridden():
        if found.value == tensor and found.what.endswith(f" of {kind}_map"):
            return found.what, found.span, found.by
    return None


def _names(member: Model, kind: str) -> list[str]:
    """The names of a model's inputs or outputs, as completed where that is known."""
    try:
        source = member.completed_latest
        return [tensor.name for tensor in getattr(source or member, f"{kind}s")]
    except Broken:
        return []
