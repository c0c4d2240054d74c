"""Two loaded versions of a model on the same inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from triton_kit.client.request import InferPlan, InferRequest, make_plan, plan_inferences
from triton_kit.client.responses import ask, is_decoupled
from triton_kit.client.sequence import new_sequence_id, takes_sequences, with_controls
from triton_kit.client.trial import plan_accepted
from triton_kit.versions.comparison import Difference, Expected, Tolerance, compare_responses, usual

if TYPE_CHECKING:
    from triton_kit.client import Client
    from triton_kit.client.types import Inference, InferResult


@dataclass(frozen=True, slots=True, kw_only=True)
class SameInputs:
    """How many requests both versions answered, and what the second one answered differently, by request."""

    requests: int
    differences: tuple[tuple[int, Difference], ...]


def compare_versions(
    client: Client, question: InferRequest, other: str, *, random: int, rtol: float | None, atol: float | None
) -> SameInputs:
    """Ask the version of the question and the ``other`` one the same: ``random`` times, or what the question gives.

    Without a tolerance the usual one of each data type holds. Raises UsageError where a version is not ready.
    """
    first_plan = plan_accepted(client, question)
    requests: list[Inference] = []
    for number in range(random or 1):
        asked = replace(question, seed=question.seed + number, rung=first_plan.rung)
        requests += make_plan(first_plan.metadata, first_plan.config, asked).requests
    # Whether the other one is there is better said before the first answer.
    plan_inferences(client, replace(question, version=other))
    streamed = is_decoupled(first_plan.config)
    found: list[tuple[int, Difference]] = []
    for index, request in enumerate(requests):
        expected = [
            {
                name: Expected(array=array, datatype=kind, tolerance=_tolerance(kind, rtol, atol))
                for name, array in result.outputs.items()
                for kind in (result.datatypes[name],)
            }
            for result in _responses(client, first_plan, request)
        ]
        second = _responses(client, first_plan, replace(request, version=other))
        found += ((index, difference) for difference in compare_responses(expected, second, streamed=streamed))
    return SameInputs(requests=len(requests), differences=tuple(found))


def _responses(client: Client, plan: InferPlan, request: Inference) -> list[InferResult]:
    """The responses to a request, which is a whole sequence where the model takes those."""
    if takes_sequences(plan.config) and "sequence_id" not in request.parameters:
        (request,) = with_controls([request], new_sequence_id(plan.config), start=True, end=True)
    decoupled = is_decoupled(plan.config)
    return list(ask(client.streaming() if decoupled else client, request, decoupled=decoupled))


def _tolerance(datatype: str, rtol: float | None, atol: float | None) -> Tolerance:
    """The tolerance that is given, for floats; of its two numbers, one that is not given is 0."""
    common = usual(datatype)
    if common.atol == 0 or (rtol is None and atol is None):
        return common
    return Tolerance(rtol=rtol or 0.0, atol=atol or 0.0)


def first_of_each(differences: Sequence[tuple[int, Difference]]) -> list[tuple[int, Difference]]:
    """The first difference of each output, for people."""
    seen: dict[str, tuple[int, Difference]] = {}
    for index, difference in differences:
        seen.setdefault(difference.output, (index, difference))
    return list(seen.values())
