"""Programs that tk starts: what they say, how they end, and that none outlives tk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from triton_kit.errors import TkError
from triton_kit.runtime.process import Process, run, spawn

STUBBORN = "trap '' TERM; sleep 100 & echo $!; wait; sleep 100"
"""A shell that ignores a polite request, with a child; it says the child's process id."""


def until(condition: Callable[[], object], *, patience: float = 60.0) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def lives(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def read(process: Process, count: int) -> list[str]:
    lines: list[str] = []
    assert until(lambda: lines.extend(process.lines()) or len(lines) >= count), lines
    return lines


def test_a_program_that_ends_tells_its_output_and_exit_code() -> None:
    done = run([sys.executable, "-c", "import sys; print('out'); sys.stderr.write('err'); sys.exit(3)"], timeout=60)
    assert (done.exit_code, done.stdout, done.stderr) == (3, "out\n", "err")


def test_input_reaches_the_program() -> None:
    assert run(["cat"], timeout=60, input="a\nb").stdout == "a\nb"


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert run(["printf", r"a\377b"], timeout=60).stdout == "a\ufffdb"


def test_an_argument_with_spaces_and_shell_characters_stays_one_argument() -> None:
    assert run(["printf", "%s", "a b;$HOME 'c'"], timeout=60).stdout == "a b;$HOME 'c'"


def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    for timeout in (0.3, 3, 30):
        with pytest.raises(TkError, match=rf"bash did not answer within {timeout} s"):
            run(["bash", "-c", f"sleep 100 & echo $! > '{note}'; wait"], timeout=timeout)
        if note.exists() and note.read_text():  # else it was ended before it got so far
            break
    assert until(lambda: not lives(int(note.read_text())))


def test_a_missing_program_is_named_with_what_to_do() -> None:
    with pytest.raises(TkError, match="no-such-program was not found") as caught:
        run(["no-such-program"], timeout=1)
    assert caught.value.hint == "install no-such-program, or put its directory on PATH"
    with pytest.raises(TkError, match="no-such-program was not found"):
        spawn(["no-such-program"])


def test_a_file_that_is_no_program_is_an_expected_failure(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    with pytest.raises(TkError, match="data cannot be started: Permission denied"):
        spawn([str(tmp_path / "data")])


def test_lines_come_from_both_streams_and_never_block() -> None:
    process = spawn(["bash", "-c", "echo one; echo two >&2; printf 'rest'; sleep 100"])
    assert read(process, 2) == ["one", "two"]
    assert list(process.lines()) == []
    assert process.poll() is None
    process.stop()
    assert list(process.lines()) == ["rest"]
    assert process.poll() == -signal.SIGTERM


def test_stopping_by_force_ends_children_and_removes_leftovers(tmp_path: Path) -> None:
    (tmp_path / "shm_1").touch()
    (tmp_path / "shm_2").mkdir()
    (tmp_path / "other").touch()
    process = spawn(["bash", "-c", STUBBORN], leftovers=[f"{tmp_path}/shm_*", f"{tmp_path}/never-there"])
    child = int(read(process, 1)[0])
    process.stop(grace=0.1)
    process.stop(grace=0.1)
    assert process.poll() == -signal.SIGKILL
    assert not lives(child)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_a_program_that_ended_by_itself_keeps_its_exit_code_when_stopped() -> None:
    process = spawn(["bash", "-c", "exit 7"])
    assert process.wait(60) == 7
    process.stop()
    assert process.poll() == 7


def test_a_ctrl_c_at_the_terminal_does_not_reach_the_program() -> None:
    process = spawn(["sleep", "100"])
    assert os.getpgid(process.pid) == process.pid != os.getpgid(0)
    process.stop()


PARENT = """
import sys, time
from triton_kit.runtime.process import spawn
process = spawn(["bash", "-c", sys.argv[1]], leftovers=[sys.argv[2]], grace=0.2)
while True:
    for line in process.lines():
        print(process.pid, line, flush=True)
    time.sleep(0.02)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_tk_that_is_killed_leaves_no_program_and_no_leftovers(tmp_path: Path, number: int) -> None:
    left = tmp_path / "left"
    left.touch()
    parent = subprocess.Popen([sys.executable, "-c", PARENT, STUBBORN, str(left)], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        program, child = map(int, parent.stdout.readline().split())
        assert lives(program)
        assert lives(child)
        parent.send_signal(number)
        parent.wait(60)
        assert until(lambda: not lives(program) and not lives(child) and not left.exists())


def test_a_program_that_is_not_kept_outlives_its_tk(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path\nfrom triton_kit.runtime.process import spawn\n"
        f"program = spawn(['bash', '-c', 'echo hello; sleep 100'], output=Path({str(tmp_path / 'log')!r}))\n"
        "program.release()\n"
        "print(program.pid)"
    )
    program = int(run([sys.executable, "-c", script], timeout=60).stdout)
    try:
        assert until(lambda: (tmp_path / "log").read_text() == "hello\n")
        assert lives(program)
    finally:
        os.killpg(program, signal.SIGKILL)


def test_what_must_not_be_parted_is_done_whole_however_often_it_is_interrupted(tmp_path: Path) -> None:
    begun, interrupts, enough, done = (tmp_path / name for name in ("begun", "interrupts", "enough", "done"))
    script = (
        "import pathlib, signal, time\n"
        "from triton_kit.runtime.process import run_uninterrupted\n"
        "def interrupt(number, frame):\n"
        f"    with open({str(interrupts)!r}, 'a') as file:\n"
        "        file.write('x')\n"
        "    raise KeyboardInterrupt\n"
        "signal.signal(signal.SIGINT, interrupt)\n"
        "def work():\n"
        f"    pathlib.Path({str(begun)!r}).touch()\n"
        f"    while not pathlib.Path({str(enough)!r}).exists():\n"
        "        time.sleep(0.01)\n"
        f"    pathlib.Path({str(done)!r}).touch()\n"
        "try:\n"
        "    run_uninterrupted(work)\n"
        "except KeyboardInterrupt:\n"
        f"    assert pathlib.Path({str(done)!r}).exists()\n"
        "    raise SystemExit(130)\n"
    )
    program = subprocess.Popen([sys.executable, "-c", script])
    try:
        while not begun.exists():
            assert program.poll() is None
            time.sleep(0.01)
        for i in range(1, 4):
            program.send_signal(signal.SIGINT)
            assert until(lambda i=i: interrupts.exists() and len(interrupts.read_text()) == i)
            time.sleep(0.05)
        enough.touch()
        assert program.wait(30) == 130
    finally:
        program.kill()
        program.wait()
