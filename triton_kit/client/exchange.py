"""Send the requests that were made ready, and read what came back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from triton_kit.client import InferOutcome, infer_many
from triton_kit.client.answer import Output, looks_like_scores, read_outputs
from triton_kit.client.request import TOP, InferPlan
from triton_kit.client.responses import stream_many
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from triton_kit.client import Client


def in_sequence(plan: InferPlan, number: int, *, start: bool, end: bool) -> InferPlan:
    """The requests as those of one sequence: its first begins it, its last ends it, where that is asked for."""
    last = len(plan.requests) - 1
    requests = [
        replace(
            request,
            parameters={
                "sequence_id": number,
                "sequence_start": start and i == 0,
                "sequence_end": end and i == last,
            },
        )
        for i, request in enumerate(plan.requests)
    ]
    return replace(plan, requests=tuple(requests))


def send(client: Client, plan: InferPlan, repeat: int, in_flight: int) -> tuple[list[InferOutcome], float]:
    """What became of each request, in order, and the seconds that all of it took.

    Only the first answer to each request is kept whole, so that memory does not grow with the repetitions.
    """
    requests = plan.requests
    first = len(requests)
    total = (request for _ in range(repeat) for request in requests)
    start = time.perf_counter()
    decoupled = plan.config is not None and plan.config.decoupled
    came = (
        stream_many(client, total) if decoupled else infer_many(client, total, in_flight=min(in_flight, first * repeat))
    )
    outcomes = [outcome if outcome.index < first else outcome.without_outputs() for outcome in came]
    spent = time.perf_counter() - start
    return sorted(outcomes, key=lambda o: o.index), spent


def read_answers(
    plan: InferPlan, outcomes: Sequence[InferOutcome], top: int | None, labels: Sequence[str]
) -> list[tuple[int, tuple[Output, ...]]]:
    """The outputs of each request's first answer, with the request's number."""
    config, first = plan.config, plan.requests[0]
    batching = config is not None and config.max_batch_size > 0
    wanted = top if top is not None else TOP if labels else 0
    answers = []
    for outcome in outcomes:
        if outcome.result is not None and outcome.index < len(plan.requests):
            if labels and not any(
                looks_like_scores(a, batching=batching, labels=labels) for a in outcome.result.outputs.values()
            ):
                raise UsageError(f"no output has {len(labels)} classes, as many as there are labels")
            outputs = read_outputs(
                outcome.result,
                classified=first.classes,
                datatypes={t.name: t.datatype for t in plan.metadata.outputs},
                batching=batching,
                top=wanted,
                labels=labels,
            )
            answers.append((outcome.index, outputs))
    return answers
