"""The one place that starts programs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from triton_kit.errors import TkError
from triton_kit.runtime import reaper

LINES_KEPT = 50_000
"""How many unread lines of a program's output are kept; older ones are dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A program that ran to its end. The exit code is negative when a signal ended it."""

    exit_code: int
    stdout: str
    stderr: str


class NoAnswerError(TkError):
    """A program was not done in time."""


def run(
    argv: Sequence[str],
    *,
    timeout: float,
    env: Mapping[str, str] | None = None,
    input: str | None = None,  # noqa: A002
) -> Completed:
    """Run a program to its end and return what it said. ``env`` replaces the environment when given.

    Raises TkError when the program does not exist or cannot be started, and NoAnswerError when it is not done after
    ``timeout`` seconds (then it and its children are ended).
    """
    with _open(argv, env=env, stdin=subprocess.DEVNULL if input is None else subprocess.PIPE, merge=False) as process:
        try:
            out, err = process.communicate(None if input is None else input.encode(), timeout=timeout)
        except subprocess.TimeoutExpired:
            raise NoAnswerError(f"{Path(argv[0]).name} did not answer within {timeout:g} s: {' '.join(argv)}") from None
        finally:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, 9)
    return Completed(exit_code=process.returncode, stdout=_text(out), stderr=_text(err))


class Process:
    """A program that runs in a session of its own, with its output as lines; see ``spawn``."""

    def __init__(
        self,
        program: subprocess.Popen[bytes],
        guard: subprocess.Popen[bytes] | None,
        leftovers: tuple[str, ...],
        output: Path | None = None,
    ) -> None:
        self._program = program
        self._output = output
        self._guard = guard
        self._leftovers = leftovers
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._reader = threading.Thread(target=self._read, name=f"log of {program.pid}", daemon=True)
        self._stopped = False

    @property
    def pid(self) -> int:
        return self._program.pid

    @property
    def output_ended(self) -> bool:
        """Whether the program and its children closed their output: no further line can come."""
        return not self._reader.is_alive()

    def poll(self) -> int | None:
        """``None`` while it runs, then the exit code (negative: ended by that signal)."""
        return self._program.poll()

    def wait(self, timeout: float) -> int | None:
        """Wait up to ``timeout`` seconds for the end; the exit code, or ``None`` if it still runs."""
        try:
            return self._program.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def lines(self) -> Iterator[str]:
        """The lines of stdout and stderr that came since the last call, without line ends; never blocks."""
        while self._lines:
            yield self._lines.popleft()

    def interrupt(self, number: int) -> None:
        """Send a signal to the program alone, if it still runs."""
        if self._program.poll() is None:
            self._program.send_signal(number)

    def release(self) -> None:
        """Let the program outlive tk from here on."""
        if self._guard is not None:
            _dismiss(self._guard)
            self._guard = None

    def abandon(self) -> None:
        """End the program alone, by force, so that it can pass nothing on; what it left stays."""
        self.interrupt(signal.SIGKILL)
        self.wait(5.0)

    def stop(self, *, grace: float = 10.0) -> None:
        """End the program and every child of it, by force after ``grace`` seconds; then remove its leftovers.

        Stopping twice is fine. The lines that came until the end can still be read.
        """
        if self._stopped:
            return
        self._end(grace)
        self._stopped = True
        if self._guard is not None:
            _dismiss(self._guard)
        reaper.sweep(list(self._leftovers))
        self._reader.join(2.0)

    def _end(self, grace: float) -> None:
        # The program's exit status has to be collected while its group is waited for: a zombie is still a member.
        waiter = threading.Thread(target=self._program.wait, daemon=True)
        waiter.start()
        reaper.end_group(self._program.pid, grace=grace)
        waiter.join(2.0)

    def _read(self) -> None:
        if self._output is not None:
            self._follow(self._output)
            return
        stream = self._program.stdout
        assert stream is not None
        with stream, contextlib.suppress(ValueError, OSError):
            for line in stream:
                self._lines.append(_text(line).rstrip("\r\n"))

    def _follow(self, output: Path) -> None:
        """Read what the program writes to a file, until it has ended."""
        rest = b""
        with contextlib.suppress(OSError), output.open("rb") as stream:
            while True:
                ended = self._program.poll() is not None
                *lines, rest = (rest + stream.read()).split(b"\n")
                self._lines.extend(_text(line).rstrip("\r") for line in lines)
                if ended:
                    return
                time.sleep(0.02)


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    leftovers: Sequence[str] = (),
    grace: float = 10.0,
    output: Path | None = None,
) -> Process:
    """Start a program that keeps running. ``env`` replaces the environment when given.

    It gets a session of its own: a Ctrl-C at the terminal reaches tk alone, which then ends it in order. If tk is
    killed, a reaper process ends the program's whole group (``grace`` seconds after asking politely) and removes
    ``leftovers``: paths, with a final ``*`` all paths that begin so. A program that is to be released, and outlive tk,
    needs ``output``, a new file for what it says, since a pipe ends with tk.
    Raises TkError when the program does not exist or cannot be started.
    """
    guard = _guard(grace, leftovers)
    started: list[subprocess.Popen[bytes]] = []
    failed: list[BaseException] = []

    def start() -> None:
        try:
            program = _open(argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, merge=True, output=output)
        except BaseException as error:
            failed.append(error)
            return
        started.append(program)
        assert guard.stdin is not None
        with contextlib.suppress(OSError):
            guard.stdin.write(f"{program.pid}\n".encode())
            guard.stdin.flush()

    run_uninterrupted(start)
    if failed:
        _dismiss(guard)
        raise failed[0]
    process = Process(started[0], guard, tuple(leftovers), output)
    process._reader.start()
    return process


def run_uninterrupted(action: Callable[[], None]) -> None:
    """Do it whole, or not at all, even when a Ctrl-C comes meanwhile; that then follows.

    Signals raise in the main thread, so another one does it: between a program's start and the reaper's knowing of it
    nothing may come. ``Thread.join`` cannot wait for that: interrupted once, it takes the thread for ended (CPython
    before 3.13, bpo-45274).
    """
    claim, done = [action], threading.Event()

    def work() -> None:
        try:
            claimed = claim.pop()
        except IndexError:  # called off
            return
        try:
            claimed()
        finally:
            done.set()

    held: BaseException | None = None
    try:
        threading.Thread(target=work, daemon=True).start()
        done.wait()
    except BaseException as error:
        held = error
        with contextlib.suppress(IndexError):
            claim.pop()
            raise
    while not done.is_set():
        try:
            done.wait()
        except BaseException as error:  # noqa: PERF203 - each wait may be interrupted
            held = held or error
    if held is not None:
        raise held


def _guard(grace: float, leftovers: Sequence[str]) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-I", "-S", str(Path(reaper.__file__)), str(grace), *leftovers]
    return subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def _dismiss(guard: subprocess.Popen[bytes]) -> None:
    """Tell the reaper that nothing is left to keep; without a first line, it ends by itself."""
    assert guard.stdin is not None
    with contextlib.suppress(OSError):
        guard.stdin.write(b"done\n")
        guard.stdin.close()
    guard.wait()


def _open(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: int,
    merge: bool,
    output: Path | None = None,
) -> subprocess.Popen[bytes]:
    try:
        with contextlib.ExitStack() as opened:
            return subprocess.Popen(
                list(argv),
                env=None if env is None else dict(env),
                cwd=cwd,
                stdin=stdin,
                stdout=subprocess.PIPE if output is None else opened.enter_context(open(output, "ab", opener=_private)),
                stderr=subprocess.STDOUT if merge else subprocess.PIPE,
                start_new_session=True,
            )
    except FileNotFoundError:
        if cwd is not None and not cwd.is_dir():
            raise TkError(f"{cwd} is not a directory") from None
        raise TkError(
            f"{argv[0]} was not found", hint=f"install {Path(argv[0]).name}, or put its directory on PATH"
        ) from None
    except OSError as error:
        raise TkError(f"{argv[0]} cannot be started: {error.strerror or error}") from None


def _private(path: str, flags: int) -> int:
    """Open a log, which may tell what is nobody else's business."""
    return os.open(path, flags, 0o600)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
