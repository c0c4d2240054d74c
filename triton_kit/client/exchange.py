"""Send the requests that were made ready, and read what came back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from triton_kit.client.answer import Output, looks_like_scores, read_outputs
from triton_kit.client.concurrency import InferOutcome, infer_many
from triton_kit.client.request import TOP, InferPlan
from triton_kit.client.responses import is_decoupled
from triton_kit.client.sequence import repeated
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from triton_kit.client.types import Client, InferResult


def send(client: Client, plan: InferPlan, repeat: int, in_flight: int) -> Iterator[InferOutcome]:
    """What becomes of the requests, ``repeat`` times all of them, each outcome as it comes."""
    limit = min(in_flight, len(plan.requests) * repeat)
    return infer_many(client, repeated(plan, repeat), in_flight=limit, decoupled=is_decoupled(plan.config))


def read_answer(
    plan: InferPlan, result: InferResult, top: int | None, labels: Sequence[str] = ()
) -> tuple[Output, ...]:
    """The outputs of a result. Raises UsageError where none of them has a score for each label."""
    config, first = plan.config, plan.requests[0]
    batching = config is not None and config.max_batch_size > 0
    if labels and not any(looks_like_scores(a, batching=batching, labels=labels) for a in result.outputs.values()):
        raise UsageError(f"no output has {len(labels)} classes, as many as there are labels")
    return read_outputs(
        result,
        classified=first.classes,
        datatypes={t.name: t.datatype for t in plan.metadata.outputs},
        batching=batching,
        top=top if top is not None else TOP if labels else 0,
        labels=labels,
    )
