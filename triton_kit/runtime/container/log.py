"""The log of a container, which its engine keeps."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from triton_kit.runtime import process
from triton_kit.runtime.container import Engine
from triton_kit.runtime.state import files

PAUSE = 0.025
"""Seconds between two looks at what the engine's command line has said."""


def log_argv(
    engine: Engine, container: str, *, tail: int | None = None, follow: bool = False, since: float | None = None
) -> list[str]:
    """The command line that shows a container's log."""
    return [
        engine,
        "logs",
        *(["--follow"] if follow else []),
        *([] if since is None else ["--since", f"{since:.0f}"]),
        "--tail",
        "all" if tail is None else str(tail),
        container,
    ]


def lines(
    engine: Engine, container: str, *, tail: int | None = None, follow: bool = False, since: float | None = None
) -> Iterator[str]:
    """The last ``tail`` lines (``None``: all) of a container's log, and with ``follow`` those to come until it ends."""
    program = process.spawn(log_argv(engine, container, tail=tail, follow=follow, since=since), grace=0.0)
    try:
        ended = False
        while not ended:
            ended = program.poll() is not None and program.output_ended
            yield from program.lines()
            time.sleep(0 if ended else PAUSE)
    finally:
        program.stop(grace=0.0)


def save(engine: Engine, container: str, path: Path) -> None:
    """Write what a container has said into a file for its user alone. Raises TkError where that cannot be."""
    with files.explain_os_errors():
        files.make_directory()
        with files.private(path) as handle:
            for line in lines(engine, container):
                os.write(handle, f"{line}\n".encode("utf-8", "surrogateescape"))
