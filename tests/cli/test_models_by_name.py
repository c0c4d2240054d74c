"""One model, one name: every command that takes a path takes a model's name in the project, and means the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from scaffold_models import write_onnx

from triton_kit.cli import run

Run = Callable[..., tuple[int, str, str]]
COMMANDS = ("validate", "fmt", "graph", "render", "versions")


@pytest.fixture
def tk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    write_onnx(tmp_path / "a.onnx")
    assert run(["init", "p"]) == 0
    monkeypatch.chdir(tmp_path / "p")
    for name in ("dyn", "other"):
        assert run(["add", name, "--from", "../a.onnx"]) == 0
    capsys.readouterr()

    def go(*args: object) -> tuple[int, str, str]:
        code = run([str(a) for a in args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


def break_model(name: str) -> None:
    config = Path("model_repository", name, "config.pbtxt")
    config.write_text(config.read_text().replace("TYPE_FP32", "TYPE_INT8", 1))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_means_what_its_path_means(tk: Run, command: str) -> None:
    break_model("dyn")
    named, by_path = tk(command, "dyn"), tk(command, "model_repository/dyn")
    assert named[:2] == by_path[:2]
    assert named[2].replace("render dyn", "render model_repository/dyn") == by_path[2]
    assert "other" not in named[1]


@pytest.mark.parametrize("command", ["validate", "fmt", "graph"])
def test_a_name_means_it_in_every_directory_of_the_project(
    tk: Run, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_model("dyn")
    Path("docs").mkdir()
    monkeypatch.chdir("docs")
    assert tk(command, "dyn") == tk(command, "../model_repository/dyn")


@pytest.mark.parametrize("command", ["validate", "fmt", "graph"])
def test_without_a_project_the_repository_beside_is_taken(tk: Run, command: str) -> None:
    Path("tk.yaml").unlink()
    assert tk(command, "dyn") == tk(command, "model_repository/dyn")


@pytest.mark.parametrize("command", ["validate", "fmt", "graph"])
def test_a_path_goes_before_a_name(tk: Run, command: str) -> None:
    Path("dyn/inner").mkdir(parents=True)
    Path("dyn/inner/config.pbtxt").write_text('backend: "python"\n')
    assert tk(command, "dyn") == tk(command, "./dyn/")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(tk: Run, command: str) -> None:
    code, out, err = tk(command, "dny")
    assert (code, out) == (2, "")
    assert "did you mean dyn?" in err


@pytest.mark.parametrize("command", ["validate", "fmt", "graph"])
def test_a_word_that_is_nothing_is_refused(tk: Run, command: str) -> None:
    code, out, err = tk(command, "zzzzzz")
    assert (code, out) == (2, "")
    assert "zzzzzz does not exist" in err


def test_versions_alone_shows_every_model(tk: Run) -> None:
    code, out, err = tk("versions")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "model  versions  served  policy",
        "dyn    1         1       latest (the default)",
        "other  1         1       latest (the default)",
    ]
    assert tk("versions", "--repository", "model_repository") == (code, out, err)
    assert tk("versions", "list") == (code, out, err)


def test_versions_alone_goes_on_where_one_model_cannot_be_read(tk: Run) -> None:
    Path("model_repository/dyn/config.pbtxt").write_text("max_batch_size 8\n")
    code, out, err = tk("versions")
    assert code == 0
    assert "dyn    1                 cannot be read" in out
    assert "other  1         1       latest (the default)" in out
    assert "warning: model_repository/dyn/config.pbtxt:1:1: " in err
    broken, good = json.loads(tk("versions", "--format", "json")[1])["models"]
    assert (broken["served"], good["served"]) == (None, [1])
    assert broken["problem"].startswith("model_repository/dyn/config.pbtxt:1:1: ")


def test_versions_of_many_are_the_newest(tk: Run) -> None:
    for number in range(2, 9):
        Path(f"model_repository/dyn/{number}").mkdir()
    assert "dyn    ..., 4, 5, 6, 7, 8  8" in tk("versions")[1]


def test_versions_of_all_models_are_not_asked_of_a_server(tk: Run) -> None:
    code, _, err = tk("versions", "--server", "shop")
    assert code == 2
    assert "--server goes with a model" in err


def test_versions_of_an_empty_repository(tk: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert tk("versions", "--repository", tmp_path / "empty") == (0, "", "there are no models\n")
