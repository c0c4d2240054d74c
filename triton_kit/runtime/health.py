"""Whether a server is ready, or dead: whichever comes first."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from triton_kit.errors import ProblemsFound, TkError
from triton_kit.runtime.log.events import Progress, last_words
from triton_kit.runtime.types import Endpoints, Server

PAUSE = 0.02
"""Seconds between two looks at a server that is starting."""

_FINAL = ("READY", "UNAVAILABLE")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """One version of a model (``version`` is empty where none is known).

    ``state`` is Triton's word (``READY``, ``LOADING``, ``UNLOADING``, ``UNAVAILABLE``), or while the server does not
    answer yet ``WAITING`` (not heard of) or ``LOADED`` (its log says so); empty for a model that was never asked for.
    """

    name: str
    version: str = ""
    state: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The models at one moment of a start, ``seconds`` after it began, and the log lines since the one before."""

    models: tuple[ModelState, ...]
    answers: bool
    seconds: float
    log: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """Whether every model has come to its end, good or bad, and the server answers."""
        return self.answers and all(model.state in _FINAL for model in self.models)

    @property
    def failed(self) -> tuple[ModelState, ...]:
        return tuple(model for model in self.models if model.state == "UNAVAILABLE")

    @property
    def ready(self) -> bool:
        return self.done and not self.failed


class ServerDied(TkError):
    """The server ended by itself; ``status`` is its exit code, ``log`` the lines that say why."""

    def __init__(self, message: str, *, status: int, log: tuple[str, ...], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.log = log


class NotReady(ProblemsFound):
    """The server did not become ready: ``snapshot`` is how far it came, ``log`` the lines that say why.

    ``waits`` says that it still ran.
    """

    def __init__(
        self, message: str, *, snapshot: Snapshot, log: tuple[str, ...], hint: str | None = None, waits: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.snapshot = snapshot
        self.log = log
        self.waits = waits


def live(endpoints: Endpoints, *, timeout: float = 2.0) -> bool:
    """Whether the server answers that it lives (``/v2/health/live``)."""
    return _ask(endpoints, "GET", "/v2/health/live", timeout)[0] == 200


def ready(endpoints: Endpoints, model: str | None = None, version: str = "", *, timeout: float = 2.0) -> bool:
    """Whether a model says that it is ready; without a model the server itself.

    The server's own word is not enough: ``/v2/health/ready`` stays 200 after a model was unloaded.
    """
    if model is None:
        return _ask(endpoints, "GET", "/v2/health/ready", timeout)[0] == 200
    from urllib.parse import quote

    path = f"/v2/models/{quote(model, safe='')}" + (f"/versions/{version}" if version else "") + "/ready"
    return _ask(endpoints, "GET", path, timeout)[0] == 200


def server_version(endpoints: Endpoints, *, timeout: float = 2.0) -> str | None:
    """The version that the server says it is (``/v2``), such as ``2.51.0``; ``None`` where it says none."""
    status, body = _ask(endpoints, "GET", "/v2", timeout)
    try:
        said = json.loads(body) if status == 200 else None
    except ValueError:
        return None
    version = said.get("version") if isinstance(said, dict) else None
    return version if isinstance(version, str) else None


def index(endpoints: Endpoints, *, timeout: float = 5.0) -> tuple[ModelState, ...]:
    """Each version of each model that the server has heard of (``/v2/repository/index``).

    Raises TkError when nothing answers, or the answer is not an index.
    """
    status, body = _ask(endpoints, "POST", "/v2/repository/index", timeout)
    if status == 0:
        raise TkError(f"{endpoints.http} does not answer")
    try:
        entries = json.loads(body) if status == 200 else None
    except ValueError:
        entries = None
    if not isinstance(entries, list):
        raise TkError(f"{endpoints.http} answers, but not with an index of models (HTTP {status})")
    return tuple(
        ModelState(
            name=str(entry["name"]),
            version=str(entry.get("version", "")),
            state=str(entry.get("state", "")),
            reason=str(entry.get("reason", "")),
        )
        for entry in entries
    )


def watch(
    server: Server,
    *,
    models: Iterable[str],
    timeout: float,
    pause: float = PAUSE,
    stall: Callable[[Snapshot], float] | None = None,
) -> Iterator[Snapshot]:
    """Look at a starting server until each model is ready or failed: that snapshot is the last one.

    A snapshot comes whenever something changed. The log is read (and handed on in the snapshots), since some
    failures are reported nowhere else. A model that failed is an answer, not an exception, as long as the server
    stays up. Raises NotReady when ``timeout`` seconds are over (a server may wait for ever), when nothing has
    changed for as many seconds as ``stall`` says of a snapshot, or when the server ended because of its models,
    ServerDied when it ended for another reason.
    """
    names = tuple(dict.fromkeys(models))
    progress = Progress()
    begin = changed = time.monotonic()
    log_lines: list[str] = []
    before: Snapshot | None = None
    while True:
        code = server.exit_code
        lines = tuple(server.log())
        log_lines.extend(lines)
        progress.take(lines)
        snapshot = _look(server, names, progress, time.monotonic() - begin, lines)
        if code is not None:
            log_lines.extend(_rest_of_log(server, progress))
            raise _death(server, _by_log(names, progress, snapshot.seconds, ()), code, log_lines)
        if before is None or lines or snapshot.models != before.models or snapshot.answers != before.answers:
            yield snapshot
            before, changed = snapshot, time.monotonic()
        if snapshot.done:
            return
        if time.monotonic() - begin > timeout or (stall is not None and time.monotonic() - changed > stall(snapshot)):
            raise _late(snapshot, timeout if stall is None else time.monotonic() - begin, log_lines)
        time.sleep(pause)


def _look(server: Server, names: tuple[str, ...], progress: Progress, seconds: float, log: tuple[str, ...]) -> Snapshot:
    try:
        entries = index(server.endpoints)
    except TkError:
        return _by_log(names, progress, seconds, log)
    states: list[ModelState] = []
    for name in names:
        known = [entry for entry in entries if entry.name == name]
        states.extend(_settle(server.endpoints, name, known, progress))
    return Snapshot(models=tuple(states), answers=True, seconds=seconds, log=log)


def _settle(endpoints: Endpoints, name: str, known: list[ModelState], progress: Progress) -> Iterator[ModelState]:
    """The states of one model when the server answers: by then, what has no state was not loaded."""
    if not any(entry.state for entry in known):
        yield ModelState(name=name, state="UNAVAILABLE", reason=progress.reason(name) or "was not loaded")
        return
    for entry in known:
        if entry.state == "READY" and not ready(endpoints, name, entry.version):
            yield ModelState(name=name, version=entry.version, state="LOADING")
        elif entry.state == "UNAVAILABLE" and not entry.reason:
            reason = progress.reason(name)
            yield ModelState(name=name, version=entry.version, state=entry.state, reason=reason)
        else:
            yield entry


def _by_log(names: tuple[str, ...], progress: Progress, seconds: float, log: tuple[str, ...]) -> Snapshot:
    states: list[ModelState] = []
    for name in names:
        events = progress.of(name)
        loaded = any(event.state == "LOADED" for event in events)
        versions = [event for event in events if event.state != "LOADED" or event.version]
        for event in versions:
            state = "LOADED" if loaded and event.state == "LOADING" else event.state
            states.append(ModelState(name=name, version=event.version, state=state, reason=event.reason))
        if not versions:
            reason = progress.reason(name)
            state = "UNAVAILABLE" if reason else "LOADED" if loaded else "WAITING"
            states.append(ModelState(name=name, state=state, reason=reason))
    return Snapshot(models=tuple(states), answers=False, seconds=seconds, log=log)


def _rest_of_log(server: Server, progress: Progress) -> list[str]:
    """The last lines of a server that has ended: they may come a moment after its end."""
    rest: list[str] = []
    for _ in range(10):
        rest.extend(server.log())
        time.sleep(0.02)
    progress.take(rest)
    return rest


def _death(server: Server, snapshot: Snapshot, code: int, log_lines: list[str]) -> TkError:
    words = last_words(log_lines)
    failed = ", ".join(dict.fromkeys(model.name for model in snapshot.failed))
    how = f"ended with exit code {code}" if code >= 0 else f"was ended by signal {-code}"
    if failed:
        reasons = "".join(
            f"\n  {model.name}: {model.reason.strip().partition(chr(10))[0]}" for model in snapshot.failed
        )
        return NotReady(f"{failed} did not load, and the server {how}:{reasons}", snapshot=snapshot, log=words)
    listed = "".join(f"\n  {line}" for line in words)
    return ServerDied(f"{server.description} {how} before it was ready:{listed}", status=code, log=words)


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _late(snapshot: Snapshot, timeout: float, log_lines: list[str]) -> NotReady:
    waiting = dict.fromkeys(model.name for model in snapshot.models if model.state not in _FINAL)
    who = ", ".join(waiting) or "the server"
    words = last_words(log_lines)
    listed = "".join(f"\n  {line}" for line in words)
    return NotReady(
        f"{who} not ready after {timeout:g} s; the server's last words:{listed}",
        snapshot=snapshot,
        log=words,
        hint="a Python model without its model.py, or a library that is not found, makes the server wait forever",
        waits=True,
    )


def _ask(endpoints: Endpoints, method: str, path: str, timeout: float) -> tuple[int, bytes]:
    """Status and body of one request; status 0 when nothing answers."""
    import http.client
    from urllib.parse import urlsplit

    url = urlsplit(endpoints.http)
    connection = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=timeout)
    try:
        connection.request(method, url.path + path, headers=dict(endpoints.headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()
