"""The models of a repository as steps of an ensemble: their tensors as the server completes them."""

from __future__ import annotations

from pathlib import Path

from triton_kit.errors import ProblemsFound, UsageError
from triton_kit.linter.engine import Run
from triton_kit.linter.options import Options
from triton_kit.model.broken import Broken
from triton_kit.model.completion import Tensor
from triton_kit.model.ensemble import is_decoupled
from triton_kit.model.model import Model
from triton_kit.model.repository import Repository
from triton_kit.project.render import FILE
from triton_kit.repository.names import CONFIG_NAME
from triton_kit.scaffold.ensemble.value import Member, Port
from triton_kit.suggestion import suggest


def read_members(names: list[str], repository: Path, ensemble: str, lint_options: Options) -> dict[str, Member]:
    """The models of those names, for a new ensemble of the repository.

    Raises UsageError for a model that is not there, does not describe its tensors, or uses the ensemble itself;
    ProblemsFound for one that a server would refuse.
    """
    checked = Run(lint_options).repository(str(repository))
    return {name: _read(name, checked, ensemble) for name in dict.fromkeys(names)}


def _read(name: str, repository: Repository, ensemble: str) -> Member:
    model = repository.model(name)
    if name == ensemble or (model is not None and _uses(model, ensemble)):
        hint = "leave it out, or name the new ensemble otherwise"
        raise UsageError(
            f"{name} would be a step of itself" if name == ensemble else _circle(name, ensemble), hint=hint
        )
    if model is None:
        there = [n for n in repository.names if not n.startswith(".")]
        hint = suggest(name, there) if there else "add it first: tk add"
        raise UsageError(f"{repository.path} has no model {name or 'without a name'}", hint=hint)
    refusal = repository.refusal(model)
    if refusal is not None:
        raise ProblemsFound(f"{name} will not load: {refusal.message}", hint=f"fix it first: tk validate {model.path}")
    try:
        completed = model.completed_latest
    except Broken:
        completed = None
    if completed is None:
        raise ProblemsFound(f"{name} cannot be read", hint=f"see tk validate {model.path}")
    if not (completed.known or (completed.inputs and completed.outputs)):
        own = FILE if Path(model.path, FILE).is_file() else CONFIG_NAME
        raise UsageError(
            f"{name} does not describe its tensors before it runs", hint=f"write input and output into its {own}"
        )
    batching = completed.max_batch_size > 0
    return Member(
        name=name,
        max_batch_size=completed.max_batch_size,
        inputs=tuple(_port(t, batching) for t in completed.inputs),
        outputs=tuple(_port(t, batching) for t in completed.outputs),
        decoupled=is_decoupled(model),
    )


def _circle(name: str, ensemble: str) -> str:
    return f"{name} uses {ensemble}, which would use itself through it"


def _port(tensor: Tensor, batching: bool) -> Port:
    """The tensor as an ensemble sees it: its dims, never its reshape (core ensemble_utils.cc)."""
    return Port(
        name=tensor.name,
        data_type=str(tensor.data_type),
        dims=tuple(tensor.dims),
        batching=batching,
        optional=tensor.optional,
    )


def _uses(model: Model, ensemble: str) -> bool:
    """Whether a model has the ensemble, which need not be there yet, among its steps or among theirs."""
    seen: set[str] = set()
    todo = [model]
    while todo:
        one = todo.pop()
        try:
            names = [s.model_name for s in one.config.ensemble_scheduling.step] if one.is_ensemble else []
        except Broken:
            continue
        if ensemble in names:
            return True
        for name in names:
            found = model.repository.model(name)
            if found is not None and name not in seen:
                seen.add(name)
                todo.append(found)
    return False
