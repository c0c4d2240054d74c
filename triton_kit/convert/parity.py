"""Two models of a running server compared: the same random inputs, how far their outputs differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from triton_kit.client.request import InferRequest, plan_inferences
from triton_kit.errors import TkError, UsageError

if TYPE_CHECKING:
    from triton_kit.client.types import Array, Client

TOLERANCES: Mapping[str, tuple[float, float]] = {
    "fp32": (1e-3, 1e-4),
    "fp16": (2e-2, 5e-3),
    "bf16": (1e-1, 2e-2),
    "int8": (2e-1, 1e-1),
    "fp8": (2e-1, 1e-1),
}
"""Relative and absolute tolerances that are usual for engines of a precision; TF32 is on for FP32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How far one output differs over all inputs: the largest absolute and relative difference.

    ``agrees`` says whether every number is within ``atol + rtol * |reference|``.
    """

    output: str
    absolute: float
    relative: float
    agrees: bool
    note: str = ""


def compare(
    client: Client,
    reference: str,
    other: str,
    *,
    rtol: float,
    atol: float,
    rounds: int = 4,
    shapes: tuple[str, ...] = (),
) -> tuple[Row, ...]:
    """A row for each output of the reference model, the worst of ``rounds`` random inputs.

    Raises UsageError where the models do not take the same inputs, ServerError where one refuses them.
    """
    if not (rtol >= 0 and atol >= 0):
        raise UsageError("a tolerance below 0", hint="give --rtol and --atol of 0 or more")
    found: dict[str, Row] = {}
    for seed in range(rounds):
        plan = plan_inferences(client, InferRequest(model=reference, fill="random", seed=seed, shapes=shapes))
        (request,) = plan.requests
        expected = client.infer(request).outputs
        actual = client.infer(replace(request, model=other, version="")).outputs
        if not expected:
            raise TkError(f"model {reference} answered without outputs, and there is nothing to compare")
        for name, array in expected.items():
            row = _row(name, array, actual.get(name), rtol, atol)
            found[name] = row if name not in found else _worse(found[name], row)
    return tuple(found.values())


def _row(name: str, expected: Array, actual: Array | None, rtol: float, atol: float) -> Row:
    import numpy as np

    if actual is None or actual.shape != expected.shape:
        note = "missing" if actual is None else f"{list(actual.shape)} instead of {list(expected.shape)}"
        return Row(output=name, absolute=float("inf"), relative=float("inf"), agrees=False, note=note)
    if expected.dtype == object:
        same = bool(np.array_equal(expected, actual))
        return Row(output=name, absolute=0.0 if same else float("inf"), relative=0.0, agrees=same)
    a, b = expected.astype(np.float64), actual.astype(np.float64)
    agrees = bool(np.allclose(b, a, rtol=rtol, atol=atol, equal_nan=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(b - a))
        share = np.where(difference == 0, 0.0, difference / np.abs(a))
    return Row(output=name, absolute=_largest(difference), relative=_largest(share), agrees=agrees)


def _largest(numbers: Array) -> float:
    """The largest number; one that is none counts as infinite."""
    import numpy as np

    return float(np.nan_to_num(numbers, nan=np.inf, posinf=np.inf).max()) if numbers.size else 0.0


def _worse(one: Row, two: Row) -> Row:
    return Row(
        output=one.output,
        absolute=max(one.absolute, two.absolute),
        relative=max(one.relative, two.relative),
        agrees=one.agrees and two.agrees,
        note=one.note or two.note,
    )
