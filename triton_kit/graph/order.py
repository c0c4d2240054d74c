"""In which order the nodes of a flow can run, circles or not."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence


def levels(nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> tuple[dict[str, int], set[tuple[str, str]]]:
    """The length of the longest way to each node, and the edges that were left out because they close a circle.

    Where every waiting node waits for another, the first in the given order that something has reached goes ahead.
    """
    rank = {node: i for i, node in enumerate(nodes)}
    after: dict[str, list[str]] = {node: [] for node in nodes}
    waits: dict[str, set[str]] = {node: set() for node in nodes}
    for source, target in edges:
        if source not in waits[target]:
            waits[target].add(source)
            after[source].append(target)
    backward: set[tuple[str, str]] = set()
    level: dict[str, int] = dict.fromkeys(nodes, 0)
    done: set[str] = set()
    reached: list[int] = []
    ready = [rank[node] for node in nodes if not waits[node]]
    stuck = iter(nodes)
    while len(done) < len(nodes):
        if not ready:
            # Whichever goes ahead, what it still waits for comes later, and so leads backward.
            while reached and nodes[reached[0]] in done:
                heapq.heappop(reached)
            node = nodes[reached[0]] if reached else next(n for n in stuck if n not in done)
            backward.update((source, node) for source in waits[node])
            waits[node].clear()
            heapq.heappush(ready, rank[node])
        node = nodes[heapq.heappop(ready)]
        done.add(node)
        for target in after[node]:
            if node not in waits[target]:
                continue
            waits[target].discard(node)
            heapq.heappush(reached, rank[target])
            level[target] = max(level[target], level[node] + 1)
            if not waits[target]:
                heapq.heappush(ready, rank[target])
    return level, backward
