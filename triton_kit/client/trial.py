"""Made-up data that a model takes, found by trying."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from triton_kit.client.errors import ServerError
from triton_kit.client.open_sizes import RUNGS
from triton_kit.client.request import InferPlan, InferRequest, describe, make_plan
from triton_kit.client.responses import ask, is_decoupled
from triton_kit.client.sequence import repeated

if TYPE_CHECKING:
    from triton_kit.client.types import Client


_NOT_THE_DATA = ("is not healthy", "correlation id", "start flag", "is not ready")
"""What a server says that other data would not change."""


def plan_accepted(client: Client, question: InferRequest) -> InferPlan:
    """The requests for what the user asks, made-up data such that the model takes the first of them.

    Nothing is tried where nothing had to be guessed. Raises ServerError where every guess is refused, and as
    ``plan_inferences`` does.
    """
    metadata, config = describe(client, question.model, question.version)
    # What a stream needs is not what HTTP needs, and each takes long to load.
    (client.streaming() if is_decoupled(config) else client).warm()
    refused: ServerError | None = None
    tried: list[str] = []
    for rung in range(RUNGS):
        plan = make_plan(metadata, config, replace(question, rung=rung))
        if not plan.guesses_open:
            return plan
        try:
            _try(client, plan)
        except ServerError as error:
            if any(sign in error.message.lower() for sign in _NOT_THE_DATA):
                raise
            refused = refused or error
            tried.append(", ".join(plan.guesses) or "words")
        else:
            return replace(plan, notes=(*plan.notes, *_said(plan, tried)))
    assert refused is not None
    raise ServerError(
        refused.message,
        status=refused.status,
        hint=f"give the data, or sizes with --shape; refused as well: {'; '.join(dict.fromkeys(tried[1:]))}",
    )


def _try(client: Client, plan: InferPlan) -> None:
    """Send the requests until the first has an answer; a sequence is sent whole, so that it ends."""
    decoupled = is_decoupled(plan.config)
    for request in repeated(plan, 1):
        for _ in ask(client, request, decoupled=decoupled):
            if not plan.sequences:
                return


def _said(plan: InferPlan, tried: list[str]) -> list[str]:
    """What was guessed, and after how many refusals."""
    if not plan.guesses:
        return []
    more = f" and {len(plan.guesses) - 3} more" if len(plan.guesses) > 3 else ""
    after = f", after {len(tried)} other guess{'es' if len(tried) > 1 else ''} failed" if tried else ""
    return [f"chosen where the model leaves it open: {', '.join(plan.guesses[:3])}{more}{after}; see --shape"]
