"""A server from its start to Ctrl-C: what it takes to go on, what is loaded and watched, and who is shown it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

from triton_kit.errors import ProblemsFound
from triton_kit.repository.release import release, release_of_server
from triton_kit.runtime.health import Snapshot, server_version
from triton_kit.runtime.lifecycle import registered
from triton_kit.runtime.serve_plan import ServePlan
from triton_kit.runtime.types import Server
from triton_kit.serve.load_on_cpu import end_of, load_deferred
from triton_kit.serve.watch import ModelChange, NoWatcher, Watcher

PAUSE = 0.1
"""Seconds between two looks at the log of a server that is ready."""


class Board(Protocol):
    """Where the course of a server is shown."""

    def starting(self, plan: ServePlan) -> None: ...

    def update(self, snapshot: Snapshot) -> None: ...

    def ready(self, plan: ServePlan, server: Server, snapshot: Snapshot) -> None: ...

    def log(self, line: str) -> None: ...

    def changed(self, change: ModelChange) -> None: ...

    def idle(self) -> None:
        """All that came up to now has been shown; this is said again and again while the server runs."""
        ...

    def warn(self, message: str, hint: str | None = None) -> None:
        """Something to know of models that did not load."""
        ...

    def stopping(self) -> None:
        """The user wants the server to end, which may take a while."""
        ...

    def stopped(self) -> None:
        """The server ended since the user wanted it to."""
        ...

    def close(self) -> None: ...


def run(
    plan: ServePlan, board: Board, *, timeout: float, strict: bool, again: Mapping[str, object] | None = None
) -> None:
    """Run the server until Ctrl-C, and return when that came after it was ready. It is gone at the end.

    A detached one runs on, and this ends once it is ready. ``again`` is what ``tk restart`` needs to know. Raises
    ProblemsFound when no model is ready (with ``strict`` when any is not), TkError when the server ends itself.
    """
    board.starting(plan)
    was_ready = stays = False

    def load(server: Server, snapshot: Snapshot) -> Snapshot:
        return load_deferred(plan, server, snapshot, on_snapshot=board.update, timeout=timeout)

    watching = Watcher(plan, timeout=timeout) if plan.watch else NoWatcher()
    life = registered(
        plan, again=again, timeout=timeout, on_snapshot=board.update, load=load, on_interrupt=board.stopping
    )
    try:
        with watching, life as (server, snapshot):
            was_ready = not plan.spec.detach
            board.ready(plan, server, snapshot)
            _check_release(plan, server, board)
            _judge(plan, snapshot, board, strict)
            if not plan.spec.detach:
                watching.begin(server)
                _follow(server, board, watching)
        stays = True
    except KeyboardInterrupt:
        if not was_ready:
            raise
        board.stopped()
    finally:
        if not stays:
            board.close()


def _judge(plan: ServePlan, snapshot: Snapshot, board: Board, strict: bool) -> None:
    failed = dict.fromkeys(model.name for model in snapshot.failed)
    none_left = len(failed) == len({model.name for model in snapshot.models})
    if failed and (strict or (none_left and not plan.watch)):
        which = "no model is ready" if not strict else f"{', '.join(failed)} did not load"
        raise ProblemsFound(f"{which}, so the server was ended")
    if failed and plan.watch:
        board.warn(f"{', '.join(failed)} did not load; saving a correction loads it")
    elif failed:
        board.warn(f"{', '.join(failed)} did not load; the other models are served", hint=_end(plan))


def _check_release(plan: ServePlan, server: Server, board: Board) -> None:
    """Warn where the server says that it is another release than the one that its models were judged for."""
    said = server_version(server.endpoints)
    if said is None:
        return
    found, expected = release_of_server(said), release(plan.spec.release).server
    if found != plan.spec.release if found else expected not in (None, said):
        which = f"Triton {said}, release {found}" if found else f"Triton {said}"
        board.warn(
            f"the server is {which}, and its models were judged for {plan.spec.release}",
            hint=f'write --release {found}, or release: "{found}" in tk.yaml' if found else None,
        )


def _end(plan: ServePlan) -> str:
    return f"end it with tk stop {plan.spec.name}" if plan.spec.detach else "end it with Ctrl-C"


def _follow(server: Server, board: Board, watching: NoWatcher) -> None:
    while True:
        code = server.exit_code
        for line in server.log():
            board.log(line)
        for change in watching.changes():
            board.changed(change)
        board.idle()
        if code is not None:
            raise end_of(server, code)
        time.sleep(PAUSE)
