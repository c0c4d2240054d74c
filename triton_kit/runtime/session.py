"""A server from its start to its end, as a ``with`` block."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FrameType

from triton_kit.runtime.further_repositories import directories
from triton_kit.runtime.health import ServerDied, Snapshot, watch
from triton_kit.runtime.process import run_uninterrupted
from triton_kit.runtime.types import ExplainsItsEnd, Runtime, Server, ServerSpec

LOADING_GRACE = 3.0
"""Seconds that a server gets to end by itself while it still loads models."""


@contextlib.contextmanager
def running(
    runtime: Runtime,
    spec: ServerSpec,
    *,
    models: Iterable[str] | None = None,
    timeout: float = 120.0,
    on_snapshot: Callable[[Snapshot], None] | None = None,
    load: Callable[[Server, Snapshot], Snapshot] | None = None,
    on_start: Callable[[Server], None] | None = None,
    on_release: Callable[[], None] | None = None,
    on_interrupt: Callable[[], None] | None = None,
    grace: float = 10.0,
    stall: Callable[[Snapshot], float] | None = None,
) -> Iterator[tuple[Server, Snapshot]]:
    """Start a server, wait until its models are ready or failed, and end it with the block, however that ends.

    With ``ServerSpec.detach`` a block that ends well leaves it running, and ``on_release`` is called as that is
    settled; ``on_start`` is called with the server before it is waited for, and ``on_interrupt`` as soon as Ctrl-C, or
    a signal like it, is there: ending the server may take a while, which another Ctrl-C cuts short.

    ``models`` are waited for (default: every sub-directory of the repository, as the server takes them); each look at
    them goes to ``on_snapshot``, and ``load`` then loads what the server does not by itself. ``stall`` says in how many
    seconds something has to change from there on, or else it is given up. Whether a model that
    failed is acceptable is for the caller to say: see ``Snapshot.failed``. While the block runs, SIGTERM and SIGHUP end
    it like Ctrl-C (main thread only). Raises what ``Runtime.check``, ``Runtime.start`` and ``health.watch`` raise.
    """
    runtime.check(spec)
    names = model_names(spec) if models is None else tuple(models)
    with _interruptible():
        server = runtime.start(spec)
        try:
            if on_start is not None:
                on_start(server)
            snapshot = _await(server, names, timeout, stall, on_snapshot)
            if load is not None:
                snapshot = load(server, snapshot)
        except BaseException as error:
            # Nothing is in flight while models load, and a server that hangs in loading never ends by being asked.
            _stop(server, min(grace, LOADING_GRACE), on_interrupt if isinstance(error, KeyboardInterrupt) else None)
            raise
        try:
            yield server, snapshot
        except BaseException as error:
            _stop(server, grace, on_interrupt if isinstance(error, KeyboardInterrupt) else None)
            raise
        if spec.detach:
            _release(server, on_release, grace)
        else:
            _stop(server, grace)


def model_names(spec: ServerSpec) -> tuple[str, ...]:
    """What the server takes for models: every sub-directory, hidden too (core, ``model_repository_manager.cc``)."""
    places = (spec.repository, *directories(spec.more))
    return tuple(sorted({entry.name for place in places for entry in place.iterdir() if entry.is_dir()}))


def _await(
    server: Server,
    names: tuple[str, ...],
    timeout: float,
    stall: Callable[[Snapshot], float] | None,
    on_snapshot: Callable[[Snapshot], None] | None,
) -> Snapshot:
    last: Snapshot | None = None
    try:
        for last in watch(server, models=names, timeout=timeout, stall=stall):
            if on_snapshot is not None:
                on_snapshot(last)
    except ServerDied as error:
        if isinstance(server, ExplainsItsEnd) and (reason := server.explain_end()):
            raise reason from error
        raise
    assert last is not None
    return last


def _release(server: Server, on_release: Callable[[], None] | None, grace: float) -> None:
    """Let the server go, and say so: both, or neither, and then it ends."""
    released: list[bool] = []
    failed: list[BaseException] = []

    def let_go() -> None:
        try:
            if on_release is not None:
                on_release()
            server.release()
        except BaseException as error:
            failed.append(error)
        else:
            released.append(True)

    try:
        run_uninterrupted(let_go)
        if failed:
            raise failed[0]
    except BaseException:
        if not released:
            _stop(server, grace)
        raise


def _stop(server: Server, grace: float, before: Callable[[], None] | None = None) -> None:
    """Stop the server; an impatient second Ctrl-C takes the grace away, and a third is too late to leave anything."""
    try:
        if before is not None:
            before()
        server.stop(grace=grace)
    except (KeyboardInterrupt, SystemExit):
        server.stop(grace=0.0)
        raise


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM and SIGHUP raise KeyboardInterrupt, so that ``finally`` blocks run."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGTERM, signal.SIGHUP]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number in numbers:
            if before[number] is signal.SIG_DFL:
                signal.signal(number, _interrupt)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(f"signal {number}")
