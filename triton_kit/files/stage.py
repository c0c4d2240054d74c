"""A place beside the target in which something is made ready before it takes its name."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

PREFIX = ".tk-stage-"


@contextlib.contextmanager
def stage(near: Path) -> Iterator[Path]:
    """An empty directory on the file system of the directory ``near``, gone when the block ends.

    It lies beside ``near``, not in it: a server takes every sub-directory of a repository for a model, hidden ones
    too (core model_repository_manager.cc:Poll). Only where ``near`` is the root of a file system, or is in a
    directory that cannot be written, is the stage inside. A lock says that its process lives; the stages of killed
    processes are removed by whoever comes next.
    """
    parent = _beside(near)
    for place in {near, parent}:
        remove_stale(place)
    path, handle = _make(parent)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(handle)


def remove_stale(directory: Path) -> None:
    """Remove the stages, directories and files, that killed processes left in ``directory``, and nothing else."""
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in list(entries):
            if entry.name.startswith(PREFIX) and not entry.is_symlink():
                _remove_if_stale(directory / entry.name)


def _remove_if_stale(path: Path) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            if lock(handle):
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
        finally:
            os.close(handle)


def _beside(near: Path) -> Path:
    real = near.resolve()
    parent = real.parent
    if parent != real and os.access(parent, os.W_OK | os.X_OK) and not real.is_mount():
        return parent
    return real


def _make(parent: Path) -> tuple[Path, int]:
    """A new locked directory; tried again when someone took it for stale in the instant before it was locked."""
    while True:
        path = parent / f"{PREFIX}{secrets.token_hex(6)}"
        path.mkdir()
        try:
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        if lock(handle) is not False and os.fstat(handle).st_nlink and path.exists():
            return path, handle
        os.close(handle)


def lock(handle: int) -> bool | None:
    """Lock without waiting: whether it worked; ``None`` where this file system knows no locks."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return None
    return True
