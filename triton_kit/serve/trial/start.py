"""Models that a server loads as it starts: all at once, which is the quickest way where nothing is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from triton_kit.errors import TkError
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.model.repository import Repository
from triton_kit.runtime.health import Snapshot
from triton_kit.runtime.types import Server
from triton_kit.serve.source import ANSWER
from triton_kit.serve.trial.loading import STALL, named
from triton_kit.serve.trial.verdict import State, Verdict

_FAREWELLS = (
    b"finalize",
    b"atexit",
    b"__del__",
    b"tempfile",
    b"subprocess",
    b"multiprocessing",
    b"Popen",
    b"shared_memory",
)
"""What code has that may leave something behind when its process is ended by force."""


class NoStart(TkError):
    """A server that loads models at its start does not answer: one of them ends it, or it waits for one.

    ``waiting`` is how far it came, where it waits.
    """

    def __init__(self, message: str, *, waiting: Snapshot | None = None) -> None:
        super().__init__(message)
        self.waiting = waiting


class Start:
    """Follows a start, and remembers when each model was loaded and what was logged of it.

    ``timeout`` is how many seconds each may take.
    """

    def __init__(self, names: Sequence[str], *, timeout: float) -> None:
        self.names = tuple(names)
        self._timeout = timeout
        self._seconds: dict[str, float] = {}
        self._lines: list[str] = []

    def look(self, snapshot: Snapshot) -> None:
        """Take what is new."""
        self._lines += (line for line in snapshot.log if line[:1] not in ("|", "+"))  # tables of all models
        for model in snapshot.models:
            if model.state in ("LOADED", "READY"):
                self._seconds.setdefault(model.name, snapshot.seconds)

    @property
    def longest(self) -> float:
        """Seconds that the models may take together, one after the other."""
        return len(self.names) * self._timeout

    def patience(self, snapshot: Snapshot) -> float:
        """Seconds in which something has to change: all that it may take for a model on which alone all waits."""
        return self._timeout if len(_loading(snapshot)) == 1 else min(self._timeout, STALL)

    def waiting(self, snapshot: Snapshot, *, configs: bool) -> tuple[list[Verdict], list[str]]:
        """The verdicts by the log of a server that waits, and the models that it may wait for, if there are several.

        What is loaded has one unless ``configs`` asks for more than the log says.
        """
        states = _states(snapshot)
        loaded = [] if configs else [name for name in self.names if states.get(name) == {"LOADED"}]
        found = [self._verdict(name, State.READY, snapshot) for name in loaded]
        suspects = _loading(snapshot)
        if len(suspects) == 1:
            reason = f"not loaded after {self._timeout:g} s"
            found += [self._verdict(name, State.HUNG, snapshot, reason=reason) for name in suspects]
        return found, suspects if len(suspects) > 1 else []

    def verdicts(self, server: Server, snapshot: Snapshot, *, configs: bool) -> Iterator[Verdict]:
        """Those on the models that are ready in each version; the others are still to be tried."""
        states = _states(snapshot)
        ready = [name for name in self.names if states.get(name) == {"READY"}]
        served = _configs(server, ready) if configs else {}
        for name in ready:
            yield self._verdict(name, State.READY, snapshot, config=served.get(name))

    def _verdict(
        self,
        name: str,
        state: State,
        snapshot: Snapshot,
        *,
        reason: str = "",
        config: Mapping[str, object] | None = None,
    ) -> Verdict:
        pattern = named(name)
        return Verdict(
            model=name,
            state=state,
            reason=reason,
            log=tuple(line for line in self._lines if name in line and pattern.search(line)),
            seconds=self._seconds.get(name, snapshot.seconds),
            config=config,
        )


def _states(snapshot: Snapshot) -> dict[str, set[str]]:
    """The states of each model's versions."""
    states: dict[str, set[str]] = {}
    for model in snapshot.models:
        states.setdefault(model.name, set()).add(model.state)
    return states


def _loading(snapshot: Snapshot) -> list[str]:
    """The models that the server is about to load; while it does not answer, its log says so."""
    return [name for name, states in _states(snapshot).items() if "LOADING" in states]


def needs_farewell(repository: Repository, names: Iterable[str]) -> bool:
    """Whether a model may have to tidy up: to unload models takes a second or more, which others need not wait for.

    What runs in other backends than the Python ones that tk knows is always asked to end.
    """
    models = [model for name in names if (model := repository.model(name)) is not None]
    return any(_needs_farewell(model) for model in models)


def _needs_farewell(model: Model) -> bool:
    try:
        known = model.is_ensemble or model.backend in ("python", "onnxruntime")
    except Broken:
        known = True
    if not known:
        return True
    for file in Path(model.directory).rglob("*.py"):
        with suppress(OSError):
            text = file.read_bytes()
            if any(word in text for word in _FAREWELLS):
                return True
    return False


def _configs(server: Server, names: Iterable[str]) -> dict[str, Mapping[str, object]]:
    from triton_kit.client import connect

    found: dict[str, Mapping[str, object]] = {}
    endpoints = server.endpoints
    with connect(endpoints.http, headers=endpoints.headers, timeout=ANSWER) as client:
        for name in names:
            with suppress(TkError):
                found[name] = client.config(name).raw
    return found
