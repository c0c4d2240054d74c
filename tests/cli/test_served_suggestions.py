"""What tk serve, tk add and tk ps suggest about a running server works, for every kind of model, as it is printed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running_server import MODELS
from scaffold_models import write_onnx
from suggestions import commands_in

from triton_kit.cli import run
from triton_kit.cli.support import serve_output
from triton_kit.runtime.local import LocalRuntime

Run = Callable[..., tuple[int, str]]
STREAMS = MODELS.parent / "stream_models"
KINDS = {
    "a stream": STREAMS / "counter",
    "a model that takes sizes of its own alone": STREAMS / "fussy",
    "a model that reads pictures": MODELS / "picture",
    "a sequence, direct": STREAMS / "total_direct",
    "a sequence, oldest": STREAMS / "total_oldest",
    "a model without batches": MODELS / "pair",
    "strings": MODELS / "echo",
}
"""Models beside those of the sample: pictures, an ensemble and ONNX files."""


@pytest.fixture
def tk(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedded: LocalRuntime
) -> Iterator[Run]:
    """Run a command in a project with the sample and a model of each kind; what it serves ends with the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(serve_output, "TRIED", 100)
    assert run(["init", "shop", "--sample"]) == 0
    monkeypatch.chdir("shop")
    for source in KINDS.values():
        shutil.copytree(source, Path("model_repository", source.name), ignore=shutil.ignore_patterns("__pycache__"))
    capsys.readouterr()

    def go(*args: str) -> tuple[int, str]:
        code = run(list(args))
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    yield go
    run(["stop", "--all"])


def test_each_command_that_serve_prints_works(tk: Run) -> None:
    code, said = tk("serve", "--runtime", "local", "--ports", "auto", "--detach")
    assert code == 0, said
    suggested = commands_in(said)
    tried = [one for one in suggested if one[0] == "infer"]
    names = {path.name for path in Path("model_repository").iterdir() if path.is_dir()}
    assert {one[1] for one in tried} == names
    for one in tried:
        code, answer = tk(*one)
        assert code == 0, (one, answer)
    [stop] = [one for one in suggested if one[0] == "stop"]
    assert tk(*stop)[0] == 0
    assert "no server that tk started is running" in tk("ps")[1]


def test_what_add_suggests_asks_the_server_of_the_project(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "new.onnx")
    code, said = tk("add", "new", "--from", str(tmp_path / "new.onnx"))
    assert code == 0, said
    steps = commands_in(said)
    assert [one[0] for one in steps] == ["validate", "serve", "infer"]
    steps[1] += ["--runtime", "local", "--ports", "auto", "--detach"]
    for one in steps:
        code, answer = tk(*one)
        assert code == 0, (one, answer)
