"""A command line that is read without Typer means what it means to Typer."""

from __future__ import annotations

import functools
import importlib
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from triton_kit import cli
from triton_kit.cli.support import plain, terminal, typer_app

Meaning = tuple[dict[str, Any], tuple[bool, bool, bool]]
"""The parameters of a command, and what the options that every command takes have set."""


def recorder(name: str, monkeypatch: pytest.MonkeyPatch) -> list[Meaning]:
    """Puts a function of the same face in the command's place that remembers what it is called with."""
    module = importlib.import_module(cli.module_of(name))
    command: Callable[..., int] = getattr(module, name)
    calls: list[Meaning] = []

    @functools.wraps(command)
    def record(**values: Any) -> int:
        told = terminal.settings
        bound = inspect.signature(command).bind(**values)
        bound.apply_defaults()
        calls.append((dict(bound.arguments), (told.quiet, told.verbose, told.no_color)))
        return 0

    monkeypatch.setattr(module, name, record)
    return calls


def by_typer(args: list[str], calls: list[Meaning]) -> Meaning | None:
    """What the command line means to Typer; ``None`` where it refuses it."""
    calls.clear()
    terminal.settings = terminal.Settings()
    return calls.pop() if typer_app.run(args) == 0 and calls else None


def by_reading(args: list[str], calls: list[Meaning]) -> Meaning | None:
    """What the command line plainly means; ``None`` where it is not plain."""
    calls.clear()
    terminal.settings = terminal.Settings()
    call = plain.read(args)
    if call is None:
        return None
    call()
    return calls.pop()


def words(name: str) -> list[str]:
    """Every option of the command, those that every command takes, and what may be beside them."""
    options = [o for p in typer_app.LazyCommands()[name].params for o in (*p.opts, *p.secondary_opts) if o[:1] == "-"]
    values = ["json", "text", "JSON", "github", "error", "none", "explicit", "on", "unknown", "24.10", "4", "-1", "R:4"]
    odd = [
        "-",
        "--",
        "",
        "-qv",
        "-x",
        "--form",
        "--format=json",
        "--format=",
        "--strict=1",
        "--release=",
        "--help",
        "a=b",
    ]
    return [*options, *values, *odd, "models", "a b", "--release=24.08", "--select=tensors", "--fail-on=note"]


@pytest.mark.parametrize("name", plain.PLAIN)
def test_what_is_read_plainly_is_what_typer_reads(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary = words(name)
    calls = recorder(name, monkeypatch)
    read = 0

    @given(st.lists(st.sampled_from(vocabulary), max_size=6))
    @example(["models", "--format", "json", "-q", "--skip-unknown", "--", "--strict"])
    @example(["--select", "a", "--select=b", "--no-color", "models", "other"])
    @example(["models", "--timeout=7", "--http-port", "0", "--", "--log-info=1", "other"])
    @example(["--", "--log-info=1"])
    @settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def same(rest: list[str]) -> None:
        nonlocal read
        if (meaning := by_reading([name, *rest], calls)) is not None:
            read += 1
            assert by_typer([name, *rest], calls) == meaning

    same()
    assert read > 50


@pytest.mark.parametrize("name", plain.PLAIN)
def test_every_option_that_is_declared_plainly_is_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = recorder(name, monkeypatch)
    for param in typer_app.LazyCommands()[name].params:
        if param.name == "help":
            continue
        choices = getattr(param.type, "choices", ["7"])
        for option in param.opts if param.param_type_name == "option" else ():
            args = [name, option] if param.is_flag else [name, option, str(choices[0])]
            meaning = by_reading(args, calls)
            assert meaning is not None, option
            assert by_typer(args, calls) == meaning


@pytest.mark.parametrize(
    "args",
    [
        [], ["--help"], ["validate", "--help"], ["validate", "--nonsense"], ["validate", "--format", "nonsense"],
        ["validate", "--release"], ["-q", "validate"], ["validate", "-qv"], ["validate", "--strict=yes"],
        ["validate", "--default-max-batch-size", "x"], ["rules"], ["nonsense"], ["--version", "x"],
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_typer(args: list[str]) -> None:
    assert plain.read(args) is None


def test_completion_is_left_to_typer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(plain.COMPLETION, "complete_bash")
    assert plain.read(["validate", "models"]) is None


def test_the_version_is_said_alike(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    read = capsys.readouterr().out
    assert typer_app.run(["--version"]) == 0
    assert capsys.readouterr().out == read


@pytest.mark.parametrize(
    "args",
    [
        ["--version"],
        ["validate", "--format=json", "--skip-unknown", "SAMPLE"],
        ["serve", "SAMPLE", "--runtime=local", "--http-port=0", "--grpc-port=0", "--metrics-port=0", "--dry-run"],
    ],
)
def test_typer_is_not_imported_for_it(args: list[str], sample: Path) -> None:
    code = "import sys; from triton_kit.cli import run; code = run(sys.argv[1:]); print('typer' in sys.modules, code)"
    given_args = [str(sample) if arg == "SAMPLE" else arg for arg in args]
    done = subprocess.run([sys.executable, "-c", code, *given_args], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "False 0", done.stdout + done.stderr
