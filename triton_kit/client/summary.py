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


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How some times are spread, in milliseconds."""

    min: float
    mean: float
    p50: float
    p90: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSummary:
    """The responses of a decoupled model: all of them, and of each request that ended the fewest and the most.

    ``rate`` is the responses per second, ``time_to_first_response`` from sending a request, ``inter_response_latency``
    from one response to the next.
    """

    responses: int
    fewest: int
    most: int
    rate: float
    time_to_first_response: Spread | None
    inter_response_latency: Spread | None


LIMIT = 0.8
"""From this share of the time on which the client computes, its own speed is what is measured."""

LEAST = 0.5
"""Seconds below which that share is mostly how a program starts."""


def client_is_the_limit(busy: float, seconds: float) -> bool:
    """Whether figures say more of the client than of the server: it computed for ``busy``, from 0 to 1, of the time."""
    return seconds >= LEAST and busy >= LIMIT


def spread(seconds: Sequence[float]) -> Spread | None:
    """Sum up times in seconds; ``None`` without any."""
    if not seconds:
        return None
    found = summarize_latencies(seconds, failed=0, seconds=0.0)
    values = {name: getattr(found, name) for name in ("min", "mean", "p50", "p90", "p99", "max")}
    return Spread(**values)


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """The smallest value that ``percent`` of the values are not above (nearest rank); ``None`` without values."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
