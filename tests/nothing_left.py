"""No process outlives the test that started it, however that test, its worker or the whole run ends.

Each process carries in its environment the mark of the run and of the worker that started it, and the name of the
test (pytest's own ``PYTEST_CURRENT_TEST``). After a test, what carries them has to be gone; the same holds after the
run, for the servers that many tests share. What is there all the same is ended, and the test or the run fails with its
name.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import pytest
import watcher
from watcher import MARK, PATIENCE

SHARED = "TK_TEST_SHARED"
"""The variable that a process of a fixture for many tests carries, with the mark of its worker as its value."""

Chosen = Callable[[int, Mapping[str, str]], bool]


class NothingLeft:
    """The hooks of one pytest process, be it the run itself or a worker of it."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        # A run that is started by a test of another run has the mark of that before its own.
        self.mark = f"{os.environ.get(MARK, '')}{worker or secrets.token_hex(6)}/"
        os.environ[MARK] = self.mark
        os.environ.pop(SHARED, None)
        self.watcher: subprocess.Popen[bytes] | None = None
        self.place = ""
        self.said: list[str] = []
        self.started = False
        self.failed = False
        sys.addaudithook(self._audit)

    def _audit(self, event: str, _arguments: tuple[Any, ...]) -> None:
        if event in ("subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty", "os.system"):
            self.started = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        if self.worker or session.config.option.collectonly:
            return
        self.place = str(session.config._tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]
        argv = [sys.executable, "-I", "-S", watcher.__file__, self.mark, self.place]
        clean = {key: value for key, value in os.environ.items() if key != MARK}
        self.watcher = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean,
            cwd="/", start_new_session=True,
        )  # fmt: skip

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        if fixturedef.scope == "function":
            return (yield)
        before = os.environ.get(SHARED)
        os.environ[SHARED] = self.mark
        try:
            return (yield)
        finally:
            if before is None:
                os.environ.pop(SHARED, None)
            else:
                os.environ[SHARED] = before

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        self.failed = self.failed or call.excinfo is not None
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, None, None]:
        """After everything else of the test: nothing that it started may run."""
        failed, self.failed = self.failed, False
        try:
            yield
        except BaseException:
            failed = True
            raise
        finally:
            left = self._ended(self._own, PATIENCE / (1 + 3 * failed)) if self.started else []
            self.started = False
            if left and not failed:
                pytest.fail("it leaves running, and had to be ended:\n" + "\n".join(left), pytrace=False)

    def _own(self, _pid: int, environment: Mapping[str, str]) -> bool:
        """Whether a process is not a fixture's that other tests have, too."""
        return environment.get(SHARED) != self.mark

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker that crashed leaves what it had started to us."""
        if error:
            watcher.end(f"{self.mark}{node.gateway.id}/")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """After the workers have ended: nothing of the run may be there."""
        if self.watcher is None:
            return
        self.said = self._ended(lambda _pid, _environment: True, PATIENCE)
        there = watcher.containers(self.place)
        watcher.remove(there)
        self.said += [f"a container that has {path}" for path in there.values()]
        if self.said and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.said:
            terminalreporter.section("left running by this run, and ended", red=True)
            for line in self.said:
                terminalreporter.line(line)

    def pytest_unconfigure(self) -> None:
        if self.watcher is not None and self.watcher.stdin is not None:
            self.watcher.stdin.write(b"done\n")
            self.watcher.stdin.close()
            self.watcher.wait()

    def _ended(self, chosen: Chosen, patience: float) -> list[str]:
        """What is chosen, carries our mark and does not end in time by itself, told; ended by force."""
        end = time.monotonic() + patience
        while left := {pid: e for pid, e in watcher.marked(self.mark).items() if chosen(pid, e)}:
            if time.monotonic() > end:
                break
            time.sleep(0.02)
        told = [
            f"{os.fsdecode(watcher.command_line(pid))[:300]} (started by {e.get('PYTEST_CURRENT_TEST', 'the run')})"
            for pid, e in left.items()
        ]
        if left:
            watcher.end(self.mark, chosen)
        return told


def pytest_configure(config: pytest.Config) -> None:
    if Path("/proc/self/environ").exists():
        worker = getattr(config, "workerinput", {}).get("workerid", "")
        config.pluginmanager.register(NothingLeft(worker), "nothing-left")
