"""What the linter knows of models, read as far as it goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from triton_kit.backends.detect import ENSEMBLE
from triton_kit.graph.flow import About, Findings, Port
from triton_kit.linter.diagnostic import Diagnostic
from triton_kit.linter.engine import Run
from triton_kit.linter.select import chosen
from triton_kit.model.broken import Broken
from triton_kit.model.completion import Completed, Tensor, tensors
from triton_kit.model.ensemble import is_decoupled
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Route

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelConfig

Value = TypeVar("Value")


class Reader:
    """The linter's models and findings; what is broken counts as absent."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._findings: dict[Path, list[tuple[Route, Diagnostic]]] = {}

    def findings(self, model: Model) -> list[tuple[Route, Diagnostic]]:
        """What the validator says of a model, each with its route into the configuration; empty for other files."""
        if model.path not in self._findings:
            run = self.run
            found = [(f[1], run.diagnose(model, f)) for f in run.judge(model) if chosen(f[0], run.options)]
            kept, unused = run.unsuppressed(model, [d for _, d in found])
            heard = {id(d) for d in kept}
            self._findings[model.path] = [
                (problem.at if problem.file is None else (), diagnostic)
                for problem, diagnostic in found
                if id(diagnostic) in heard
            ] + [((), diagnostic) for diagnostic in unused]
        return self._findings[model.path]

    def all_of(self, model: Model) -> Findings:
        """Everything that the validator says of a model."""
        return tuple(diagnostic for _, diagnostic in self.findings(model))

    def config(self, model: Model) -> ModelConfig | None:
        """The configuration as written, a Message, as far as it could be read; ``None`` where there is none."""
        return readable(lambda: model.document.config)

    def is_ensemble(self, model: Model) -> bool:
        """Whether it is an ensemble, or was intended as one."""
        known = readable(lambda: model.is_ensemble)
        if known is not None:
            return known
        config = self.config(model)
        return config is not None and (config.platform == ENSEMBLE or config.has("ensemble_scheduling"))

    def version(self, model: Model, asked: int = -1) -> int | None:
        """The version that a request for ``asked`` gets, -1 being the latest."""
        return readable(lambda: model.latest) if asked == -1 else asked

    def completed(self, model: Model, version: int | None) -> Completed | None:
        """The configuration after completion, or what is written where that fails; ``None`` for no tensors at all."""
        if version is not None and (found := readable(lambda: model.completed(version))):
            return found
        config = self.config(model)
        if config is None:
            return None
        inputs, outputs = tensors(config, "input"), tensors(config, "output")
        known = bool(inputs and outputs)
        return Completed(max(config.max_batch_size, 0), inputs, outputs, known=known) if inputs or outputs else None

    def describe(self, model: Model, asked: int = -1) -> About:
        """The fields of a node that are the model's own."""
        version = self.version(model, asked)
        completed = self.completed(model, version)
        ensemble = self.is_ensemble(model)
        return {
            "backend": ENSEMBLE if ensemble else readable(lambda: model.backend or model.platform) or "",
            "version": version,
            "batch": completed.max_batch_size if completed else None,
            "decoupled": is_decoupled(model),
        }


def readable(read: Callable[[], Value]) -> Value | None:
    """What is read, ``None`` where that is broken."""
    try:
        return read()
    except Broken:
        return None


def port_of(tensor: Tensor, batching: bool, /, *, given: str = "", findings: Findings = ()) -> Port:
    """A model's tensor as a port, its shape with the batch dimension; ``given`` is its name in the ensemble."""
    data_type = "" if tensor.data_type == "TYPE_INVALID" else str(tensor.data_type).removeprefix("TYPE_")
    shape = (*(("batch",) if batching else ()), *tensor.dims)
    return Port(
        name=tensor.name,
        tensor=given,
        data_type=data_type,
        shape=shape,
        optional=tensor.optional,
        findings=findings,
    )
