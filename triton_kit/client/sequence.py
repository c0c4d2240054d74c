"""The controls of sequences: which sequence a request belongs to, and whether it is its first or its last; pure."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from triton_kit.client.types import Inference, ServedConfig

if TYPE_CHECKING:
    from triton_kit.client.request import InferPlan

_IDS = 1 << 30
"""Ids that are made up are below twice this, and fit every type that a control may have."""


def takes_sequences(config: ServedConfig | None) -> bool:
    """Whether requests of the model need a correlation id from the client."""
    batching = _sequence_batching(config)
    return batching is not None and not batching.get("iterative_sequence")


def new_sequence_id(config: ServedConfig | None) -> int | str:
    """An id that no other sequence is likely to have, of the type that the model takes."""
    number = 1 + secrets.randbelow(_IDS)
    controls = (_sequence_batching(config) or {}).get("control_input")
    kinds = [kind for control in controls or () for kind in control.get("control") or ()]  # type: ignore[attr-defined]
    texts = any(k.get("kind") == "CONTROL_SEQUENCE_CORRID" and k.get("data_type") == "TYPE_STRING" for k in kinds)
    return f"tk-{number}" if texts else number


def with_controls(requests: Sequence[Inference], number: int | str, *, start: bool, end: bool) -> tuple[Inference, ...]:
    """The requests as those of one sequence: its first begins it, its last ends it, where that is asked for."""
    last = len(requests) - 1
    return tuple(
        replace(
            request,
            parameters={
                **request.parameters,
                "sequence_id": number,
                "sequence_start": start and i == 0,
                "sequence_end": end and i == last,
            },
        )
        for i, request in enumerate(requests)
    )


def repeated(plan: InferPlan, repeat: int) -> Iterator[Inference]:
    """The requests as they are sent: each repetition of a whole sequence is another one."""
    for _ in range(repeat):
        if plan.sequences:
            yield from with_controls(plan.requests, new_sequence_id(plan.config), start=True, end=True)
        else:
            yield from plan.requests


def _sequence_batching(config: ServedConfig | None) -> dict[str, object] | None:
    found = config.raw.get("sequence_batching") if config is not None else None
    return found if isinstance(found, dict) else None
