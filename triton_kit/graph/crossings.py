"""In which order the nodes of each layer stand, so that few edges cross: barycentres, swept there and back."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_SWEEPS = 12


class Segment(NamedTuple):
    """A piece of an edge from one layer to the next: two items, and where on each it ends, from 0 (top) to 1."""

    source: str
    source_at: float
    target: str
    target_at: float


def arrange(layers: Sequence[Sequence[str]], segments: Sequence[Sequence[Segment]]) -> list[list[str]]:
    """The layers with their items in a better order; ``segments[i]`` lead from layer ``i`` to the next."""
    now = [list(layer) for layer in layers]
    best, fewest = [list(layer) for layer in now], _crossings(now, segments)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        if sweep % 2 == 0:
            for i in range(1, len(now)):
                now[i] = _sorted(now[i], now[i - 1], [(s.target, s.source, s.source_at) for s in segments[i - 1]])
        else:
            for i in range(len(now) - 2, -1, -1):
                now[i] = _sorted(now[i], now[i + 1], [(s.source, s.target, s.target_at) for s in segments[i]])
        if (count := _crossings(now, segments)) < fewest:
            best, fewest = [list(layer) for layer in now], count
    return best


def _sorted(layer: list[str], fixed: list[str], ties: list[tuple[str, str, float]]) -> list[str]:
    """A layer by the mean place of what each item is tied to; one without ties stays about where it is."""
    place = {item: i for i, item in enumerate(fixed)}
    tied: dict[str, list[float]] = {}
    for item, other, at in ties:
        tied.setdefault(item, []).append(place[other] + at)
    scale = len(fixed) / max(len(layer), 1)
    mean = {item: sum(places) / len(places) for item, places in tied.items()}
    return sorted(layer, key=lambda item: mean.get(item, layer.index(item) * scale))


def _crossings(layers: Sequence[Sequence[str]], segments: Sequence[Sequence[Segment]]) -> int:
    places: Mapping[str, int] = {item: i for layer in layers for i, item in enumerate(layer)}
    total = 0
    for between in segments:
        ends = sorted((places[s.source] + s.source_at, places[s.target] + s.target_at) for s in between)
        seen: list[float] = []
        for _, end in ends:
            total += len(seen) - bisect_right(seen, end)
            insort(seen, end)
    return total
