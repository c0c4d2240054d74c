"""The log of a server that tk started, wherever it is kept."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from triton_kit.errors import TkError, UsageError
from triton_kit.runtime.container import engine_named
from triton_kit.runtime.container import log as container_log
from triton_kit.runtime.log.since import lines_since
from triton_kit.runtime.state import registry
from triton_kit.runtime.state.process_identity import alive

PAUSE = 0.1
"""Seconds between two looks at a log that is followed."""


def lines(name: str | None, *, tail: int | None, follow: bool, since: float | None = None) -> Iterator[str]:
    """The last ``tail`` lines (``None``: all) of a server's log, and with ``follow`` those to come until it ends.

    With ``since`` only those from that moment on. A server that has ended can still be asked for, and counts as seen
    then. Raises UsageError when there is no such server or it shows its log elsewhere, TkError when the log cannot be
    read.
    """
    one = registry.find(name, dead=True)
    if one.ended is not None:
        registry.mark_seen([one])
        if one.log is None:
            raise TkError(f"{one.name} has ended, and its log went with it")
    if one.container is not None:
        yield from container_log.lines(engine_named(one.runtime), one.container, tail=tail, follow=follow, since=since)
    elif one.log is None:
        raise UsageError(
            f"{one.name} is not detached: its log is shown where tk serve runs (pid {one.owner})",
            hint="start it with tk serve --detach to have its log kept",
        )
    else:
        follows = follow and one.ended is None
        ended = (lambda: not alive(one.pid, one.born)) if follows else None
        yield from follow_file(one.log, tail=tail, since=since, ended=ended)


def follow_file(
    path: Path, *, tail: int | None, ended: Callable[[], bool] | None, since: float | None = None
) -> Iterator[str]:
    """The last lines of a log, and those to come until ``ended`` says so; ``None`` follows nothing. Raises TkError."""
    try:
        with path.open("rb") as file:
            yield from (_text(line) for line in deque(lines_since(file, since), tail))
            while ended is not None:
                over = ended()
                if file.tell() > os.fstat(file.fileno()).st_size:  # it was cut; its name may be gone
                    file.seek(0)
                yield from (_text(line) for line in file)
                if over:
                    return
                time.sleep(PAUSE)
    except OSError as error:
        raise TkError(f"{path} cannot be read: {error.strerror or error}") from None


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")
