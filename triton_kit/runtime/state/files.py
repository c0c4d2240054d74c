"""Where tk keeps what must outlive it: the user's state directory, and the files in it that only the user may read."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from triton_kit.errors import TkError

SUFFIX = ".json"
STAGED = ".tk-stage-"
"""Begins the name of a file that was not yet moved into its place."""

MOST, KEPT = 64 * 1024 * 1024, 8 * 1024 * 1024
"""The bytes at which a log is cut, and how many of its last ones stay."""

DAY = 24 * 60 * 60.0
"""Seconds that the log of a server that ended without tk is kept."""


def state_dir() -> Path:
    """tk's own directory for what is not available again: ``triton-kit`` in ``$XDG_STATE_HOME`` (~/.local/state)."""
    general = os.environ.get("XDG_STATE_HOME")
    return (Path(general) if general else Path.home() / ".local" / "state") / "triton-kit"


def servers_dir() -> Path:
    """The directory with a file for each server that tk started, and the logs of those that were detached."""
    return state_dir() / "servers"


def place() -> str:
    """Names this state directory on this machine, for the labels of containers: an engine may serve several."""
    return f"{os.uname().nodename}:{state_dir().absolute()}"


def read_all() -> dict[str, Mapping[str, Any]]:
    """Every state file that can be read, by the server's name; none where nothing was ever started."""
    found: dict[str, Mapping[str, Any]] = {}
    with contextlib.suppress(OSError):
        for path in sorted(servers_dir().iterdir()):
            if path.suffix == SUFFIX and not path.name.startswith("."):
                with contextlib.suppress(OSError, ValueError):
                    value = json.loads(path.read_bytes())
                    if isinstance(value, dict):
                        found[path.name.removesuffix(SUFFIX)] = value
    return found


def path_of(name: str) -> Path:
    """Where the state of that server is, or would be."""
    return servers_dir() / f"{name}{SUFFIX}"


def write(name: str, value: Mapping[str, Any]) -> None:
    """Put the state of a server down, whole or not at all, for its user's eyes alone (mode 0600).

    Raises TkError where it cannot be written.
    """
    with explain_os_errors():
        make_directory()
        staged = servers_dir() / f"{STAGED}{secrets.token_hex(6)}"
        try:
            with private(staged) as handle:
                os.write(handle, json.dumps(value, indent=1).encode("ascii"))
            staged.replace(path_of(name))
        finally:
            staged.unlink(missing_ok=True)


def remove(name: str) -> None:
    """Take the state of a server away; nothing is said where there is none."""
    with contextlib.suppress(OSError):
        path_of(name).unlink()


def make_directory() -> None:
    """Make the directory for state files, closed to others, and its parents as they are usual."""
    directory = servers_dir()
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def private(path: Path) -> Iterator[int]:
    """A new, empty file that only its user may read and write, as a descriptor; an older one of that name is replaced.

    Replaced, not truncated: a program that still writes to the older one shall not write to this one.
    """
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def trim(path: Path, *, most: int = MOST, kept: int = KEPT) -> None:
    """Cut a log that has grown over ``most`` bytes to its last ``kept``; its server writes on at the end.

    It is done whenever tk looks at its servers. Lines that come in that very moment may be lost.
    """
    with contextlib.suppress(OSError):
        if path.stat().st_size <= most:
            return
        with path.open("r+b") as file:
            file.seek(-kept, os.SEEK_END)
            file.readline()
            rest = file.read()
            file.truncate(0)
        with path.open("ab") as file:
            file.write(rest)


def remove_old_logs(*, keep: Collection[str]) -> None:
    """Remove the logs of servers that are no longer there, after a day without a word."""
    with contextlib.suppress(OSError):
        for path in servers_dir().glob("*.log"):
            if path.name.removesuffix(".log") not in keep and path.stat().st_mtime < time.time() - DAY:
                path.unlink(missing_ok=True)


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Alone among all tk of this user; the kernel takes the lock back from one that is killed."""
    with explain_os_errors():
        make_directory()
        handle = os.open(servers_dir() / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with contextlib.suppress(ImportError, OSError):  # a file system that knows no locks
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def explain_os_errors() -> Iterator[None]:
    """OSError as a TkError with the remedy."""
    try:
        yield
    except OSError as error:
        raise TkError(
            f"{servers_dir()} cannot be written: {error.strerror or error}",
            hint="set XDG_STATE_HOME to a directory that can",
        ) from None
