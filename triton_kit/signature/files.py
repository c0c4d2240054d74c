"""Opening a model file safely, naming what it really is when it is not what its name says."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from triton_kit.signature.errors import ModelFileError

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ", "an xz archive"),
    (0, b"7z\xbc\xaf", "a 7-Zip archive"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"ptrt", "a TensorRT plan"),
    (0, b"ftrt", "a TensorRT plan"),
    (0, b"\x89HDF\r\n", "an HDF5 file (Keras)"),
    (4, b"TFL3", "a TensorFlow Lite model"),
    (4, b"ORTM", "a model in ONNX Runtime's own format (.ort)"),
    (0, b"GGUF", "a GGUF model"),
    (8, b'{"', "a safetensors file"),
    (0, b"\x93NUMPY", "a numpy array"),
    (0, b"\x7fELF", "a program or library (ELF)"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x89PNG", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
)
_LFS = b"version https://git-lfs.github.com/spec/"
_TORCH_MEMBERS = (b"data.pkl", b"constants.pkl", b"/code/", b"/version", b"byteorder", b".format_version")


def name_kind(head: bytes) -> str | None:
    """What a file is by its first bytes (some 512 are enough), with its article; ``None`` where they do not show it."""
    start = head.lstrip()[:64].lower()
    if head.startswith(_LFS):
        return "a git-lfs pointer"
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if start.startswith(b"<?xml"):
        return "an XML file"
    if head.startswith(b"PK\x03\x04"):
        torch = any(member in head for member in _TORCH_MEMBERS)
        return "a PyTorch file (zip archive)" if torch else "a zip archive"
    if head[:1] == b"\x80" and head[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}:
        return "a Python pickle"
    for offset, magic, kind in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return kind
    if head and not head.translate(None, bytes(range(32, 127)) + b"\t\r\n\f"):
        return "a JSON file" if start[:1] in {b"{", b"["} else "a text file"
    if head and not head.strip(b"\0"):
        return "nothing but zero bytes at its start"
    return None


def open_model(path: str | Path, *, regular: bool = False) -> tuple[int, int]:
    """An open descriptor of a regular, non-empty file and its size in bytes; never waits on a pipe or a device.

    ``regular`` says that the caller has just seen a regular file there. Raises ModelFileError.
    """
    try:
        if not regular:
            check_regular(path, os.stat(path))  # noqa: PTH116 - a Path method would cost a second call
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise explain(path, error) from None
    try:
        size = check_regular(path, os.fstat(fd))
        if size == 0:
            raise ModelFileError(path, "is empty", reason="empty", hint="copy or export the model again")
    except BaseException:
        os.close(fd)
        raise
    return fd, size


def check_regular(path: str | Path, info: os.stat_result) -> int:
    """The size of a regular file. Raises ModelFileError for a directory, a pipe, a socket or a device."""
    if stat.S_ISREG(info.st_mode):
        return info.st_size
    if stat.S_ISDIR(info.st_mode):
        raise ModelFileError(path, "is a directory, not a model file", reason="directory", hint="give the file in it")
    kinds = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    kind = kinds.get(stat.S_IFMT(info.st_mode), "a device")
    raise ModelFileError(path, f"is {kind}, not a model file", reason="special", hint="give a regular file")


def explain(path: str | Path, error: OSError | ValueError) -> ModelFileError:
    """A failure of the operating system on a model file, as a message."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        dangling = os.path.islink(path)  # noqa: PTH114 - must not raise on a name that cannot be
        detail = "is a link to a file that does not exist" if dangling else "does not exist"
        return ModelFileError(path, detail, reason="missing")
    if isinstance(error, PermissionError):
        return ModelFileError(
            path, "cannot be read: permission denied", reason="unreadable", hint="check its permissions"
        )
    cause = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    return ModelFileError(path, f"cannot be read: {cause}", reason="unreadable")


def require_kind(path: Path, wanted: str, also: tuple[str, ...]) -> None:
    """Refuses a file whose first bytes say that it is something else than ``wanted`` or one of ``also``.

    A file whose bytes do not show what it is passes. Raises ModelFileError, also where the file cannot be opened or is
    empty.
    """
    fd, _ = open_model(path)
    try:
        head = os.pread(fd, 512, 0)
    except OSError as error:
        raise explain(path, error) from None
    finally:
        os.close(fd)
    kind = name_kind(head)
    if kind == "a git-lfs pointer":
        raise lfs_pointer(path)
    if kind and kind != wanted and kind not in also:
        raise ModelFileError(path, f"is {kind}, not {wanted}", reason="foreign")


def lfs_pointer(path: str | Path) -> ModelFileError:
    """The failure for a file that git-lfs has not fetched."""
    return ModelFileError(
        path, "is a git-lfs pointer, not the model itself", reason="git-lfs", hint="run `git lfs pull`"
    )
