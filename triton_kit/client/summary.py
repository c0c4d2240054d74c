"""How a number of requests went: counts, latencies, throughput; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencySummary:
    """``failed`` of ``sent`` requests failed; the latencies are of the others, in milliseconds, ``None`` without any.

    ``seconds`` is the time from the first request to the last answer, ``rate`` the good answers per second in it.
    """

    sent: int
    failed: int
    seconds: float
    rate: float
    min: float | None
    mean: float | None
    p50: float | None
    p90: float | None
    p99: float | None
    max: float | None


def summarize_latencies(latencies: Sequence[float], *, failed: int, seconds: float) -> LatencySummary:
    """Sum up the latencies, in seconds, of the requests that succeeded."""
    sorted_ms = sorted(1000 * s for s in latencies)
    return LatencySummary(
        sent=len(sorted_ms) + failed,
        failed=failed,
        seconds=seconds,
        rate=len(sorted_ms) / seconds if seconds > 0 else 0.0,
        min=sorted_ms[0] if sorted_ms else None,
        mean=sum(sorted_ms) / len(sorted_ms) if sorted_ms else None,
        p50=percentile(sorted_ms, 50),
        p90=percentile(sorted_ms, 90),
        p99=percentile(sorted_ms, 99),
        max=sorted_ms[-1] if sorted_ms else None,
    )


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """The smallest value that ``percent`` of the values are not above (nearest rank); ``None`` without values."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
