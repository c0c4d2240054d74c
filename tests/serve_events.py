"""``tk serve`` as a process of its own, followed by its JSON events."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docker_engine import IMAGE

FREE = ["--http-port", "0", "--grpc-port", "0", "--metrics-port", "0"]
LOCAL = ["--runtime", "local"]
DOCKER = ["--runtime", "docker", "--image", IMAGE, "--pull", "never"]


def serve_command(*arguments: str) -> list[str]:
    """The command line of ``tk serve``."""
    return [sys.executable, "-m", "triton_kit", "serve", *arguments]


def wait_for(truth: Callable[[], bool], seconds: float = 90.0) -> bool:
    """Whether it becomes true in that time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not truth():
        time.sleep(0.05)
    return truth()


class Serving:
    """A ``tk serve`` that runs, with its events; its output goes to ``log``."""

    def __init__(self, log: Path, *arguments: str, runtime: Sequence[str] = DOCKER) -> None:
        self._out = log.open("w+")
        self.errors = log.with_suffix(".err").open("w+")
        argv = serve_command(*arguments, *runtime, "--format", "json", *FREE)
        self.process = subprocess.Popen(argv, stdout=self._out, stderr=self.errors)

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """The events so far, or those of a kind."""
        lines = Path(self._out.name).read_text().splitlines(keepends=True)
        found = [json.loads(line) for line in lines if line[-1] == "\n"]
        return [event for event in found if kind in ("", event["event"])]

    def wait_for(self, event: str) -> dict[str, Any]:
        """The first event of a kind, waited for."""
        assert wait_for(lambda: event in self.names() or self.process.poll() is not None)
        assert event in self.names(), self.said()
        return self.events(event)[0]

    def names(self) -> list[str]:
        return [e["event"] for e in self.events()]

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """What is saved inside, a watch sees in one look: tk stands still meanwhile, however long that takes."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            stat = Path(f"/proc/{self.process.pid}/stat")
            assert wait_for(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T")
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def said(self) -> str:
        return Path(self.errors.name).read_text()

    def away(self) -> None:
        """End it, if it still runs, and close its files."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # killed, its reaper would give the server its full grace
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)
        self.errors.close()
        self._out.close()


@contextmanager
def starter(repository: Path, logs: Path, *options: str) -> Iterator[Callable[..., Serving]]:
    """Starts ``tk serve`` on the repository with these options and more, each of which is gone at the end."""
    started: list[Serving] = []

    def start(*arguments: str, runtime: Sequence[str] = LOCAL) -> Serving:
        log = logs / f"serve{len(started)}.log"
        started.append(Serving(log, str(repository), *options, *arguments, runtime=runtime))
        return started[-1]

    try:
        yield start
    finally:
        for one in started:
            one.away()
