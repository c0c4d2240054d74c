"""Keep several requests in flight at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from triton_kit.client.types import Inference, InferResult
from triton_kit.errors import TkError

if TYPE_CHECKING:
    from triton_kit.client.types import Client

    Todo = queue.SimpleQueue[tuple[int, Inference] | None]
    Done = queue.SimpleQueue["InferOutcome | BaseException"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InferOutcome:
    """What became of the request number ``index``: a result, or the error."""

    index: int
    result: InferResult | None
    error: TkError | None

    def without_outputs(self) -> InferOutcome:
        """The same, with nothing but the time of its result."""
        if self.result is None:
            return self
        return replace(self, result=replace(self.result, outputs={}))


def infer_many(
    client: Client, requests: Iterable[Inference], *, in_flight: int = 1, timeout: float | None = None
) -> Iterator[InferOutcome]:
    """Send the requests, at most ``in_flight`` at a time, and yield each outcome as it comes (not in order).

    The requests are taken one by one as they are sent. A failed one does not stop the others. When the caller stops
    early, nothing more is sent, and what is in flight is left to its end.
    """
    if in_flight > 1:
        yield from _infer_in_parallel(client, requests, in_flight, timeout)
        return
    for index, request in enumerate(requests):
        yield _send(client, index, request, timeout)


def _infer_in_parallel(
    client: Client, requests: Iterable[Inference], in_flight: int, timeout: float | None
) -> Iterator[InferOutcome]:
    waiting = enumerate(requests)
    todo: Todo = queue.SimpleQueue()
    done: Done = queue.SimpleQueue()
    # Daemons, so that Ctrl-C ends the program at once and not after the slowest answer.
    workers = [
        threading.Thread(target=_work, args=(client, timeout, todo, done), daemon=True, name=f"tk-infer-{i}")
        for i in range(in_flight)
    ]
    running = 0
    try:
        for worker in workers:
            worker.start()
        while True:
            while running < in_flight and (job := next(waiting, None)) is not None:
                todo.put(job)
                running += 1
            if running == 0:
                return
            outcome = done.get()
            running -= 1
            if isinstance(outcome, BaseException):
                raise outcome
            yield outcome
    finally:
        for _ in workers:
            todo.put(None)


def _work(client: Client, timeout: float | None, todo: Todo, done: Done) -> None:
    """Send what comes until ``None`` does; what is not an expected failure goes to the caller, who raises it."""
    try:
        while (job := todo.get()) is not None:
            done.put(_send(client, *job, timeout))
    except BaseException as error:
        done.put(error)


def _send(client: Client, index: int, request: Inference, timeout: float | None) -> InferOutcome:
    try:
        return InferOutcome(index=index, result=client.infer(request, timeout=timeout), error=None)
    except TkError as error:
        return InferOutcome(index=index, result=None, error=error)
