"""Work on many things shared with forks of this process, which have all that it has and start no program."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Result = TypeVar("Result")

_MOST = 8
_TOKEN = 2
MOST_PIECES = 65536 // _TOKEN // 2
"""What fits into a pipe before anyone reads from it, with room to spare."""


def in_pieces(count: int, work: Callable[[int], Result]) -> list[Result]:
    """``[work(0), work(1), ...]``, by this process and its forks together, each taking the next piece when it is free.

    The results of forks are pickled. A fork that fails is not an error: this process does again what it did, and raises
    what there is to raise. Where there is one processor, or another thread that would not survive a fork, there are no
    forks. ``count`` is at most MOST_PIECES.
    """
    done: dict[int, Result] = {}
    if count:
        # What the first piece imports and remembers, the forks have.
        done[0] = work(0)
    helpers = min(_processors(), _MOST, count - 1) - 1
    if helpers > 0:
        _share(count, work, helpers, done)
    return [done[i] if i in done else work(i) for i in range(count)]


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0)) if len(os.listdir("/proc/self/task")) == 1 else 1
    except (AttributeError, OSError):
        return 1


def _share(count: int, work: Callable[[int], Result], helpers: int, done: dict[int, Result]) -> None:
    tokens, giving = os.pipe()
    children: dict[int, int] = {}
    try:
        os.write(giving, b"".join(i.to_bytes(_TOKEN, "big") for i in range(1, count)))
        os.close(giving)
        for _ in range(helpers):
            with suppress(OSError):
                pid, pipe = _fork(tokens, work)
                children[pid] = pipe
        _take(tokens, work, done)
        for pid, pipe in list(children.items()):
            done.update(_received(pipe))
            del children[pid]
            _reap(pid)
    finally:
        os.close(tokens)
        for pid, pipe in children.items():
            os.close(pipe)
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
            _reap(pid)


def _fork(tokens: int, work: Callable[[int], Result]) -> tuple[int, int]:
    """A child that takes pieces, and the pipe that its results come through. Raises OSError."""
    receiving, sending = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(receiving)
        os.close(sending)
        raise
    if pid:
        os.close(sending)
        return pid, receiving
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.close(receiving)
        _work_as_child(tokens, sending, work)
    finally:
        # Never back into the caller's code, nor its exit handlers.
        os._exit(0)


def _work_as_child(tokens: int, sending: int, work: Callable[[int], Result]) -> None:
    import pickle

    done: dict[int, Result] = {}
    try:
        _take(tokens, work, done)
    except BaseException:
        # What was done counts; the parent finds out about the rest.
        pass
    with open(sending, "wb") as file:
        pickle.dump(done, file, pickle.HIGHEST_PROTOCOL)


def _take(tokens: int, work: Callable[[int], Result], done: dict[int, Result]) -> None:
    while token := os.read(tokens, _TOKEN):
        i = int.from_bytes(token, "big")
        done[i] = work(i)


def _received(pipe: int) -> dict[int, Result]:
    """What a child did; nothing where it died before it could say so."""
    import pickle

    with open(pipe, "rb") as file:
        data = file.read()
    try:
        found: dict[int, Result] = pickle.loads(data)
    except Exception:
        return {}
    return found


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
