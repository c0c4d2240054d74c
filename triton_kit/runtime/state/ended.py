"""What is kept of a server that has ended: how it ended, and its log, for a day or until it is to be forgotten."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.errors import TkError
from triton_kit.runtime import reaper
from triton_kit.runtime.container import engine as engines
from triton_kit.runtime.container import engine_named
from triton_kit.runtime.container import log as container_log
from triton_kit.runtime.state import files
from triton_kit.runtime.state.process_identity import group_alive

if TYPE_CHECKING:
    from triton_kit.runtime.state.registry import Running


def settle(one: Running) -> Running | None:
    """Take stock of a server that ended without tk, and remove what it left; ``None`` for one that nothing is kept of.

    That is one that a tk showed: its user saw its log and its end.
    """
    if one.pid is not None and group_alive(one.pid):
        reaper.end_group(one.pid, grace=1.0)
    found = collect(one) if one.detached else None
    if one.container is not None:
        engines.remove(engine_named(one.runtime), one.container)
    reaper.sweep([*one.leftovers, str(files.servers_dir() / f"{one.name}.env")])
    return found


def collect(one: Running, *, by_tk: bool = False) -> Running:
    """The server as an ended one, with its log in a file and its exit code where that is known.

    ``by_tk`` is whether tk ended it, which nobody needs to be told of.
    """
    end = replace(
        one, ended=time.time(), pid=None, born=None, container=None, owner=None, owner_born=None, leftovers=(),
        headers={}, metadata={}, seen=by_tk, cause="it was ended by tk stop" if by_tk else None,
    )  # fmt: skip
    if one.container is None:
        return end
    log = log_of(one.name)
    code, cause = None, None
    try:
        engine = engine_named(one.runtime)
        code, cause = engines.exit_state(engine, one.container, one.started)
        container_log.save(engine, one.container, log)
    except TkError:
        pass  # the engine went with its containers
    return replace(end, exit_code=code, cause=end.cause or cause, log=log if log.is_file() else None)


def over(one: Running) -> bool:
    """Whether a server ended so long ago that nothing is kept of it."""
    return one.ended is not None and one.ended < time.time() - files.DAY


def discard(one: Running) -> None:
    """Keep nothing of a server that has ended, its log included."""
    files.remove(one.name)
    if one.log is not None and one.log == log_of(one.name):
        one.log.unlink(missing_ok=True)


def log_of(name: str) -> Path:
    """Where the log of a server is that no engine keeps."""
    return files.servers_dir() / f"{name}.log"
