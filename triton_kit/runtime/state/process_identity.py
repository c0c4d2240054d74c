"""Whether a process is still the one that was started, and no other that was given its number."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def born(pid: int) -> str | None:
    """A mark of one life of a process number: the boot, and the clock ticks from it to the start of the process.

    ``None`` where there is no such process (a zombie is none either), or no /proc to ask.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    if stat[0] in (b"Z", b"X"):
        return None
    return f"{_boot()}:{int(stat[19])}"  # starttime, field 22 of proc(5)


def alive(pid: int | None, mark: str | None) -> bool:
    """Whether the process with that number and mark still runs; without /proc any process of that number counts."""
    if pid is None:
        return False
    if Path("/proc/self/stat").exists():
        return mark is not None and born(pid) == mark
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def group_alive(pid: int) -> bool:
    """Whether children of a dead process, of the group that it led, still run.

    The kernel gives a number to no new process while a group has it, so a process of that number, which is not the one
    in question, says that the group had ended.
    """
    if Path(f"/proc/{pid}").exists():
        return False
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, 0)
        return True
    return False


def _boot() -> str:
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""
