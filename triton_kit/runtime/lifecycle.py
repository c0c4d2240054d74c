"""The life of a server that tk remembers: entered before it starts, left running or taken out at its end."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from triton_kit.errors import TkError
from triton_kit.repository.release import release_of_server
from triton_kit.runtime import reaper
from triton_kit.runtime.container import engine as engines
from triton_kit.runtime.container import engine_named
from triton_kit.runtime.docker import DockerRuntime, image, new_name
from triton_kit.runtime.health import Snapshot, server_version
from triton_kit.runtime.local import endpoints
from triton_kit.runtime.restricted_endpoints import opening_headers
from triton_kit.runtime.serve_plan import ServePlan
from triton_kit.runtime.session import model_names, running
from triton_kit.runtime.state import ended, files, registry
from triton_kit.runtime.state.process_identity import born
from triton_kit.runtime.state.registry import Running
from triton_kit.runtime.types import Server, ServerSpec

PATIENCE = 30.0
"""Seconds that a tk gets to end the server that it shows, beyond the server's own."""


@contextlib.contextmanager
def registered(
    plan: ServePlan,
    *,
    again: Mapping[str, object] | None = None,
    timeout: float = 120.0,
    on_snapshot: Callable[[Snapshot], None] | None = None,
    load: Callable[[Server, Snapshot], Snapshot] | None = None,
    on_interrupt: Callable[[], None] | None = None,
) -> Iterator[tuple[Server, Snapshot]]:
    """``session.running`` with the server in the registry while it runs, beyond the block with ``ServerSpec.detach``.

    ``load`` loads ``ServePlan.deferred``. Raises UsageError when a server of its name runs already, and what
    ``session.running`` raises.
    """
    spec = plan.spec
    name = spec.name or new_name(spec.repository)
    if spec.detach and spec.log is None and not isinstance(plan.runtime, DockerRuntime):
        spec = replace(spec, log=ended.log_of(name))
    spec = replace(spec, name=name)
    entry = _entry(plan, spec, again or {})
    if isinstance(plan.runtime, DockerRuntime):
        spec = replace(spec, labels={registry.RECORD: registry.label(replace(entry, owner=None, owner_born=None))})
    plan.runtime.check(spec)
    registry.reserve(entry)
    # A tk that is killed is not a reason to remember its server: the reaper takes the state file away, too.
    spec = replace(spec, leftovers=(str(files.path_of(name)),))
    held = [entry]
    released: list[bool] = []

    def started(server: Server) -> None:
        held[0] = _with(entry, server)
        registry.record(held[0])

    def let_go() -> None:
        registry.record(replace(held[0], owner=None, owner_born=None))
        released.append(True)

    try:
        if spec.log is not None:
            with files.explain_os_errors():
                spec.log.unlink(missing_ok=True)
        with running(
            plan.runtime,
            spec,
            models=_awaited(plan),
            timeout=timeout,
            on_snapshot=on_snapshot,
            load=load,
            on_start=started,
            on_release=let_go,
            on_interrupt=on_interrupt,
        ) as (server, snapshot):
            held[0] = _as_it_says(held[0])
            registry.record(held[0])
            yield server, snapshot
    except BaseException:
        _forget(spec, held[0])
        raise
    if not released:
        _forget(spec, held[0])


def _awaited(plan: ServePlan) -> list[str]:
    """The models that the server loads as it starts."""
    deferred = {load.model for load in plan.deferred}
    return [name for name in model_names(plan.spec) if name not in deferred]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """How a server was ended: ``forced`` when it did not end when it was asked to."""

    name: str
    forced: bool


def stop(one: Running, *, grace: float = 10.0, forget: bool = False) -> Stopped:
    """End a server, by force after ``grace`` seconds, and take away what is left of it.

    How a detached one ended, and its log, is kept unless it is to ``forget``. One that another tk shows is ended by
    that tk, which is told to. Raises TkError when it cannot be ended.
    """
    if one.owned and one.owner is not None and one.owner != os.getpid():
        with contextlib.suppress(ProcessLookupError):
            os.kill(one.owner, signal.SIGTERM)
        deadline = time.monotonic() + grace + PATIENCE
        while one.owned and time.monotonic() < deadline:
            time.sleep(0.05)
    kept = one.detached and not forget
    forced, end = _end(one, grace, kept=kept)
    reaper.sweep([*one.leftovers, *([str(one.log)] if one.log and not kept else [])])
    # A tk that looked at the servers just now may have found it gone, and written down that.
    if kept:
        registry.record(end)
    else:
        registry.forget(one.name)
    return Stopped(name=one.name, forced=forced)


def environment(one: Running) -> Mapping[str, str]:
    """The environment that a running server was given, of which tk itself keeps no values; empty where it is hidden."""
    if one.container is not None:
        return engines.environment(engine_named(one.runtime), one.container)
    try:
        pairs = Path(f"/proc/{one.pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    return {os.fsdecode(name): os.fsdecode(value) for name, sign, value in (p.partition(b"=") for p in pairs) if sign}


def _entry(plan: ServePlan, spec: ServerSpec, again: Mapping[str, object]) -> Running:
    container = isinstance(plan.runtime, DockerRuntime)
    headers, metadata = opening_headers(spec.server_args)
    assert spec.name is not None
    return Running(
        name=spec.name,
        runtime=plan.runtime.name,
        repository=spec.repository.absolute(),
        release=spec.release if spec.release_known else None,
        image=image(spec) if container else None,
        endpoints=endpoints(spec),
        started=time.time(),
        container=spec.name if container else None,
        log=spec.log,
        gpus=spec.gpus,
        control=spec.control,
        headers=headers,
        metadata=metadata,
        detached=spec.detach,
        owner=os.getpid(),
        owner_born=born(os.getpid()),
        again=again,
    )


def _with(entry: Running, server: Server) -> Running:
    pid = getattr(server, "pid", None)
    if pid is None:
        return entry
    return replace(entry, pid=pid, born=born(pid), leftovers=getattr(server, "leftovers", ()))


def _as_it_says(entry: Running) -> Running:
    """The server with the release that it says it is."""
    version = server_version(entry.endpoints)
    return replace(entry, version=version, release=(version and release_of_server(version)) or entry.release)


def _forget(spec: ServerSpec, entry: Running) -> None:
    registry.forget(entry.name)
    if spec.log is not None:
        with contextlib.suppress(OSError):
            spec.log.unlink()


def _end(one: Running, grace: float, *, kept: bool) -> tuple[bool, Running]:
    """End the container or the process group: whether force was needed, and what is then known where it is ``kept``."""
    if one.container is not None:
        engine = engine_named(one.runtime)
        begin = time.monotonic()
        engines.stop(engine, one.container, grace)
        forced = time.monotonic() - begin >= grace > 0
        end = ended.collect(one, by_tk=True) if kept else one
        if not engines.remove(engine, one.container):
            engines.check(engine)
            raise TkError(f"container {one.container} cannot be removed", hint=f"see {engine} ps --all")
        return forced, end
    if one.pid is None or born(one.pid) != one.born:
        return False, ended.collect(one, by_tk=True)
    begin = time.monotonic()
    if not reaper.end_group(one.pid, grace=grace):
        raise TkError(f"{one.name} (pid {one.pid}) does not end, even by force", hint="is its device or disk stuck?")
    return time.monotonic() - begin >= grace > 0, ended.collect(one, by_tk=True)
