"""Two loaded versions of a model on the same inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from triton_kit.client.request import InferRequest, plan_inferences
from triton_kit.versions.comparison import Difference, Expected, Tolerance, compare_outputs, usual

if TYPE_CHECKING:
    from triton_kit.client import Client
    from triton_kit.client.types import Inference


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
    requests: list[Inference] = []
    for number in range(random or 1):
        plan = plan_inferences(client, replace(question, seed=question.seed + number))
        requests += plan.requests
    # Whether the other one is there is better said before the first answer.
    plan_inferences(client, replace(question, version=other))
    found: list[tuple[int, Difference]] = []
    for index, request in enumerate(requests):
        first = client.infer(request)
        second = client.infer(replace(request, version=other))
        expected = {
            name: Expected(
                array=array, datatype=first.datatypes[name], tolerance=_tolerance(first.datatypes[name], rtol, atol)
            )
            for name, array in first.outputs.items()
        }
        found += ((index, difference) for difference in compare_outputs(expected, second))
    return SameInputs(requests=len(requests), differences=tuple(found))


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
