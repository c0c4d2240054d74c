"""``tk ps``: the servers that tk started."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated

from triton_kit.cli.support import terminal
from triton_kit.cli.support.declarations import Option
from triton_kit.cli.support.options import Format
from triton_kit.cli.support.table import display_width, table
from triton_kit.errors import TkError
from triton_kit.runtime import health
from triton_kit.runtime.state import registry
from triton_kit.runtime.state.registry import Running

PATIENCE = 2.0
"""Seconds that each server gets to say what it has ready."""

_HEAD: tuple[str, ...] = ("name", "runtime", "triton", "models", "up", "ports", "gpus")
"""The columns; those at the end are put below a server where a line would be too long for the terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """How many of a server's models are ready, out of those that it was to load; ``None`` when it does not answer."""

    ready: int
    models: int


def ps(
    everything: Annotated[
        bool, Option("--all", help="List those that have ended as well: for a day, or until tk stop --forget.")
    ] = False,
    format_: Format = "text",
) -> int:
    """List the servers that tk started on this machine and that still run, in containers or not.

    One that ended without tk is reported until tk ps or tk logs has shown it. Its log is kept: see tk logs.
    """
    running, dead = registry.look()
    with ThreadPoolExecutor(max_workers=8) as pool:
        states = list(pool.map(_readiness, running))
    news = [one for one in dead if not one.seen]
    for one in news:
        terminal.warn(f"{one.name} has ended without tk{_how(one)}", hint=_hint(one))
    if format_ == "json":
        servers = [_json(one, state) for one, state in zip(running, states, strict=True)]
        kept = [_ended_json(one) for one in dead]
        terminal.out_json({"servers": servers, "ended": [one.name for one in news], "kept": kept})
    else:
        _show(running, states, dead if everything else ())
    registry.mark_seen(news)
    return 0


def _show(running: Sequence[Running], states: Sequence[Readiness | None], dead: Sequence[Running]) -> None:
    rows: list[tuple[str, ...]] = [_row(one, state) for one, state in zip(running, states, strict=True)]
    rows += [_ended_row(one) for one in dead]
    if not rows:
        terminal.say("no server that tk started is running")
        return
    head = _HEAD
    if all(row[-1] == "-" for row in rows):
        rows, head = [row[:-1] for row in rows], head[:-1]
    room = shutil.get_terminal_size().columns
    shown = len(head)
    while shown > 1 and max(map(display_width, table(head[:shown], [row[:shown] for row in rows]))) > room:
        shown -= 1
    for i, line in enumerate(table(head[:shown], [row[:shown] for row in rows])):
        terminal.out(line)
        for below in _below(head[shown:], rows[i - 1][shown:], room) if i else ():
            terminal.out(below)


def _below(head: Sequence[str], row: Sequence[str], room: int) -> list[str]:
    """What does not fit beside a server, in as few lines as it fits into."""
    lines: list[str] = []
    for part in (f"  {title} {value}" for title, value in zip(head, row, strict=True) if value != "-"):
        if lines and display_width(lines[-1] + part) <= room:
            lines[-1] += part
        else:
            lines.append(part)
    return lines


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
    return (
        one.name,
        one.runtime if one.detached else f"{one.runtime}, attached",
        one.release or one.version or "-",
        terminal.style(models, color),
        uptime(time.time() - one.started),
        ",".join(str(port) for port in _ports(one)),
        "-" if one.gpus == "none" else one.gpus,
    )


def _ended_row(one: Running) -> tuple[str, ...]:
    code = "ended" if one.exit_code is None else f"exit {one.exit_code}"
    ago = f"{uptime(time.time() - (one.ended or 0.0))} ago"
    return (one.name, one.runtime, one.release or one.version or "-", terminal.style(code, "dim"), ago, "-", "-")


def _how(one: Running) -> str:
    parts = [one.cause, None if one.exit_code is None else f"exit code {one.exit_code}"]
    said = ", ".join(part for part in parts if part)
    return f": {said}" if said else ""


def _hint(one: Running) -> str:
    return f"see tk logs {one.name}, or start it again: tk restart {one.name}"


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
        "server_version": one.version,
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


def _ended_json(one: Running) -> dict[str, object]:
    return {
        "name": one.name,
        "runtime": one.runtime,
        "repository": str(one.repository),
        "release": one.release,
        "server_version": one.version,
        "image": one.image,
        "started": round(one.started, 3),
        "ended": round(one.ended or 0.0, 3),
        "exit_code": one.exit_code,
        "cause": one.cause,
        "seen": one.seen,
        "log": None if one.log is None else str(one.log),
    }
