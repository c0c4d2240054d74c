"""Keep several requests in flight at once."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from triton_kit.client.responses import ask
from triton_kit.client.types import Inference, InferResult
from triton_kit.errors import TkError

if TYPE_CHECKING:
    from triton_kit.client.types import Client

    Send = Callable[[tuple[int, Inference]], Iterator["InferOutcome"]]
    Todo = queue.SimpleQueue[tuple[int, Inference] | None]
    Done = queue.SimpleQueue["InferOutcome | BaseException"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InferOutcome:
    """What became of the request number ``index``: a result, or the error.

    Of a stream each response is an outcome, and its end is another: that alone is the ``last`` one, and has the error.
    ``seconds`` is the time since the request was sent.
    """

    index: int
    result: InferResult | None
    error: TkError | None
    seconds: float
    last: bool = True


def infer_many(
    client: Client,
    requests: Iterable[Inference],
    *,
    in_flight: int = 1,
    timeout: float | None = None,
    decoupled: bool = False,
) -> Iterator[InferOutcome]:
    """Send the requests, at most ``in_flight`` at a time, and yield each outcome as it comes (not in order).

    The requests are taken one by one as they are sent. A failed one does not stop the others. When the caller stops
    early, nothing more is sent, and what is in flight is left to its end. What a ``decoupled`` model answers is a
    stream for each request.
    """
    send = partial(_outcomes, client, timeout, decoupled)
    if in_flight > 1:
        yield from _infer_in_parallel(send, requests, in_flight)
        return
    for job in enumerate(requests):
        yield from send(job)


def _infer_in_parallel(send: Send, requests: Iterable[Inference], in_flight: int) -> Iterator[InferOutcome]:
    waiting = enumerate(requests)
    todo: Todo = queue.SimpleQueue()
    done: Done = queue.SimpleQueue()
    # Daemons, so that Ctrl-C ends the program at once and not after the slowest answer.
    workers = [
        threading.Thread(target=_work, args=(send, todo, done), daemon=True, name=f"tk-infer-{i}")
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
            if isinstance(outcome, BaseException):
                raise outcome
            running -= outcome.last
            yield outcome
    finally:
        for _ in workers:
            todo.put(None)


def _work(send: Send, todo: Todo, done: Done) -> None:
    """Send what comes until ``None`` does; what is not an expected failure goes to the caller, who raises it."""
    try:
        while (job := todo.get()) is not None:
            for outcome in send(job):
                done.put(outcome)
    except BaseException as error:
        done.put(error)


def _outcomes(
    client: Client, timeout: float | None, decoupled: bool, job: tuple[int, Inference]
) -> Iterator[InferOutcome]:
    """Send one request: its outcome, or each response of its stream and then its end."""
    index, request = job
    start = time.perf_counter()
    result, error = None, None
    try:
        for result in ask(client, request, decoupled=decoupled, timeout=timeout):
            if decoupled:
                yield InferOutcome(index=index, result=result, error=None, seconds=result.seconds, last=False)
    except TkError as failure:
        error = failure
    seconds = time.perf_counter() - start if result is None or decoupled else result.seconds
    yield InferOutcome(index=index, result=None if decoupled else result, error=error, seconds=seconds)
