"""Which Python a packed environment has (conda-pack, venv-pack), by the names in its archive: nothing is extracted."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.files import require_kind
from triton_kit.value import Value

WHOLE = 16 * 1024**3
"""Bytes, decompressed, beyond which no environment goes."""
GLANCE = 64 * 1024**2
"""Bytes, decompressed, in which an environment has long shown its Python."""

_BLOCK = 512
_CHUNK = 1 << 18
_ENTRY_LIMIT = 1_000_000
_PYTHON = re.compile(rb"(?:\./)?(?:lib|bin)/python(3\.\d{1,2})(?:/|$)")
_PACKAGE = re.compile(rb"(?:\./)?lib/python3\.\d{1,2}/site-packages/([^/]+)")
_STANDARD = re.compile(rb"(?:\./)?lib/python3\.\d{1,2}/(?!site-packages(?:/|$))([^/]+)")
_LARGEST = 256 * 1024**2
"""Bytes of an archive, compressed, in which packages are looked for."""
_MOST = 1024**3
"""Bytes of it, decompressed."""
_PATIENCE = 3.0
"""Seconds that may take; then nothing is known."""
_HOOK = re.compile(rb"(?:\./)?etc/conda/activate\.d/[^/]+$")
_MORE = (b"L", b"K", b"x", b"g")
"""Kinds of entries that only say more of the next one, a long name for instance."""
_ACTIVATE = re.compile(rb"(?:\./)?bin/activate$")


class Environment(Value):
    """``python`` is ``3.10`` and the like, ``None`` where it does not say; ``activates``: it has bin/activate.

    ``whole`` is false where the archive was not read to its end.
    """

    python: str | None
    activates: bool
    whole: bool


class Survey(Value):
    """What else the entries of an archive show: one that leads out of it, with the reason, and a hook of conda."""

    leaving: tuple[str, str] | None
    hook: str | None


def survey(path: Path, *, most: int = GLANCE) -> Survey:
    """The first entry that a careful unpacker refuses, and the first hook of conda's activation, in ``most`` bytes.

    Refused are ``..``, an absolute path, and what lies behind a link of the archive (libarchive, with the flags
    ARCHIVE_EXTRACT_SECURE_*). Raises what ``read`` raises.
    """
    require_kind(path, "a tar archive", ("a gzip archive", "a bzip2 archive", "an xz archive"))
    links: set[bytes] = set()
    leaving: tuple[str, str] | None = None
    hook: str | None = None
    try:
        with _opened(path) as file:
            for entry in _entries(file, path, most):
                if entry is None:
                    continue
                name, kind = entry
                leaving = leaving or _leaving(name, kind, links)
                if hook is None and _HOOK.match(name):
                    hook = name.decode(errors="replace")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise _broken(path, error) from None
    return Survey(leaving=leaving, hook=hook)


def packages(path: Path) -> frozenset[str] | None:
    """The modules that an environment's packages and its standard library have at the top.

    ``None`` where they are not known: the archive is large or broken, or has files that lead Python elsewhere. The
    answer is kept, since it takes a while.
    """
    from hashlib import sha256

    from triton_kit.files.cache import keep, recall

    try:
        status = path.stat()
    except OSError:
        return None
    if status.st_size > _LARGEST:
        return None
    key = sha256(f"{path.resolve()} {status.st_size} {status.st_mtime_ns}".encode("utf-8", "replace")).hexdigest()[:32]
    kept = recall("environments", key)
    if kept is None:
        found = _packages(path)
        kept = {"modules": None if found is None else sorted(found)}
        keep("environments", key, kept)
    modules = kept.get("modules")
    return frozenset(map(str, modules)) if isinstance(modules, list) else None


def _packages(path: Path) -> set[str] | None:
    import time

    end = time.monotonic() + _PATIENCE
    found: set[str] = set()
    try:
        require_kind(path, "a tar archive", ("a gzip archive", "a bzip2 archive", "an xz archive"))
        with _opened(path) as file:
            for entry in _entries(file, path, _MOST):
                if entry is None:
                    return found or None
                held = _PACKAGE.match(entry[0]) or _STANDARD.match(entry[0])
                name = held[1].decode(errors="replace") if held else ""
                if name.endswith((".pth", ".egg-link", ".zip", ".egg")) or time.monotonic() > end:
                    return None
                if name:
                    found.add(name.partition(".")[0])
    except (ModelFileError, OSError, EOFError, ValueError, zlib.error):
        return None
    return None


def _leaving(name: bytes, kind: bytes, links: set[bytes]) -> tuple[str, str] | None:
    """Why an entry leads out of the archive. A link is remembered: nothing may lie behind it."""
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    shown = name.decode(errors="replace")
    if kind in _MORE:
        return None
    if name.startswith(b"/"):
        return shown, "is an absolute path"
    if b".." in parts:
        return shown, "has '..' in it"
    behind = (b"/".join(parts[:end]) for end in range(1, len(parts)))
    if links and any(one in links for one in behind):
        return shown, "lies behind a link"
    if kind == b"2":
        links.add(b"/".join(parts))
    else:
        links.discard(b"/".join(parts))
    return None


def read(path: Path, *, most: int = WHOLE) -> Environment:
    """What the archive at a path holds, as far as its first ``most`` bytes (decompressed) tell.

    Raises ModelFileError for a file that is not a tar archive, is broken, or has entries without end.
    """
    require_kind(path, "a tar archive", ("a gzip archive", "a bzip2 archive", "an xz archive"))
    python, activates, whole = None, False, False
    glance = most < WHOLE
    try:
        with _opened(path) as file:
            for entry in _entries(file, path, most):
                name = entry[0] if entry else b""
                if entry is None:
                    whole = True
                elif found := _PYTHON.match(name):
                    python = python or found[1].decode()
                elif _ACTIVATE.match(name):
                    activates = True
                if python and (activates or glance):
                    break
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise _broken(path, error) from None
    return Environment(python=python, activates=activates, whole=whole)


def _broken(path: Path, error: Exception) -> ModelFileError:
    return ModelFileError(
        path, f"is a broken archive, perhaps cut short: {error}", reason="truncated", hint="pack it again"
    )


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        head = file.read(6)
    if head[:2] == b"\x1f\x8b":
        import gzip

        return cast(IO[bytes], gzip.open(path))
    if head[:3] == b"BZh":
        import bz2

        return bz2.open(path)
    if head == b"\xfd7zXZ\0":
        import lzma

        return lzma.open(path)
    return path.open("rb")


def _entries(file: IO[bytes], path: Path, most: int) -> Iterator[tuple[bytes, bytes] | None]:
    """Names and kinds of a tar archive's entries; ``None`` at its end, nothing more where ``most`` bytes were read.

    The names of interest are short: where a longer one is in an entry of its own, its first 100 bytes are in the
    header as well, and are enough.
    """
    seen = 0
    for _ in range(_ENTRY_LIMIT):
        header = file.read(_BLOCK)
        seen += len(header)
        if len(header) < _BLOCK or not header.strip(b"\0"):
            if header and len(header) < _BLOCK:
                raise ValueError("its last header is incomplete")
            yield None
            return
        size = _size(header, path)
        name, prefix = (header[a:b].split(b"\0", 1)[0] for a, b in ((0, 100), (345, 500)))
        if prefix and header[257:262] == b"ustar" and header[262:263] == b"\0":
            name = prefix + b"/" + name
        yield name, header[156:157]
        left = -(-size // _BLOCK) * _BLOCK
        seen += left
        if seen > most:
            return
        while left:
            read = len(file.read(min(left, _CHUNK)))
            if not read:
                raise ValueError("it ends in the middle of a file")
            left -= read
    raise ModelFileError(path, "is an archive with more entries than an environment has", reason="malformed")


def _size(header: bytes, path: Path) -> int:
    checksum = header[148:156].strip(b"\0 ")
    spaces = header[:148] + b" " * 8 + header[156:]
    if not checksum or not re.fullmatch(rb"[0-7]+", checksum) or int(checksum, 8) != sum(spaces):
        raise ModelFileError(
            path, "is not a tar archive", reason="foreign", hint="pack the environment with conda-pack"
        )
    field = header[124:136]
    if field[0] & 0x80:  # GNU's way to write sizes of 8 GiB and more.
        return int.from_bytes(field[1:], "big")
    text = field.strip(b"\0 ")
    return int(text or b"0", 8)
