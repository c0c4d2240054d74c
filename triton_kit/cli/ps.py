"""``tk ps``: the servers that tk started."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from triton_kit.cli.support import terminal
from triton_kit.cli.support.options import Format
from triton_kit.cli.support.table import table
from triton_kit.errors import TkError
from triton_kit.runtime import health
from triton_kit.runtime.state import registry
from triton_kit.runtime.state.registry import Running

PATIENCE = 2.0
"""Seconds that each server gets to say what it has ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """How many of a server's models are ready, out of those that it was to load; ``None`` when it does not answer."""

    ready: int
    models: int


def ps(
    format_: Format = "text",
) -> int:
    """List the servers that tk started on this machine and that still run, in containers or not.

    A server that ended without tk is named once, and what it left behind is removed.
    """
    running, ended = registry.look()
    with ThreadPoolExecutor(max_workers=8) as pool:
        states = list(pool.map(_readiness, running))
    for one in ended:
        if one.detached:
            how = registry.end_reason(one)
            hint = f"see its last lines with tk logs {one.name}" if one.log else None
            terminal.warn(f"{one.name} has ended without tk" + (f": {how}" if how else ""), hint=hint)
    if format_ == "json":
        servers = [_json(one, state) for one, state in zip(running, states, strict=True)]
        terminal.out_json({"servers": servers, "ended": [one.name for one in ended]})
    elif not running:
        terminal.say("no server that tk started is running")
    else:
        head = ("name", "runtime", "image", "ports", "models", "up", "gpus")
        for line in table(head, [_row(one, state) for one, state in zip(running, states, strict=True)]):
            terminal.out(line)
    return 0


def _readiness(one: Running) -> Readiness | None:
    try:
        states = health.index(one.endpoints, timeout=PATIENCE)
    except TkError:
        return None
    wanted = {state.name for state in states if state.state and state.reason != "unloaded"}
    unready = {state.name for state in states if state.state not in ("READY", "") and state.reason != "unloaded"}
    return Readiness(ready=len(wanted - unready), models=len(wanted))


def _row(one: Running, state: Readiness | None) -> tuple[str, ...]:
    models = "no answer" if state is None else f"{state.ready} of {state.models}"
    color = "green" if state is not None and state.ready == state.models else "yellow"
    image = (one.image or "-").removeprefix("nvcr.io/nvidia/")
    return (
        one.name,
        one.runtime if one.detached else f"{one.runtime}, attached",
        image,
        ",".join(str(port) for port in _ports(one)),
        terminal.style(models, color),
        uptime(time.time() - one.started),
        "-" if one.gpus == "none" else one.gpus,
    )


def uptime(seconds: float) -> str:
    """Seconds in the largest two units, such as ``3d 4h``."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def _ports(one: Running) -> list[int]:
    where = one.endpoints
    return [int(url.removesuffix("/metrics").rpartition(":")[2]) for url in (where.http, where.grpc, where.metrics)]


def _json(one: Running, state: Readiness | None) -> dict[str, object]:
    where = one.endpoints
    return {
        "name": one.name,
        "runtime": one.runtime,
        "repository": str(one.repository),
        "release": one.release,
        "image": one.image,
        "container": one.container,
        "pid": one.pid,
        "endpoints": {"http": where.http, "grpc": where.grpc, "metrics": where.metrics},
        "started": round(one.started, 3),
        "seconds": round(time.time() - one.started, 3),
        "models": None if state is None else {"ready": state.ready, "wanted": state.models},
        "gpus": one.gpus,
        "control": one.control,
        "detached": one.detached,
        "log": None if one.log is None else str(one.log),
    }
