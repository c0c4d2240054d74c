"""What is in a directory, found with one scan, whatever is wrong with an entry."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

DIRECTORY, FILE, DANGLING, OTHER = "directory", "file", "dangling link", "special file"

_SMALL = 1 << 14
_PIECE = 1 << 20
LARGEST_TEXT = 16_000_000
"""The most bytes that are read of a configuration, a YAML file, a template, a label file or the source of a model."""


class TooLarge(OSError):
    """A file that is larger than any real one of its kind, and not read; ``size`` is ``None`` where it is not known."""

    def __init__(self, size: int | None, most: int) -> None:
        from triton_kit.repository.size import show_size

        limit = show_size(most).replace(".0 ", " ")
        said = "it does not end" if size is None else f"it is {show_size(size)}"
        super().__init__(0, f"{said}, and one of more than {limit} is not read")


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


def read_bytes(path: str, most: int = LARGEST_TEXT) -> bytes:
    """The bytes of a regular file; raises OSError, TooLarge for one of more than ``most``. Never waits on a pipe."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            raise OSError(0, "not a regular file")
        size = info.st_size
        if size > most:
            raise TooLarge(size, most)
        data = os.read(fd, size + 1)
        return data if len(data) == size else data + _rest(fd, most - len(data), most)
    finally:
        os.close(fd)


def read_given(path: str | os.PathLike[str], most: int = LARGEST_TEXT) -> bytes:
    """The bytes of a file that a user names, which may be a pipe; raises OSError, TooLarge for more than ``most``."""
    with open(path, "rb") as file:
        info = os.fstat(file.fileno())
        if stat.S_ISREG(info.st_mode) and info.st_size > most:
            raise TooLarge(info.st_size, most)
        return read_stream(file, most)


def read_stream(stream: BinaryIO, most: int = LARGEST_TEXT) -> bytes:
    """What a stream gives until it ends; raises TooLarge where that is more than ``most``."""
    data = stream.read(most + 1)
    if len(data) > most:
        raise TooLarge(None, most)
    return data


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


def _rest(fd: int, left: int, most: int) -> bytes:
    """What comes behind, of a file that grows, or of which the kernel does not tell the size."""
    pieces = []
    while piece := os.read(fd, _PIECE):
        pieces.append(piece)
        left -= len(piece)
        if left < 0:
            raise TooLarge(None, most)
    return b"".join(pieces)


def reason(error: OSError) -> str:
    """Why it could not be read: in two words of the operating system, or the size that is too large."""
    said = error.strerror or str(error)
    return said if isinstance(error, TooLarge) else said.lower()


def remedy(error: OSError) -> str:
    """What to do about a file that could not be read."""
    return "check what wrote it" if isinstance(error, TooLarge) else "check its permissions"


def by_bytes(names: dict[str, str], kind: str) -> list[str]:
    """The names of that kind in the order in which the server sorts them: by bytes."""
    return sorted((name for name, what in names.items() if what == kind), key=os.fsencode)
