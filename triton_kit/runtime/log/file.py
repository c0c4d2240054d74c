"""The log of a server that tk started, wherever it is kept."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from triton_kit.errors import TkError, UsageError
from triton_kit.runtime import process
from triton_kit.runtime.container import engine as engines
from triton_kit.runtime.container import engine_named
from triton_kit.runtime.state import files, registry
from triton_kit.runtime.state.process_identity import alive

PAUSE = 0.1
"""Seconds between two looks at a log that is followed."""


def lines(name: str | None, *, tail: int | None, follow: bool) -> Iterator[str]:
    """The last ``tail`` lines (``None``: all) of a server's log, and with ``follow`` those to come until it ends.

    A detached server that ended without tk can still be asked for by its name. Raises UsageError when there is no such
    server or it shows its log elsewhere, TkError when the log cannot be read.
    """
    if name is not None and not any(one.name == name for one in registry.servers()):
        yield from _of_the_dead(name, tail)
        return
    one = registry.find(name)
    if one.container is not None:
        engine = engine_named(one.runtime)
        yield from _said(engines.log_argv(engine, one.container, tail=tail, follow=follow))
    elif one.log is None:
        raise UsageError(
            f"{one.name} is not detached: its log is shown where tk serve runs (pid {one.owner})",
            hint="start it with tk serve --detach to have its log kept",
        )
    else:
        yield from follow_file(one.log, tail=tail, ended=None if not follow else lambda: not alive(one.pid, one.born))


def _of_the_dead(name: str, tail: int | None) -> Iterator[str]:
    path = files.servers_dir() / f"{name}.log"
    if "/" in name or not path.is_file():
        registry.find(name)
    yield from follow_file(path, tail=tail, ended=None)


def follow_file(path: Path, *, tail: int | None, ended: Callable[[], bool] | None) -> Iterator[str]:
    """The last lines of a log, and those to come until ``ended`` says so; ``None`` follows nothing. Raises TkError."""
    try:
        with path.open("rb") as file:
            yield from (_text(line) for line in deque(file, tail))
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


def _said(argv: list[str]) -> Iterator[str]:
    """What a program says while it runs; it ends with the reader."""
    program = process.spawn(argv, grace=0.0)
    try:
        ended = False
        while not ended:
            ended = program.poll() is not None and program.output_ended
            yield from program.lines()
            time.sleep(0 if ended else PAUSE / 4)
    finally:
        program.stop(grace=0.0)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")
