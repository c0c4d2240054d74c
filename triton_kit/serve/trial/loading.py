"""Models loaded on a running server: as many at once as it loads by itself, until one ends or stops it."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING

from triton_kit.client import model_control
from triton_kit.client.errors import NoAnswer
from triton_kit.errors import TkError
from triton_kit.runtime.log.events import Progress
from triton_kit.runtime.types import Server
from triton_kit.serve.source import ANSWER
from triton_kit.serve.trial.end import end_of
from triton_kit.serve.trial.order import Queue
from triton_kit.serve.trial.verdict import State, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from triton_kit.client import Client

STALL = 30.0
"""Seconds without any change after which models that are loaded together are tried alone: one of them waits."""

AT_ONCE = 4
"""How many models a server loads at once by default (``--model-load-thread-count``)."""

PAUSE = 0.01
"""Seconds between two looks."""

LATE = 0.1
"""Seconds that the last lines of a log may come after what they tell of."""

DEATH = 1.0
"""Seconds that a server may take to end after the model that is to blame was loaded: it writes its stack first."""

STACK = 30.0
"""Seconds that it may write its stack."""

DYING = 5.0
"""Seconds in which a server that does not answer any more should have ended."""

GRACE = 3.0
"""Seconds that a server without models gets to end."""

UNLOADING = 5.0
"""Seconds that the models get to be unloaded."""

LINES = 400
"""Lines of the log that are kept for a model."""

_SIGNAL = re.compile(r"Signal \((\d+)\) received")
"""What the server writes as a signal ends it, before its stack, which may take it seconds (server, ``main.cc``)."""

_CONTINUED = re.compile(r"(?![IWEF]\d{4} |\[)")
"""A line that goes on with what the one before it told."""

_NEVER_POLLED = "failed to poll from model repository"


@dataclass(slots=True, eq=False)
class _Load:
    """A model that is being loaded; ``result`` is there, or ``error``, when ``thread`` has ended."""

    model: str
    begin: float
    on_cpu: Mapping[str, object] | None = None
    thread: Thread | None = None
    result: model_control.ControlResult | None = None
    error: BaseException | None = None
    config: Mapping[str, object] | None = None
    log: list[str] = field(default_factory=list)
    end: float = 0.0

    def verdict(self, state: State, reason: str) -> Verdict:
        return Verdict(
            model=self.model,
            state=state,
            reason=reason,
            log=tuple(self.log[-LINES:]),
            seconds=time.monotonic() - self.begin,
            config=self.config,
            on_cpu=self.on_cpu is not None,
        )


class Loading:
    """Loads the models of a queue on a server that is up. ``configs`` asks for what it serves, for a bundle.

    ``on_cpu`` are the configurations of those that are not loaded with their own.
    """

    def __init__(
        self, server: Server, queue: Queue, *, timeout: float, configs: bool, polite: bool,
        on_cpu: Mapping[str, Mapping[str, object]], started: Sequence[str] = (), on_verdict: Callable[[Verdict], None],
    ) -> None:  # fmt: skip
        self._server = server
        self._queue = queue
        self._timeout = timeout
        self._configs = configs
        self._polite = polite
        self._on_cpu = on_cpu
        self._started = started
        self._on_verdict = on_verdict
        self._loads: list[_Load] = []
        self._loaded: list[_Load] = []
        self._owners: list[_Load] = []
        self._dying, self._number, self._settled = 0.0, 0, 0.0
        self._progress = Progress()
        self._names = {name: named(name) for name in queue.names}

    def run(self) -> None:
        """Load until the queue is empty, or one of its models has ended or stopped this server, which is then gone.

        A suspect comes alone, and has the server for itself.
        """
        if self._queue.suspects:
            self._polite = True  # it may end the server a moment later
            self._begin(1, alone=True)
            self._follow(more=False)
        else:
            self._begin(AT_ONCE)
            self._follow(more=True)

    def _follow(self, *, more: bool) -> None:
        while self._loads:
            time.sleep(PAUSE)
            self._take_log()
            if self._dying or self._server.exit_code is not None:
                return self._ended()
            self._settle()
            if self._gives_up():
                return self._server.stop(grace=0.0)  # of a server that hangs nothing is to be had, not even its own end
            if more:
                self._begin(AT_ONCE)
        time.sleep(LATE / 2)
        if self._polite:
            self._wait_for_unloading()
        self._take_log()
        if self._dying or self._server.exit_code is not None:
            self._ended()
        else:
            self._server.stop(grace=GRACE if self._polite else 0.0)
        return None

    def _begin(self, width: int, *, alone: bool = False) -> None:
        while len(self._loads) < width:
            name = self._queue.next([load.model for load in self._loads], alone=alone)
            if name is None:
                return
            load = _Load(name, time.monotonic(), self._on_cpu.get(name))
            load.thread = Thread(target=self._work, args=(load,), name=f"load {name}", daemon=True)
            self._loads.append(load)
            load.thread.start()

    def _work(self, load: _Load) -> None:
        try:
            with self._connected(ANSWER) as client:
                result = model_control.load(client, load.model, config=load.on_cpu, timeout=self._timeout + 1)
                if result.error is None and self._configs:
                    load.config = client.config(load.model).raw
                load.result = result
                if result.error is None and not self._queue.needed(load.model):
                    with contextlib.suppress(TkError):
                        client.unload(load.model)
        except BaseException as error:
            load.error = error

    def _connected(self, timeout: float) -> contextlib.AbstractContextManager[Client]:
        from triton_kit.client import connect

        endpoints = self._server.endpoints
        return connect(endpoints.http, headers=endpoints.headers, timeout=timeout)

    def _settle(self) -> None:
        for load in list(self._loads):
            if load.error is not None:
                self._failed(load, load.error)
            elif load.result is not None and load.thread is not None and not load.thread.is_alive():
                self._loads.remove(load)
                self._settled = time.monotonic()
                error = load.result.error
                if error is not None:
                    self._take_late_log(load)
                state = State.READY if error is None else State.REFUSED
                load.end = time.monotonic()
                if error is None:
                    self._loaded.append(load)
                self._done(load.verdict(state, self._reason(load.model, error)))

    def _failed(self, load: _Load, error: BaseException) -> None:
        """A request that came to no end: its server has ended, is about to, or is not one."""
        if isinstance(error, NoAnswer):
            end = time.monotonic() + DYING
            while self._server.exit_code is None and time.monotonic() < end:
                time.sleep(PAUSE)
            if self._server.exit_code is not None:
                return  # as the next look sees
            if time.monotonic() - load.begin > self._timeout:
                return
        if isinstance(error, TkError):
            raise TkError(f"{self._server.description} does not load as it should: {error.message}", hint=error.hint)
        raise error

    def _reason(self, model: str, error: TkError | None) -> str:
        """Why it was refused; what is wrong with a configuration is told in the log alone."""
        if error is None:
            return ""
        told = self._progress.reason(model) if _NEVER_POLLED in error.message else ""
        return told or error.message

    def _done(self, verdict: Verdict) -> None:
        self._queue.settle(verdict)
        self._on_verdict(verdict)

    def _ended(self) -> None:
        """The server has ended itself: by the one model that was loading, or by one of several."""
        when = self._dying or time.monotonic()
        end = time.monotonic() + STACK
        while self._server.exit_code is None and time.monotonic() < end:
            time.sleep(PAUSE)
        for _ in range(10):
            self._take_log()
            time.sleep(LATE / 10)
        suspects = [*self._loads, *(load for load in self._loaded if when - load.end < DEATH)]
        if not suspects:
            self._queue.forget(self._started)
        elif len(suspects) == 1:
            load = suspects[0]
            self._done(load.verdict(State.CRASHED, end_of(self._server, self._number, load.log)))
        else:
            self._queue.doubt(load.model for load in suspects)
        self._server.stop(grace=0.0)

    def _gives_up(self) -> bool:
        """Whether the server waits for a model: the only one, or the only one that others overtake.

        One model may make others wait, so of several that wait each is tried alone.
        """
        now = time.monotonic()
        late = [load for load in self._loads if now - load.begin > self._timeout]
        if len(late) == 1 and (len(self._loads) == 1 or self._settled > late[0].begin):
            self._done(late[0].verdict(State.HUNG, f"not loaded after {self._timeout:g} s"))
            return True
        if len(self._loads) > 1 and (late or now - max(self._settled, self._loads[-1].begin) > STALL):
            self._queue.doubt(load.model for load in self._loads)
            return True
        return False

    def _take_log(self) -> None:
        lines = list(self._server.log())
        self._progress.take(lines)
        for line in lines:
            if (signal := _SIGNAL.search(line)) is not None and not self._dying:
                self._dying, self._number = time.monotonic(), int(signal[1])
            named = {name for name, pattern in self._names.items() if name in line and pattern.search(line)}
            if named or not _CONTINUED.match(line):
                self._owners = [load for load in self._loads if load.model in named] if named else []
            for load in self._owners if len(self._loads) > 1 else self._loads:
                if not named or load.model in named:
                    load.log.append(line)

    def _take_late_log(self, load: _Load) -> None:
        self._loads.append(load)
        for _ in range(4):
            time.sleep(LATE / 4)
            self._take_log()
        self._loads.remove(load)

    def _wait_for_unloading(self) -> None:
        """Let the models finish what they do at their end; a server without models ends at once."""
        end = time.monotonic() + UNLOADING
        with contextlib.suppress(TkError), self._connected(UNLOADING) as client:
            for model in {one.name for one in model_control.models(client) if one.ready}:
                client.unload(model)
            while time.monotonic() < end and self._server.exit_code is None:
                if not any(one.state in ("READY", "UNLOADING") for one in model_control.models(client)):
                    return
                time.sleep(PAUSE)


def named(model: str) -> re.Pattern[str]:
    """Where a line names a model, or an instance of it: ``m_0``, ``m_0_1``."""
    return re.compile(rf"(?<![\w.-]){re.escape(model)}(?:_\d+){{0,2}}(?![\w-])")
