"""What others on this machine see of tk's own command line, in ps: not the secrets that were written on it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path


def hide(secrets: Iterable[str]) -> None:
    """Blot out these texts where the kernel shows the arguments of this process (Linux; elsewhere nothing happens).

    The arguments lie in the process's own memory, whose place /proc/self/stat tells (arg_start and arg_end, fields 48
    and 49 of proc(5)), and Python took copies of them at its start.
    """
    wanted = sorted({secret.encode("utf-8", "surrogateescape") for secret in secrets} - {b""}, key=len, reverse=True)
    if not wanted:
        return
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        begin, end = int(fields[45]), int(fields[46])
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(begin)
            text = memory.read(end - begin)
            shown = text
            for secret in wanted:
                shown = shown.replace(b"=" + secret + b"\0", b"=" + b"*" * len(secret) + b"\0")
            if shown != text:
                memory.seek(begin)
                memory.write(shown)
