"""Ends a program that tk started, and what it left behind, when tk itself is gone: run as a script by process.py.

A server must not outlive a tk that was killed with ``kill -9``, and nothing inside the killed process can see to that.
So a second small process waits on a pipe whose other end only tk holds: the end of that pipe is the end of tk.
The kernel's PR_SET_PDEATHSIG would do the same with less, but it fires when the *thread* that started the child ends,
and it could not remove shared memory.

Standard library only, and few modules of it (no pathlib): it is started with ``-I -S`` beside every server.
"""

# ruff: noqa: PTH

import glob
import os
import shutil
import signal
import sys
import time


def end_group(group: int, *, grace: float) -> bool:
    """End a process group: politely, after ``grace`` seconds by force; whether it is gone.

    The group of a program that was started in a session of its own has the program's process id as its id. A member
    that its parent has not yet waited for still counts.
    """
    return _signal(group, signal.SIGTERM, grace) or _signal(group, signal.SIGKILL, 5.0)


def sweep(leftovers: list[str]) -> None:
    """Remove what a killed program could not: a directory, a file, or with a final ``*`` all that begins so."""
    for place in leftovers:
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
    while time.monotonic() < end:
        time.sleep(0.02)
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
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


if __name__ == "__main__":
    _keep(float(sys.argv[1]), sys.argv[2:])
