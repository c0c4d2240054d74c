"""Rules about CUDA graphs, which TensorRT models can be captured into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed, shape
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Route

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelOptimizationPolicy

    Cuda = ModelOptimizationPolicy.Cuda
    Shapes = dict[str, Cuda.GraphSpec.Shape]

_AT = ("optimization", "cuda")


@rule(Severity.WARNING)
def cuda_graphs_elsewhere(model: Model) -> Iterator[Problem]:
    """Settings for CUDA are made for a backend that does not read them.

    graphs, graph_spec, busy_wait_events and output_copy_stream, and the priority of the streams, are for TensorRT
    (tensorrt instance_state.cc).

    Bad:

        backend: "onnxruntime"
        optimization { cuda { graphs: true } }

    Good:

        backend: "tensorrt"
        optimization { cuda { graphs: true } }
    """
    if not model.backend or model.facts.cuda or model.is_ensemble:
        return
    optimization = model.config.optimization
    for name, there in (
        ("cuda", optimization.cuda.says_something()),
        ("priority", optimization.priority != "PRIORITY_DEFAULT"),
    ):
        if there:
            yield Problem(
                at=("optimization", name),
                key=True,
                message=f"the backend '{model.backend}' ignores optimization.{name}, which is for TensorRT",
                help="leave it out",
            )


@rule(Severity.ERROR, backend="tensorrt")
def graph_spec(model: Model) -> Iterator[Problem]:
    """A CUDA graph is specified for a batch or a shape that cannot be.

    batch_size is 0 for a model that does not batch, otherwise 1 to max_batch_size; a lower bound names the same inputs
    with the same ranks, and is nowhere above (tensorrt instance_state.cc:InitializeGraphSpecs).

    Server says:

        graph spec expects 'batch_size' to be
        graph lower bound spec expects
        graph spec expects input

    Bad:

        backend: "tensorrt"
        max_batch_size: 4
        optimization { cuda { graphs: true graph_spec { batch_size: 8 } } }

    Good:

        backend: "tensorrt"
        max_batch_size: 8
        optimization { cuda { graphs: true graph_spec { batch_size: 8 } } }
    """
    if not model.config.optimization.has("cuda"):
        return
    for i, spec in enumerate(model.config.optimization.cuda.graph_spec):
        at = (*_AT, "graph_spec", i)
        yield from _sizes(model, spec, at)
        if spec.has("graph_lower_bound"):
            lower = spec.graph_lower_bound
            below = (*at, "graph_lower_bound")
            yield from _sizes(model, lower, below)
            if lower.batch_size > spec.batch_size:
                yield Problem(
                    at=(*below, "batch_size"),
                    message=f"the lower bound's batch of {lower.batch_size} is over the graph's, {spec.batch_size}",
                    help="lower it",
                )
            yield from _bounds(spec.input, lower.input, below)


def _sizes(model: Model, spec: Cuda.GraphSpec | Cuda.GraphSpec.LowerBound, at: Route) -> Iterator[Problem]:
    limit, size = model.config.max_batch_size, spec.batch_size
    # Completion may raise an omitted max_batch_size to what the engine allows.
    known = limit > 0 or not model.options.auto_complete or bool(model.inputs and model.outputs)
    if known and (size != 0 if limit == 0 else not 1 <= size <= limit):
        wanted = "0" if limit == 0 else f"1 to {limit}"
        yield Problem(
            at=(*at, "batch_size"),
            message=f"a graph for a batch of {size} where max_batch_size is {limit}",
            help=f"write {wanted}",
        )
    for name, given in spec.input.items():
        for j, dim in enumerate(given.dim):
            if dim < 0:
                yield Problem(
                    at=(*at, "input", name, "dim", j),
                    message=f"dimension {dim} of '{name}' is not a size",
                    help="write the size for which the graph is captured",
                )


def _bounds(upper: Shapes, lower: Shapes, at: Route) -> Iterator[Problem]:
    if set(upper) != set(lower):
        yield Problem(
            at=at,
            message=f"the lower bound is of {listed(sorted(lower)) or 'no input'}, the graph of"
            f" {listed(sorted(upper)) or 'no input'}",
            help="name the same inputs in both",
        )
        return
    for name, shape_ in lower.items():
        low, high = list(shape_.dim), list(upper[name].dim)
        if len(low) != len(high) or any(a > b for a, b in zip(low, high, strict=True)):
            yield Problem(
                at=(*at, "input", name),
                message=f"the lower bound of '{name}', {shape(low)}, is not below the graph's, {shape(high)}",
                help="write as many sizes, none of them larger",
            )
