"""Compiled Python that would hide a change: of two saves in one second, the first one's code is taken for both."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from importlib.util import source_from_cache
from pathlib import Path


def drop_stale(model: Path) -> None:
    """Remove the bytecode in a model's directory that is older than its source and yet passes for current.

    Python compares the source's size and the second of its change (PEP 552), and the server's stub writes its bytecode
    beside each model. Nothing else is touched, and what cannot be removed stays.
    """
    for place in model.rglob("__pycache__"):
        with contextlib.suppress(OSError):
            for compiled in _hiding(place):
                compiled.unlink()


def _hiding(place: Path) -> Iterator[Path]:
    for compiled in place.glob("*.pyc"):
        with contextlib.suppress(OSError, ValueError, struct.error):
            source = Path(source_from_cache(str(compiled))).stat()
            with compiled.open("rb") as file:
                _magic, flags, second, size = struct.unpack("<4sIII", file.read(16))
            same = flags == 0 and second == int(source.st_mtime) & 0xFFFFFFFF and size == source.st_size & 0xFFFFFFFF
            if same and max(source.st_mtime_ns, source.st_ctime_ns) > compiled.stat().st_mtime_ns:
                yield compiled
