"""What tk knows of the servers that it started: a file for each in the user's state directory.

A container carries the same in its labels, so that it is found when its file is gone. What a file says is believed only
as long as the process, or the container, is there: a stale one is swept, with what its server left behind.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from triton_kit.errors import TkError, UsageError
from triton_kit.runtime.container import ENGINES, engine_named
from triton_kit.runtime.container import engine as engines
from triton_kit.runtime.state import ended, files
from triton_kit.runtime.state.process_identity import alive
from triton_kit.runtime.types import Endpoints

LABEL = "triton-kit"
"""On every container that tk starts: ``docker ps --filter label=triton-kit`` lists them."""

RECORD, PLACE = f"{LABEL}.record", f"{LABEL}.state"
"""The labels with all of a ``Running`` but its secrets, and with the state directory that it belongs to."""

_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that tk started.

    ``runtime`` is ``local``, ``docker`` or ``podman``; ``version`` is what the server says it is, ``release`` that
    container release, or what its image says, ``None`` where nothing does; ``started`` is in seconds since the
    epoch. ``born`` is the mark of the process ``pid``, see ``process_identity``; ``owner`` is the tk that shows the
    server and ends it, ``None`` once it is detached. ``control`` is the model control mode. ``headers`` open over HTTP
    what is closed, and ``metadata`` over gRPC. ``leftovers`` are the paths that a killed server leaves, see
    ``reaper.sweep``, and ``again`` is what ``tk serve`` was asked for. Of one that has ended, ``ended`` is when,
    ``cause`` is why in words, as far as that is known, and ``seen`` whether the user was told.
    """

    name: str
    runtime: str
    repository: Path
    release: str | None
    image: str | None
    endpoints: Endpoints
    started: float
    version: str | None = None
    pid: int | None = None
    born: str | None = None
    container: str | None = None
    log: Path | None = None
    gpus: str = "none"
    control: str = "none"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    metadata: Mapping[str, str] = field(default_factory=dict, repr=False)
    detached: bool = False
    owner: int | None = None
    owner_born: str | None = None
    leftovers: tuple[str, ...] = ()
    again: Mapping[str, Any] = field(default_factory=dict, repr=False)
    ended: float | None = None
    exit_code: int | None = None
    cause: str | None = None
    seen: bool = False

    @property
    def owned(self) -> bool:
        """Whether a tk shows the server and ends it with itself."""
        return alive(self.owner, self.owner_born)


def record(running: Running) -> None:
    """Remember a server, in place of what was known under its name. Raises TkError where it cannot be written."""
    files.write(running.name, to_json(running))


def forget(name: str) -> None:
    """Remember a server no longer; nothing is said of one that was not known."""
    files.remove(name)


def reserve(running: Running) -> None:
    """Remember a server that is about to start, unless another one of its name runs.

    Raises UsageError when one does, also when both begin at the same moment.
    """
    with files.locked():
        known = _read(files.read_all().get(running.name, {}))
        if known is not None and known.ended is not None:
            ended.discard(known)
        elif known is not None and _lives(known, _containers(known.runtime)):
            raise UsageError(
                f"a server named {running.name} is running already, on {known.repository}",
                hint=f"end it with tk stop {running.name}, or take another --name",
            )
        elif known is not None:
            ended.settle(known)
        record(running)


def servers() -> tuple[Running, ...]:
    """The servers that tk started and that still run, oldest first; what the others left is removed.

    An engine that does not answer is believed to run what it ran.
    """
    return look()[0]


def look() -> tuple[tuple[Running, ...], tuple[Running, ...]]:
    """The servers that run, see ``servers``, and those that have ended and of which something is kept."""
    with files.locked():
        known = {name: found for name, value in files.read_all().items() if (found := _read(value))}
        boxes: dict[str, Mapping[str, str] | None] = {engine: _containers(engine) for engine in ENGINES}
        for lost in _lost(known, boxes):
            record(lost)
            known[lost.name] = lost
        running = [one for one in known.values() if one.ended is None and _lives(one, boxes.get(one.runtime))]
        dead = [kept for one in known.values() if one not in running and (kept := _kept(one)) is not None]
        for one in running:
            if one.log is not None:
                files.trim(one.log)
        files.remove_old_logs(keep={one.name for one in (*running, *dead)})
    return (
        tuple(sorted(running, key=lambda one: (one.started, one.name))),
        tuple(sorted(dead, key=lambda one: (one.ended or 0.0, one.name))),
    )


def forget_ended(one: Running) -> None:
    """Keep nothing of a server that has ended."""
    with files.locked():
        ended.discard(one)


def mark_seen(dead: Iterable[Running]) -> None:
    """Remember that the user was told of the end of these."""
    for one in dead:
        with files.locked():
            known = _read(files.read_all().get(one.name, {}))
            if known is not None and known.ended == one.ended:
                record(replace(known, seen=True))


def find(name: str | None = None, *, dead: bool = False) -> Running:
    """The server of that name; without a name the only one. Raises UsageError that lists what there is.

    With ``dead`` it may have ended: without a name, where none runs, it is the one that ended last.
    """
    found, over = look()
    names = ", ".join(one.name for one in found)
    if name is not None:
        for one in (*found, *(over if dead else ())):
            if one.name == name:
                return one
        for one in over:
            if one.name == name:
                raise UsageError(f"{name} has ended", hint=f"see tk logs {name}, or start it again: tk restart {name}")
        hint = f"those running are: {names}" if names else "start one with tk serve --detach"
        raise UsageError(f"{name} is not a server that tk started, or it has ended", hint=hint)
    if not found and over and dead:
        return over[-1]
    if not found:
        hint = f"{over[-1].name} has ended: tk restart {over[-1].name}" if over else "start one with tk serve --detach"
        raise UsageError("no server that tk started is running", hint=hint)
    if len(found) > 1:
        raise UsageError(f"{len(found)} servers are running, and none was named", hint=f"name one of: {names}")
    return found[0]


def headers_for(url: str, *, grpc: bool) -> Mapping[str, str]:
    """What opens the closed endpoints of the server at that address, if tk started it; else nothing.

    ``url`` is ``[http://]HOST:PORT``. Cheap: reads state files, and asks no engine.
    """
    try:
        wanted = _authority(url)
    except ValueError:
        return {}
    for value in files.read_all().values():
        one = _read(value)
        if one is None or one.ended is not None or (one.pid is not None and not alive(one.pid, one.born)):
            continue
        if _authority(one.endpoints.grpc if grpc else one.endpoints.http) == wanted:
            return one.metadata if grpc else one.headers
    return {}


def to_json(running: Running, *, secret: bool = True) -> dict[str, Any]:
    """A server as JSON has it; without ``secret`` for what others may read."""
    value = {entry.name: getattr(running, entry.name) for entry in fields(running)}
    where = running.endpoints
    value["endpoints"] = {"http": where.http, "grpc": where.grpc, "metrics": where.metrics}
    value["repository"] = str(running.repository)
    value["log"] = str(running.log) if running.log else None
    if not secret:
        value["headers"] = value["metadata"] = {}
    return value


def label(running: Running) -> str:
    """What a container's label says of it."""
    return json.dumps(to_json(running, secret=False), separators=(",", ":"))


def _read(value: Mapping[str, Any]) -> Running | None:
    """A server out of JSON; ``None`` for what is none, as a file that another release of tk wrote may be."""
    names = {entry.name for entry in fields(Running)}
    try:
        return Running(
            **{
                **{key: inner for key, inner in value.items() if key in names},
                "repository": Path(value["repository"]),
                "endpoints": Endpoints(**value["endpoints"], headers=value.get("headers", {})),
                "log": Path(value["log"]) if value.get("log") else None,
                "leftovers": tuple(value.get("leftovers", ())),
            }
        )
    except (KeyError, TypeError):
        return None


def _lives(running: Running, boxes: Mapping[str, str] | None) -> bool:
    """Whether a server runs, or is being started; ``boxes`` are its engine's containers, ``None`` when unknown."""
    if running.owned or alive(running.pid, running.born):
        return True
    if running.container is None or boxes is None:
        return running.container is not None
    return running.container in boxes


def _kept(one: Running) -> Running | None:
    """What is kept of a server that does not run; ``None``, and then no memory of it, where that is nothing."""
    if one.ended is None:
        kept = ended.settle(one)
        if kept is None:
            forget(one.name)
        else:
            record(kept)
        return kept
    if ended.over(one):
        ended.discard(one)
        return None
    return one


def _containers(engine: str) -> Mapping[str, str] | None:
    """The labels with the records of this user's containers that run, by name; ``None`` when the engine is silent."""
    if engine not in ENGINES:
        return {}
    return engines.containers_with_label(engine_named(engine), f"{PLACE}={files.place()}", RECORD)


def _lost(known: Mapping[str, Running], boxes: Mapping[str, Mapping[str, str] | None]) -> Iterator[Running]:
    """The containers whose state files are gone, by their labels."""
    from triton_kit.runtime.restricted_endpoints import opening_headers

    for engine, found in boxes.items():
        for name, text in (found or {}).items():
            if name in known or any(one.container == name for one in known.values()):
                continue
            with contextlib.suppress(ValueError, TkError):
                one = _read(json.loads(text))
                if one is not None:
                    headers, metadata = opening_headers(engines.arguments(engine_named(engine), name))
                    yield replace(
                        one, headers=headers, metadata=metadata, endpoints=replace(one.endpoints, headers=headers)
                    )


def _authority(url: str) -> tuple[str, int | None]:
    """Host and port of an address, all names of this machine's loopback as one."""
    parts = urlsplit(url if "://" in url else f"//{url}")
    host = (parts.hostname or "").lower()
    return ("localhost" if host in _LOCAL else host), parts.port
