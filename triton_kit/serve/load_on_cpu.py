"""Load through the API what a server cannot load as it is: with ``tk serve --cpu``, models that ask for a GPU."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import partial
from threading import Thread

from triton_kit.client import model_control
from triton_kit.client.errors import NoAnswer
from triton_kit.errors import TkError
from triton_kit.runtime.gpu.cpu_only import DeferredLoad
from triton_kit.runtime.health import ModelState, NotReady, ServerDied, Snapshot
from triton_kit.runtime.serve_plan import ServePlan
from triton_kit.runtime.types import ExplainsItsEnd, Server
from triton_kit.serve.source import ANSWER

PAUSE = 0.02
"""Seconds between two looks at a server that loads a model."""


def load_deferred(
    plan: ServePlan, server: Server, snapshot: Snapshot, *, on_snapshot: Callable[[Snapshot], None], timeout: float
) -> Snapshot:
    """Load ``ServePlan.deferred`` one by one; the snapshot with them, each change of which goes to ``on_snapshot``.

    A model that the server refuses is in the snapshot as failed. Raises NotReady when they are not loaded within
    ``timeout`` seconds, and what ``end_of`` says when the server ends.
    """
    if not plan.deferred:
        return snapshot
    from triton_kit.client import connect

    states = {model.name: [m for m in snapshot.models if m.name == model.name] for model in snapshot.models}
    states |= {load.model: [ModelState(name=load.model, state="WAITING")] for load in plan.deferred}
    begin = time.monotonic()

    def now() -> Snapshot:
        models = tuple(model for name in sorted(states) for model in states[name])
        seconds = snapshot.seconds + time.monotonic() - begin
        return replace(snapshot, models=models, seconds=seconds, log=tuple(server.log()))

    with connect(server.endpoints.http, headers=server.endpoints.headers, timeout=ANSWER) as client:
        for load in plan.deferred:
            states[load.model] = [ModelState(name=load.model, state="LOADING")]
            on_snapshot(now())
            left = max(timeout - (time.monotonic() - begin), 0.1)
            act = partial(model_control.load, client, load.model, config=load.config, timeout=left)
            outcome = _followed(server, act)
            if isinstance(outcome.error, NoAnswer):
                raise _late(load, timeout, now())
            states[load.model] = list(_states(outcome))
            on_snapshot(now())
    return now()


def _states(outcome: model_control.ControlResult) -> Sequence[ModelState]:
    reason = outcome.error.message if outcome.error is not None else ""
    found = [
        ModelState(name=outcome.model, version=v.version, state=v.state, reason=v.reason)
        for v in outcome.versions
        if v.state in ("READY", "UNAVAILABLE")
    ]
    return found or [ModelState(name=outcome.model, state="UNAVAILABLE", reason=reason)]


def _late(load: DeferredLoad, timeout: float, snapshot: Snapshot) -> NotReady:
    return NotReady(
        f"{load.model} not ready after {timeout:g} s",
        snapshot=snapshot,
        log=(),
        hint="see what it does with --verbose, or raise --timeout",
    )


def _followed(server: Server, act: Callable[[], model_control.ControlResult]) -> model_control.ControlResult:
    """The outcome of what is done in a thread of its own, or the end of the server, whichever comes first.

    The connection does not tell of that end: a process that the server has forked may hold it open.
    """
    found: Future[model_control.ControlResult] = Future()

    def run() -> None:
        try:
            found.set_result(act())
        except BaseException as error:
            found.set_exception(error)

    Thread(target=run, name="load", daemon=True).start()
    while not found.done():
        wait([found], PAUSE)
        if (code := server.exit_code) is not None:
            raise end_of(server, code)
    return found.result()


def end_of(server: Server, code: int) -> TkError:
    """Why a server ended by itself with that exit code."""
    if isinstance(server, ExplainsItsEnd) and (reason := server.explain_end()):
        return reason
    how = f"with exit code {code}" if code >= 0 else f"by signal {-code}"
    return ServerDied(f"{server.description} ended by itself, {how}", status=code, log=())
