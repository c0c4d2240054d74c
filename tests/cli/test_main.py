"""tk as a whole: its help, its options that every command takes, its exit codes."""

from __future__ import annotations

import importlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from triton_kit import cli
from triton_kit.cli.support import terminal
from triton_kit.errors import ProblemsFound, TkError, UsageError


def tk(*args: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    """Run the real tk in a process of its own."""
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-m", "triton_kit", *args], capture_output=True, text=True, timeout=60, **kwargs
    )


def test_help_lists_every_command_in_its_group() -> None:
    done = tk("--help")
    assert done.returncode == 0
    for name, entry in cli.COMMANDS.items():
        assert re.search(rf"^  {name} +\S", done.stdout, re.M), name
        assert f"{entry.group}:" in done.stdout


def test_help_imports_no_command() -> None:
    code = (
        "import sys; from triton_kit import cli; code = cli.run(['--help'])\n"
        "loaded = [m for m in sys.modules if m.startswith('triton_kit.cli.') and m.split('.')[2] != 'support']\n"
        "assert not loaded, loaded; assert 'rich' not in sys.modules; sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself_and_takes_the_common_options(name: str) -> None:
    done = tk(name, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    if "COMMAND [ARGS]" not in done.stdout:
        for option in ("--quiet", "--verbose", "--no-color"):
            assert option in done.stdout
    module = importlib.import_module(cli.module_of(name))
    face = getattr(module, "app", None) or getattr(module, name.replace("-", "_"))
    assert face is not None


def test_the_summary_of_a_command_fits_on_a_line() -> None:
    width = max(map(len, cli.COMMANDS))
    for name, entry in cli.COMMANDS.items():
        assert 2 + width + 2 + len(entry.summary) <= 78, name
        assert not entry.summary.endswith("."), name


def test_version_names_the_source_of_the_schema() -> None:
    done = tk("--version")
    assert done.returncode == 0
    assert re.fullmatch(
        r"tk \d+\.\d+\.\d+ \(configuration schema: tritonclient \d+\.\d+\.\d+, Triton \d\d\.\d\d\)\n", done.stdout
    )


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (["nonsense"], "no such command 'nonsense'"),
        (["validat"], "validate"),
        (["validate", "--nonsense"], "--nonsense"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_a_bad_command_line_is_one_error_and_exit_code_2(args: list[str], wanted: str) -> None:
    done = tk(*args)
    assert done.returncode == 2
    assert wanted in done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(("kind", "code"), [(TkError, 3), (UsageError, 2), (ProblemsFound, 1)])
def test_each_kind_of_failure_has_its_exit_code(
    kind: type[TkError], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import triton_kit.cli.validate as module

    def fail() -> None:
        raise kind("port 8000 is in use", hint="choose another")

    monkeypatch.setattr(module, "validate", fail)
    assert cli.run(["validate"]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "error: port 8000 is in use\n  hint: choose another\n"


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    import triton_kit.cli.validate as module

    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "validate", fail)
    with pytest.raises(ZeroDivisionError):
        cli.run(["validate"])


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_leaves_through_every_with(tmp_path: Path, number: signal.Signals, code: int) -> None:
    started, ended = tmp_path / "started", tmp_path / "ended"
    script = (
        "import sys, time, pathlib, contextlib\n"
        "import triton_kit.cli.validate as module\n"
        "from triton_kit import cli\n"
        "def wait():\n"
        "    with contextlib.ExitStack() as stack:\n"
        f"        stack.callback(pathlib.Path({str(ended)!r}).touch)\n"
        f"        pathlib.Path({str(started)!r}).touch()\n"
        # Many short sleeps: a signal that comes just before a long one begins would wait for its end.
        "        for _ in range(6000):\n"
        "            time.sleep(0.01)\n"
        "module.validate = wait\n"
        "sys.argv = ['tk', 'validate']\n"
        "cli.main()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
    try:
        while not started.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == code
    assert ended.exists()
    assert "Traceback" not in errors


def test_an_interrupt_in_code_made_of_text_has_the_documented_exit_code(tmp_path: Path) -> None:
    started = tmp_path / "started"
    (tmp_path / "sitecustomize.py").write_text(
        "import triton_kit.cli.validate as module\n"
        "def wait():\n"
        "    exec('import pathlib, time\\npathlib.Path(started).touch()\\nwhile True: time.sleep(0.1)')\n"
        f"started = {str(started)!r}\n"
        "module.validate = wait\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "triton_kit", "validate"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not started.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert errors == "interrupted\n"


def test_a_reader_that_goes_away_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m triton_kit --help | head -n 1"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "command",
    [("validate", "sample_repository"), ("graph", "sample_repository"), ("rules",), ("--version",), ("--help",)],
    ids=lambda command: command[0].strip("-"),
)
def test_a_full_disk_behind_the_output_is_one_error(command: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "triton_kit", *command], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert done.returncode == 3
    assert done.stderr == (
        "error: the output cannot be written: no space left on device\n  hint: write it to another place\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_what_is_said_on_the_side_loses_no_result() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "triton_kit", "graph", "nowhere"], stderr=full, stdout=subprocess.PIPE, timeout=60
        )
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("variables", "flag", "wanted"),
    [
        ({}, False, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        ({"FORCE_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, False, False),
    ],
)
def test_colours_follow_the_terminal_and_the_wish(
    variables: dict[str, str], flag: bool, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(terminal, "settings", terminal.Settings(no_color=flag))
    assert terminal.colors() is wanted


def test_text_that_the_terminal_cannot_show_is_escaped(tmp_path: Path) -> None:
    code = "from triton_kit.cli.support import terminal; terminal.out('caf\\udcff \\u2713')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=60, env={"PYTHONIOENCODING": "ascii"}, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == b"caf\\udcff \\u2713\n"
