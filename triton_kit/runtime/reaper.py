"""Ends a program that tk started, and what it left behind, when tk itself is gone: run as a script by process.py.

A server must not outlive a tk that was killed with ``kill -9``, and nothing inside the killed process can see to that.
So a second small process waits on a pipe whose other end only tk holds: the end of that pipe is the end of tk.
The kernel's PR_SET_PDEATHSIG would do the same with less, but it fires when the *thread* that started the child ends,
and it could not remove shared memory.

Standard library only, and few modules of it (no pathlib): it is started with ``-I -S`` beside every server.
"""

# ruff: noqa: PTH108, PTH110, PTH112, PTH114, PTH207

import glob
import os
import shutil
import signal
import sys
import time

CONTAINER = "container:"
"""Begins a leftover ``container:ENGINE:NAME``, which only the reaper removes: who is alive does that itself."""


def end_group(group: int, *, grace: float) -> bool:
    """End a process group: politely, after ``grace`` seconds by force; whether it is gone.

    The group of a program that was started in a session of its own has the program's process id as its id.
    """
    return _signal(group, signal.SIGTERM, grace) or _signal(group, signal.SIGKILL, 10.0)


def sweep(leftovers: list[str]) -> None:
    """Remove what a killed program could not: a directory, a file, or with a final ``*`` all that begins so."""
    for place in leftovers:
        if place.startswith(CONTAINER):
            continue
        for path in glob.glob(glob.escape(place[:-1]) + "*") if place.endswith("*") else [place]:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path, ignore_errors=True)
                continue
            try:
                os.unlink(path)
            except OSError:
                pass


def _signal(group: int, number: int, patience: float) -> bool:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return True
    end = time.monotonic() + patience
    pause = 0.01
    while time.monotonic() < end:
        time.sleep(pause)
        if not _alive(group):
            return True
        pause = min(pause * 1.5, 0.2)
    return False


def _alive(group: int) -> bool:
    """Whether a process of the group still runs; a zombie (its new parent may take its time) does not, on Linux."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    if not os.path.exists("/proc/self/stat"):
        return True
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, "rb") as file:
                state, _, member = file.read().rpartition(b")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(member) == group and state not in (b"Z", b"X"):
            return True
    return False


def _keep(grace: float, leftovers: list[str]) -> None:
    """Read the group's id, then wait: a second line says that all is done, the end of the pipe that tk is gone."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    group = sys.stdin.readline().strip()
    if not group or sys.stdin.readline():
        return
    end_group(int(group), grace=grace)
    sweep(leftovers)
    for place in leftovers:
        if place.startswith(CONTAINER):
            # The end of the engine's command line is not the end of a container that ignores its signal.
            _, engine, name = place.split(":", 2)
            os.spawnlp(os.P_WAIT, engine, engine, "rm", "--force", name)


if __name__ == "__main__":
    _keep(float(sys.argv[1]), sys.argv[2:])
