"""Test runs themselves: they inherit nothing from whoever starts them, and leave nothing, however they end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import watcher
from docker_engine import IMAGE, need_image

TESTS = Path(__file__).resolve().parent


def until(truth: Callable[[], object], seconds: float = 120.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if truth():
            return True
        time.sleep(0.05)
    return False


def status(pid: int | str) -> dict[str, str]:
    """What the kernel tells of a process."""
    return dict(re.findall(r"^(\w+):\s*(.*)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE))


def test_a_child_gets_the_usual_signals_mask_and_environment() -> None:
    with subprocess.Popen(["sleep", "600"]) as child:
        try:
            assert until(lambda: b"sleep" in Path(f"/proc/{child.pid}/cmdline").read_bytes())
            found = status(child.pid)
        finally:
            child.kill()
    assert int(found["SigIgn"], 16) == 0
    assert int(found["SigBlk"], 16) == 0
    assert int(found["Umask"], 8) == 0o022
    usual = {"LANG": "C.UTF-8", "TERM": "xterm", "TZ": "UTC"}
    assert {name: os.environ.get(name) for name in (*usual, "COLUMNS", "LC_ALL", "CI", "NO_COLOR")} == {
        **usual, "COLUMNS": None, "LC_ALL": None, "CI": None, "NO_COLOR": None,
    }  # fmt: skip


@pytest.mark.parametrize("workers", ["0", "1"])
def test_what_started_a_run_hands_nothing_down(workers: str) -> None:
    def unusual() -> None:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGPIPE, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP})
        os.umask(0o077)

    name = f"{__file__}::{test_a_child_gets_the_usual_signals_mask_and_environment.__name__}"
    argv = [sys.executable, "-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", "-n", workers, name]
    strange = {"COLUMNS": "20", "TERM": "dumb", "LC_ALL": "C", "TZ": "Asia/Kathmandu", "CI": "1", "NO_COLOR": "1"}
    done = subprocess.run(
        argv, env={**os.environ, **strange}, preexec_fn=unusual, restore_signals=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


LEAVING = """
import os, pathlib, subprocess, time
import pytest

def leave(name):
    program = subprocess.Popen(["sleep", "600"], start_new_session=True)
    pathlib.Path(name).write_text(str(program.pid))
    program.returncode = 0  # nobody waits for it

@pytest.fixture(scope="session")
def shared():
    leave(f"shared-{os.getpid()}")

@pytest.mark.parametrize("number", [1, 2])
def test_hangs(shared, number):
    leave(f"hangs-{os.getpid()}")
    while True:
        time.sleep(0.1)

def test_passes():
    leave("passes")

def test_fails():
    leave("fails")
    assert False

def test_is_served(shared):
    pass

def test_contains(tmp_path):
    subprocess.run(["docker", "run", "--detach", "--volume", f"{tmp_path}:/there", "--entrypoint", "sleep",
        os.environ["IMAGE"], "600"], check=True)
    pathlib.Path("contains").write_text(str(tmp_path))
    while True:
        time.sleep(0.1)
"""


class Run:
    """A run of a few tests that leave what they start, with a variable in its environment and in all that it starts."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.word = f"TK_TEST_INNER={uuid.uuid4()}"
        self.process: subprocess.Popen[str] | None = None
        (place / "conftest.py").write_text("pytest_plugins = ['nothing_left']\n")
        (place / "pytest.ini").write_text("[pytest]\n")
        (place / "test_leaving.py").write_text(LEAVING)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", *arguments]
        name, _, value = self.word.partition("=")
        env = {**os.environ, name: value, "PYTHONPATH": str(TESTS), "TK_TEST_PATIENCE": "1", "IMAGE": IMAGE}
        self.process = subprocess.Popen(
            argv, cwd=self.place, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        return self.process

    def pids(self, kind: str) -> list[int]:
        """The processes, still there or not, that were left: written by the tests with the pid of theirs."""
        return [int(text) for path in self.place.glob(f"{kind}*") if (text := path.read_text())]

    def there(self) -> list[int]:
        """The processes of the run."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if self.word.encode() in (place / "environ").read_bytes():
                    found.append(int(place.name))
            except OSError:
                continue
        return found


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    one = Run(tmp_path)
    yield one
    for pid in one.there():
        os.kill(pid, signal.SIGKILL)
    if one.process is not None:
        one.process.communicate()


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_that_is_killed_leaves_nothing(run: Run, workers: str) -> None:
    process = run.start("-n", workers, "-k", "hangs")
    count = max(1, int(workers))
    assert until(lambda: len(run.pids("hangs")) == count and len(run.pids("shared")) == count)
    assert set(run.pids("hangs") + run.pids("shared")) <= set(run.there())
    process.kill()
    assert until(lambda: run.there() == []), run.there()


@pytest.mark.docker
def test_a_run_that_is_killed_leaves_no_container(run: Run) -> None:
    need_image()
    process = run.start("-n", "1", "-k", "contains")
    assert until((run.place / "contains").exists)
    place = (run.place / "contains").read_text()
    assert list(watcher.containers(str(Path(place).parent)).values()) == [place]
    process.kill()
    assert until(lambda: watcher.containers(str(Path(place).parent)) == {} and run.there() == [])


def test_a_process_that_has_no_environment_yet_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel has none of a process for a moment in exec; a shell without one makes that moment as long as asked."""
    mark = f"{os.environ.get(watcher.MARK, '')}{uuid.uuid4()}/"
    script = f'read line; export {watcher.MARK}="$1"; exec sleep 600'

    def is_found() -> bool:
        child = subprocess.Popen(["sh", "-c", script, "sh", mark], env={}, stdin=subprocess.PIPE)
        environment = Path(f"/proc/{child.pid}/environ")

        def pass_the_moment(_seconds: float) -> None:
            assert child.stdin is not None
            child.stdin.close()
            assert until(environment.read_bytes)

        try:
            assert environment.read_bytes() == b""
            monkeypatch.setattr(watcher, "time", SimpleNamespace(sleep=pass_the_moment))
            return child.pid in watcher.marked(mark)
        finally:
            child.kill()
            child.communicate()

    # It is waited for in its first second only, and a busy machine may let that go by.
    assert until(is_found, 60.0)


def test_a_worker_that_is_killed_leaves_nothing(run: Run) -> None:
    process = run.start("-n", "1", "--max-worker-restart", "0", "-k", "hangs")
    assert until(lambda: run.pids("hangs") and run.pids("shared"))
    (worker,) = [int(path.name.partition("-")[2]) for path in run.place.glob("hangs-*")]
    os.kill(worker, signal.SIGKILL)
    said, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "crashed" in said
    assert run.there() == []


def test_what_a_test_leaves_is_ended_and_told(run: Run) -> None:
    process = run.start("-k", "not hangs and not contains")
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert run.there() == []
    assert re.search(r"sleep 600 \(started by test_leaving.py::test_passes \(call\)\)", said), said
    # One that fails has its own message, and no second one.
    assert re.findall(r"^(ERROR|FAILED) (\S+)", said, re.MULTILINE) == [
        ("FAILED", "test_leaving.py::test_fails"),
        ("ERROR", "test_leaving.py::test_passes"),
    ]
    assert "left running by this run" in said
    assert re.search(r"sleep 600 \(started by test_leaving.py::test_is_served \(setup\)\)", said), said
