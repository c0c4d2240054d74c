"""``tk demo`` as a user runs it: a process of its own, a real server, and nothing left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from triton_kit.runtime.local import LocalRuntime

pytestmark = pytest.mark.local

PATIENCE = 90.0


@pytest.fixture
def place(tmp_path: Path, embedded: LocalRuntime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the demo puts its temporary files; what a failed test left running there is ended."""
    directory = tmp_path / "temporary"
    directory.mkdir()
    monkeypatch.setenv("TMPDIR", str(directory))
    yield directory
    for pid in processes(directory):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def processes(directory: Path) -> list[int]:
    """The processes that have the directory on their command line: the server and its stubs."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if str(directory).encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


def left(place: Path) -> list[Path]:
    """What remains, but for a file that ONNX Runtime's own telemetry library makes when it is imported."""
    return [path for path in place.iterdir() if path.name != ".ses"]


def shared_memory(port: str) -> list[Path]:
    return list(Path("/dev/shm").glob(f"tk_127.0.0.1_{port}_*"))


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def tk(*args: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "triton_kit", *args]
    return subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE, check=False)


def start(place: Path, *args: str) -> subprocess.Popen[bytes]:
    """``tk demo`` with its conversation in files beside ``place``."""
    with (place.parent / "out").open("wb") as out, (place.parent / "err").open("wb") as err:
        argv = [sys.executable, "-m", "triton_kit", "demo", "--runtime", "local", *args]
        return subprocess.Popen(argv, stdout=out, stderr=err)


def ended(command: str) -> bool:
    """Whether a command that was shown works as it stands, in a shell where tk is on PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, shell=True, timeout=PATIENCE, check=False, env={**os.environ, "PATH": path})
    return done.returncode == 0


def said(place: Path) -> str:
    return (place.parent / "err").read_text()


def test_it_reads_the_digit_right_and_leaves_nothing(place: Path) -> None:
    done = tk("demo", "--runtime", "local")
    assert done.returncode == 0, done.stderr
    name, label, score = done.stdout.splitlines()[0].split()
    assert (name, label) == ("digit.png", "7")
    assert 0.9 < float(score) <= 1
    for line in ("latency", "http ", "grpc ", "metrics"):
        assert f"\n{line}" in done.stdout
    for model in ("digit_classifier", "digit_embedding  versions 1 and 2", "digit_preprocessing", "digits"):
        assert f"✓ {model}\n" in done.stderr
    assert left(place) == []
    assert processes(place) == []


def test_quiet_says_the_result_alone(place: Path) -> None:
    done = tk("demo", "--runtime", "local", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("digit.png  7  0.9")


def test_as_json_it_is_the_result_alone_on_stdout(place: Path) -> None:
    done = tk("demo", "--runtime", "local", "--format", "json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["version"] == 1
    assert result["label"] == "7"
    assert result["score"] > 0.9
    assert [found["score"] for found in result["top"]] == sorted((f["score"] for f in result["top"]), reverse=True)
    assert result["top"][0]["label"] == "7"
    assert len(result["top"]) == 3
    assert 0 < result["latency_ms"]["median"] <= result["latency_ms"]["first"]
    assert result["runtime"] == "local"
    assert set(result["endpoints"]) == {"http", "grpc", "metrics"}
    assert result["kept"] is None


def test_kept_it_outlives_tk_answers_and_ends_as_it_says(place: Path) -> None:
    done = tk("demo", "--runtime", "local", "--keep", "--format", "json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    kept, url = result["kept"], result["endpoints"]["http"]
    assert kept["pid"] in processes(place)
    health = tk("health", url, "--format", "json")
    assert health.returncode == 0, health.stdout + health.stderr
    answer = tk("infer", "digits", "--image", f"{kept['directory']}/models/digit-2.png", "--url", url, "--quiet")
    assert answer.returncode == 0, answer.stderr
    assert "2" in answer.stdout
    assert "Started HTTPService" in Path(kept["log"]).read_text()
    assert ended(kept["stop"])
    wait_for(lambda: not processes(place))
    assert left(place) == []
    assert shared_memory(url.rpartition(":")[2]) == []


def test_kept_as_text_it_tells_how_to_end_it(place: Path) -> None:
    done = tk("demo", "--runtime", "local", "--keep")
    assert done.returncode == 0, done.stderr
    stop = done.stderr.splitlines()[-1].strip()
    assert stop.startswith("tk stop ")
    assert ended(stop)
    wait_for(lambda: not processes(place))
    assert left(place) == []


def in_copy(place: Path) -> bool:
    return any(place.glob("tk-demo-*"))


def in_start(place: Path) -> bool:
    return bool(processes(place))


def in_load(place: Path) -> bool:
    return "✓ digit_" in said(place)


def in_answer(place: Path) -> bool:
    return "is up" in said(place)


def in_stop(place: Path) -> bool:
    return bool((place.parent / "out").read_text())


def interrupted(place: Path, phase: Callable[[Path], bool], number: signal.Signals, keep: bool) -> int:
    """The exit code of a demo that gets a signal in that phase."""
    program = start(place, *(["--keep"] if keep else []))
    try:
        wait_for(lambda: phase(place) or program.poll() is not None)
        program.send_signal(number)
        return program.wait(PATIENCE)
    finally:
        program.kill()
        program.wait()


@pytest.mark.parametrize("keep", [False, True], ids=["ended", "kept"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("phase", [in_copy, in_start, in_load, in_answer, in_stop])
def test_interrupted_in_any_phase_it_leaves_nothing(
    place: Path, phase: Callable[[Path], bool], number: signal.Signals, keep: bool
) -> None:
    if keep and phase in (in_stop, in_answer):
        pytest.skip("then the server may already be the user's")
    code = interrupted(place, phase, number, keep)
    for _ in range(5):
        if code == 0 and not keep:  # a phase that is short was over before the signal came
            code = interrupted(place, phase, number, keep)
    assert code in (130, 143), said(place)
    assert "Traceback" not in said(place)
    wait_for(lambda: not processes(place))
    assert left(place) == []


def test_killed_it_takes_the_server_along(place: Path) -> None:
    program = start(place)
    wait_for(lambda: in_load(place) or program.poll() is not None)
    program.kill()
    program.wait()
    wait_for(lambda: not processes(place))


def test_a_server_that_cannot_be_had_leaves_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(place / "nothing"))
    done = tk("demo", "--runtime", "docker")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-2].startswith("error: ")
    assert left(place) == []


@pytest.mark.parametrize("args", [["--runtime", "cloud"], ["--format", "xml"]])
def test_an_unknown_word_is_a_usage_error(place: Path, args: list[str]) -> None:
    done = tk("demo", *args)
    assert done.returncode == 2
    assert args[1] in done.stderr
    assert left(place) == []
