"""What has come of the requests so far, summed up at any moment."""

from __future__ import annotations

import time

from triton_kit.client.concurrency import InferOutcome
from triton_kit.client.summary import LatencySummary, StreamSummary, client_is_the_limit, spread, summarize_latencies
from triton_kit.errors import TkError


class Tally:
    """What came of the requests, as numbers; ``streamed`` where each may have any number of responses."""

    def __init__(self, *, streamed: bool) -> None:
        self.streamed = streamed
        self.failures: list[TkError] = []
        self.version = ""
        self.ended = 0
        self.responses = 0
        self._latencies: list[float] = []
        self._firsts: list[float] = []
        self._gaps: list[float] = []
        self._counts: list[int] = []
        self._open: dict[int, tuple[int, float]] = {}
        self._start, self._computed = time.perf_counter(), time.process_time()
        self._seconds = self._busy = 0.0

    def add(self, outcome: InferOutcome) -> None:
        """Count what came."""
        if outcome.result is not None:
            self.version = self.version or outcome.result.version
            self.responses += 1
        if self.streamed:
            self._note_response(outcome)
        if not outcome.last:
            return
        self.ended += 1
        if outcome.error is not None:
            self.failures.append(outcome.error)
        else:
            self._latencies.append(outcome.seconds)

    def _note_response(self, outcome: InferOutcome) -> None:
        count, before = self._open.pop(outcome.index, (0, 0.0))
        if outcome.last:
            self._counts.append(count)
            return
        (self._gaps if count else self._firsts).append(outcome.seconds - before)
        self._open[outcome.index] = count + 1, outcome.seconds

    def stop(self) -> None:
        """Stop the clock."""
        self._seconds = time.perf_counter() - self._start
        self._busy = min(1.0, (time.process_time() - self._computed) / self._seconds) if self._seconds > 0 else 0.0

    def summary(self) -> LatencySummary:
        """The requests that ended."""
        return summarize_latencies(self._latencies, failed=len(self.failures), seconds=self._seconds)

    def stream_summary(self) -> StreamSummary | None:
        """The responses of a decoupled model."""
        if not self.streamed:
            return None
        return StreamSummary(
            responses=self.responses,
            fewest=min(self._counts, default=0),
            most=max(self._counts, default=0),
            rate=self.responses / self._seconds if self._seconds > 0 else 0.0,
            time_to_first_response=spread(self._firsts),
            inter_response_latency=spread(self._gaps),
        )

    @property
    def client_busy(self) -> float:
        """The share of the time in which tk itself computed, from 0 to 1 (of one core)."""
        return self._busy

    @property
    def client_is_the_limit(self) -> bool:
        """Whether the figures of many requests say more of tk than of the server."""
        return self.ended > 1 and client_is_the_limit(self._busy, self._seconds)
