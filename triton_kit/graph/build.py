"""From a path to a graph: the linter's models and findings, put where they belong in the flow."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from triton_kit.graph.ensemble import flow_of_ensemble
from triton_kit.graph.flow import Config, Flow, Graph, Node, Port, Role
from triton_kit.graph.model_view import Reader, port_of, readable
from triton_kit.linter.diagnostic import Diagnostic, Report
from triton_kit.linter.engine import Run
from triton_kit.linter.options import Options
from triton_kit.linter.scope import served, with_dependents
from triton_kit.model.completion import Tensor
from triton_kit.model.ensemble import reached_from
from triton_kit.model.model import Model
from triton_kit.model.target import find_target
from triton_kit.repository.text_format.source import Route


class Drawn(NamedTuple):
    """A graph, and the validator's report on the same path: what decides the exit code."""

    graph: Graph
    report: Report


def draw(path: str, options: Options, *, configs: bool = False) -> Drawn:
    """The graph of a repository or a model; ``configs`` puts the models' configurations into it.

    An ensemble comes with the ensembles among its steps. Raises UsageError for a path that does not exist.
    """
    run = Run(options)
    target = find_target(path)
    repository = run.repository(target.repository)
    reader = Reader(run)
    names = served(repository) if target.whole else target.models
    models = [model for model in map(repository.model, names) if model is not None]
    ensembles = [model for model in models if reader.is_ensemble(model)]
    used = reached_from(*ensembles)
    if not target.whole:
        ensembles += [m for m in used.values() if reader.is_ensemble(m) and m not in ensembles]
    alone = [m for m in models if m not in ensembles and m.path not in used]
    flows = [flow_of_ensemble(model, reader) for model in ensembles] + [flow_of_model(m, reader) for m in alone]
    shown = {model.name: model for model in (*ensembles, *alone, *used.values())}
    graph = Graph(
        title=os.path.basename(os.path.abspath(path)) if target.whole else ", ".join(target.models),
        flows=tuple(flows),
        findings=tuple(run.judge_repository(repository)) if target.whole else (),
        configs={name: config_of(model) for name, model in shown.items()} if configs else {},
    )
    return Drawn(graph, run.report(with_dependents([target], options.server)))


def flow_of_model(model: Model, reader: Reader) -> Flow:
    """A model by itself: one box, with each finding at its port or at the box."""
    at_port: dict[Route, list[Diagnostic]] = {}
    rest: list[Diagnostic] = []
    for at, diagnostic in reader.findings(model):
        if len(at) > 1 and at[0] in ("input", "output"):
            at_port.setdefault(at[:2], []).append(diagnostic)
        else:
            rest.append(diagnostic)
    completed = reader.completed(model, reader.version(model))

    def ports(listed: Iterable[Tensor]) -> tuple[Port, ...]:
        batching = bool(completed and completed.max_batch_size > 0)
        return tuple(port_of(t, batching, findings=tuple(at_port.pop(t.at[:2], ()))) for t in listed)

    inputs, outputs = (ports(completed.inputs), ports(completed.outputs)) if completed else ((), ())
    rest += [diagnostic for left in at_port.values() for diagnostic in left]
    about = reader.describe(model)
    box = Node(id="m", role=Role.MODEL, name=model.name, inputs=inputs, outputs=outputs, findings=tuple(rest), **about)
    return Flow(name=model.name, ensemble=False, batch=about["batch"], nodes=(box,), levels=(0,))


def config_of(model: Model) -> Config:
    """A model's configuration as written, or as the server makes it where there is no file."""
    text = readable(lambda: model.document.source.text) or ""
    if text or model.config_error:
        return Config(file=model.join(model.config_name), text=text)
    from triton_kit.model.normalization import complete_text

    text = readable(lambda: complete_text(model)) or ""
    return Config(file="", text=text)
