"""A zip archive opened with care: how much it holds and how far it expands is bounded before anything is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.files import explain, open_model

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

DIRECTORY_LIMIT = 8 * 1024 * 1024
"""Bytes of the archive's directory: some 100,000 entries, which takes Python's reader ten times as much memory."""
_MEMBER_LIMIT = 16 * 1024 * 1024
_FREE = 64 * 1024
_RATIO = 20
"""A member may be this many times the size of the whole archive, and ``_FREE`` bytes in any case."""
_END = b"PK\x05\x06"
_END_SIZE = 22
_COMMENT_LIMIT = 65535
_END64 = b"PK\x06\x06"
_ENCRYPTED = 1
_PLAIN, _DEFLATED = 0, 8


class Archive:
    """An open zip archive. ``names`` are those of its members, in its order."""

    def __init__(self, path: Path, opened: ZipFile, size: int) -> None:
        self._path = path
        self._opened = opened
        self._limit = min(_MEMBER_LIMIT, _FREE + _RATIO * size)
        self.names: tuple[str, ...] = tuple(opened.namelist())

    def read(self, name: str, most: int | None = None) -> bytes:
        """A member's bytes, or with ``most`` only so many from its start.

        Raises ModelFileError for one that is missing, encrypted, damaged, or expands beyond all measure.
        """
        try:
            info = self._opened.getinfo(name)
        except KeyError:
            raise ModelFileError(
                self._path, f"holds no {name}", reason="malformed", hint="export the model again"
            ) from None
        self._check(info)
        limit = self._limit if most is None else min(most, self._limit)
        try:
            with self._opened.open(info) as member:
                data = member.read(limit + 1)
        except Exception as error:
            raise broken(self._path, f"its {name} cannot be read: {error}") from None
        if most is None and len(data) > limit:
            raise ModelFileError(
                self._path,
                f"holds a {name} that expands to more than {limit:,} bytes",
                reason="malformed",
                hint="export the model again; no model has so much code in so small a file",
            )
        return data[:limit]

    def _check(self, info: ZipInfo) -> None:
        if info.flag_bits & _ENCRYPTED:
            raise ModelFileError(
                self._path, "is an encrypted zip archive", reason="malformed", hint="save the model without a password"
            )
        if info.compress_type not in (_PLAIN, _DEFLATED):
            raise broken(self._path, f"its {info.filename} is compressed in a way that PyTorch does not read")


def broken(path: Path, why: str = "") -> ModelFileError:
    """The failure for an archive that cannot be read; one cut short is the usual case."""
    fault = "is a broken zip archive" + (f": {why}" if why else ", perhaps cut short")
    return ModelFileError(path, fault, reason="truncated", hint="copy or download it again")


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """The archive at a path. Raises ModelFileError, also for one with more entries than any model has."""
    import zipfile

    fd, size = open_model(path)
    try:
        file = os.fdopen(fd, "rb")
    except OSError as error:
        os.close(fd)
        raise explain(path, error) from None
    with file:
        try:
            directory = directory_size(fd, size)
        except OSError as error:
            raise explain(path, error) from None
        if directory > DIRECTORY_LIMIT:
            raise ModelFileError(path, "is a zip archive with more entries than a model has", reason="malformed")
        try:
            opened = zipfile.ZipFile(file)
        except Exception:
            raise broken(path) from None
        with opened:
            yield Archive(path, opened, size)


def directory_size(fd: int, size: int) -> int:
    """The bytes that the archive's directory takes by its end record, 0 where there is none."""
    tail_size = min(size, _END_SIZE + _COMMENT_LIMIT)
    tail = os.pread(fd, tail_size, size - tail_size)
    at = tail.rfind(_END)
    if at < 0 or at + _END_SIZE > len(tail):
        return 0
    found = int.from_bytes(tail[at + 12 : at + 16], "little")
    wide = tail.rfind(_END64, 0, at)
    if wide >= 0 and wide + 48 <= len(tail):
        # Large archives say it again in 64 bits, just before.
        found = max(found if found != 0xFFFF_FFFF else 0, int.from_bytes(tail[wide + 40 : wide + 48], "little"))
    return found
