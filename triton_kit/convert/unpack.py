"""A foreign archive into an empty directory: only what stays inside of it, only so much, and nothing is run."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from triton_kit.errors import UsageError
from triton_kit.signature.archive import DIRECTORY_LIMIT, directory_size
from triton_kit.signature.files import open_model

if TYPE_CHECKING:
    import tarfile
    import zipfile
    from collections.abc import Callable

MOST_MEMBERS = 20_000
_FREE = 64 * 1024 * 1024
_RATIO = 100
"""An archive may expand to this many times its size, and ``_FREE`` bytes in any case: weights hardly shrink."""
_CHUNK = 1024 * 1024
_ENCRYPTED = 1


@dataclass(frozen=True, slots=True)
class _Member:
    """An entry of an archive: its name as written, whether it is a directory or a regular file, how to open it."""

    name: str
    directory: bool
    regular: bool
    open: Callable[[], IO[bytes]]


def unpack(path: Path, target: Path, *, free: int = _FREE) -> tuple[str, ...]:
    """Write the files of a zip or gzipped tar archive below ``target``; their paths, with ``/``, in its order.

    Raises UsageError for an archive that is none, that is broken, or that holds what could do harm: a path that leads
    elsewhere, a link, a device, one path twice, or more than any model has; ModelFileError where it cannot be opened.
    """
    fd, size = open_model(path)
    with os.fdopen(fd, "rb") as file:
        head = file.read(4)
        file.seek(0)
        left = free + _RATIO * size
        if head.startswith(b"PK"):
            if directory_size(fd, size) > DIRECTORY_LIMIT:
                raise _too_many(path)
            members = _zip_members(path, file)
        elif head.startswith(b"\x1f\x8b"):
            members = _tar_members(path, file, left)
        else:
            raise UsageError(
                f"{path} is neither a zip nor a gzipped tar archive",
                hint="give what torch-model-archiver made: NAME.mar or NAME.tar.gz",
            )
        written: dict[str, None] = {}
        for i, member in enumerate(_read(path, members)):
            if i >= MOST_MEMBERS:
                raise _too_many(path)
            name = _safe(path, member)
            if member.directory:
                continue
            if name in written:
                raise UsageError(f"{path} holds {name} twice", hint="make the archive again")
            left -= _write(path, member, target, name, left)
            written[name] = None
    return tuple(written)


def _read(path: Path, members: Iterator[_Member]) -> Iterator[_Member]:
    """The members; whatever the readers stumble over is a broken archive."""
    while True:
        try:
            member = next(members, None)
        except Exception as error:
            raise _broken(path, error) from None
        if member is None:
            return
        yield member


def _broken(path: Path, error: Exception) -> UsageError:
    if isinstance(error, UsageError):
        return error
    return UsageError(f"{path} is a broken archive: {error or type(error).__name__}", hint="copy or make it again")


def _too_many(path: Path) -> UsageError:
    return UsageError(f"{path} holds more than {MOST_MEMBERS:,} entries", hint="no model has so many")


def _too_large(path: Path) -> UsageError:
    return UsageError(f"{path} expands to more than any model of its size", hint="do not trust this archive")


def _safe(path: Path, member: _Member) -> str:
    """A member's path inside the target. Raises UsageError for what would be elsewhere, or no plain file."""
    name = member.name
    parts = [part for part in name.rstrip("/").split("/") if part not in ("", ".")]
    outside = name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or not parts
    if outside or any(not part.isprintable() or len(os.fsencode(part)) > 255 for part in parts):
        raise UsageError(
            f"{path} holds {name!r}, which is not a path inside of a model", hint="do not trust this archive"
        )
    if not (member.directory or member.regular):
        raise UsageError(f"{path} holds {name}, which is a link or a device", hint="do not trust this archive")
    return "/".join(parts)


def _write(path: Path, member: _Member, target: Path, name: str, left: int) -> int:
    """Write a member that may have ``left`` bytes, and count them: what the archive says of sizes is not believed."""
    count = 0
    place = target.joinpath(*name.split("/"))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as out, member.open() as opened:
            while chunk := opened.read(_CHUNK):
                count += len(chunk)
                if count > left:
                    raise _too_large(path)
                out.write(chunk)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{path} holds {name} both as a file and as a directory", hint="make it again") from None
    except Exception as error:
        raise _broken(path, error) from None
    return count


def _zip_members(path: Path, file: IO[bytes]) -> Iterator[_Member]:
    import zipfile

    try:
        opened = zipfile.ZipFile(file)
    except Exception as error:
        raise _broken(path, error) from None
    with opened:
        for info in opened.infolist():
            yield _zip_member(opened, info)


def _zip_member(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    # Archives made elsewhere than on Unix have no mode.
    mode = stat.S_IFMT(info.external_attr >> 16)
    regular = mode in (0, stat.S_IFREG) and not info.flag_bits & _ENCRYPTED
    return _Member(info.orig_filename, info.is_dir(), regular, lambda: opened.open(info))


class _Bounded:
    """A gzipped stream that ends in an error where it gets too long: what tar keeps beside its files counts, too."""

    def __init__(self, path: Path, file: IO[bytes], most: int) -> None:
        import gzip

        self._path = path
        self._stream = gzip.GzipFile(fileobj=file)
        self._left = most

    def read(self, size: int = _CHUNK) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise _too_large(self._path)
        return data


def _tar_members(path: Path, file: IO[bytes], most: int) -> Iterator[_Member]:
    import tarfile

    try:
        # Read as it comes, a block at a time.
        bounded: Any = _Bounded(path, file, most)
        opened = tarfile.open(fileobj=bounded, mode="r|")  # noqa: SIM115 - the block below closes it
    except Exception as error:
        raise _broken(path, error) from None
    with opened:
        for info in opened:
            yield _tar_member(opened, info)


def _tar_member(opened: tarfile.TarFile, info: tarfile.TarInfo) -> _Member:
    def open_() -> IO[bytes]:
        found = opened.extractfile(info)
        if found is None:
            raise OSError("an entry is not a file")
        return found

    regular = info.isreg() and not info.issparse()
    return _Member(info.name, info.isdir(), regular, open_)
