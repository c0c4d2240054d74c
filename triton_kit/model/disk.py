"""What is in a directory, found with one scan, whatever is wrong with an entry."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator

DIRECTORY, FILE, DANGLING, OTHER = "directory", "file", "dangling link", "special file"

_SMALL = 1 << 14
_PIECE = 1 << 20
_GROWTH = 64 << 20
"""How much more than it said a file may turn out to be."""


def listing(path: str) -> dict[str, str]:
    """The names in a directory and what each is after following links; raises OSError where it cannot be listed."""
    found: dict[str, str] = {}
    with os.scandir(path) as entries:
        for entry in entries:
            try:
                if entry.is_dir():
                    found[entry.name] = DIRECTORY
                elif entry.is_file():
                    found[entry.name] = FILE
                else:
                    found[entry.name] = DANGLING if entry.is_symlink() and not _exists(entry.path) else OTHER
            except OSError:
                found[entry.name] = DANGLING
    return found


def kind_of(path: str) -> str | None:
    """What is at the path after following links: one of the kinds, or ``None`` for nothing."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return DANGLING if os.path.islink(path) else None
    if stat.S_ISDIR(mode):
        return DIRECTORY
    return FILE if stat.S_ISREG(mode) else OTHER


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def read_bytes(path: str) -> bytes:
    """The bytes of a regular file; raises OSError. Never waits on a pipe, nor reads what does not end."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            raise OSError(0, "not a regular file")
        size = info.st_size
        data = os.read(fd, size + 1)
        return data if len(data) == size else data + _rest(fd, size + _GROWTH - len(data))
    finally:
        os.close(fd)


def read_each(folder: str, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The bytes of regular files below a directory that is opened once, by path; raises OSError where it cannot be.

    For thousands of small files, of which those that cannot be read are passed over.
    """
    around = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for path in paths:
            try:
                fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=around)
                try:
                    data = os.read(fd, _SMALL)
                finally:
                    os.close(fd)
                yield path, data if 0 < len(data) < _SMALL else read_bytes(os.path.join(folder, path))
            except OSError:
                continue
    finally:
        os.close(around)


def _rest(fd: int, most: int) -> bytes:
    """What comes behind, of a file that grows, or of which the kernel does not tell the size."""
    pieces = []
    while piece := os.read(fd, _PIECE):
        pieces.append(piece)
        most -= len(piece)
        if most < 0:
            raise OSError(0, "a file without end")
    return b"".join(pieces)


def reason(error: OSError) -> str:
    """Why it could not be read, in two words of the operating system."""
    return (error.strerror or str(error)).lower()


def by_bytes(names: dict[str, str], kind: str) -> list[str]:
    """The names of that kind in the order in which the server sorts them: by bytes."""
    return sorted((name for name, what in names.items() if what == kind), key=os.fsencode)
