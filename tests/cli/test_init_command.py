"""``tk init`` as a user sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from scaffold_models import write_onnx
from suggestions import commands_in

from triton_kit.cli import run
from triton_kit.cli.support import terminal
from triton_kit.linter.engine import lint
from triton_kit.repository.release_name import DEFAULT_RELEASE

Run = Callable[..., tuple[int, str, str]]

PROJECT = {".gitignore", ".pre-commit-config.yaml", "README.md", "tk.yaml"}


@pytest.fixture
def tk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def go(*args: object) -> tuple[int, str, str]:
        code = run([str(a) for a in args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


def files(root: Path) -> set[str]:
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if not p.is_dir()}


def test_a_new_directory_becomes_a_project(tk: Run, tmp_path: Path) -> None:
    code, out, err = tk("init", "shop")
    assert code == 0
    assert out == f"shop/ is ready, for Triton {DEFAULT_RELEASE}, the newest that tk knows (release in tk.yaml)\n"
    assert f'release: "{DEFAULT_RELEASE}"' in Path("shop/tk.yaml").read_text()
    assert "cd shop" in err
    assert "tk add NAME --from model.onnx" in err
    assert files(tmp_path) == {f"shop/{name}" for name in PROJECT | {"model_repository/.gitkeep"}}
    assert yaml.safe_load((tmp_path / "shop/tk.yaml").read_text())["release"] == DEFAULT_RELEASE
    assert yaml.safe_load((tmp_path / "shop/.pre-commit-config.yaml").read_text())["repos"][0]["repo"] == "local"


def test_the_commands_take_the_defaults_of_the_project(
    tk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_onnx(tmp_path / "a.onnx")
    assert tk("init", "shop", "--release", "24.05")[0] == 0
    monkeypatch.chdir(tmp_path / "shop")
    assert tk("add", "a", "--from", "../a.onnx")[0] == 0
    assert (tmp_path / "shop/model_repository/a/config.pbtxt").is_file()


def test_files_become_models_at_once(tk: Run, tmp_path: Path) -> None:
    for name in ("a.onnx", "b.v2.onnx", "resnet/1/model.onnx"):
        write_onnx(tmp_path / name)
    code, _, err = tk("init", "shop", "--from", "a.onnx", "b.v2.onnx", "resnet/1/model.onnx")
    assert code == 0, err
    repository = tmp_path / "shop/model_repository"
    assert {p.name for p in repository.iterdir()} == {"a", "b", "resnet"}
    assert lint(repository).ok


def test_the_sample_is_put_in_and_good(tk: Run, tmp_path: Path) -> None:
    code, _, err = tk("init", "shop", "--sample")
    assert code == 0, err
    assert (tmp_path / "shop/model_repository/digit_classifier/config.pbtxt").is_file()
    assert not list((tmp_path / "shop").rglob("__pycache__"))
    assert lint(tmp_path / "shop/model_repository").ok


def test_an_occupied_directory_is_refused_with_all_that_is_in_the_way(tk: Run, tmp_path: Path) -> None:
    (tmp_path / "shop/model_repository").mkdir(parents=True)
    (tmp_path / "shop/README.md").write_text("mine")
    for more in ((), ("--dry-run",)):
        code, out, err = tk("init", "shop", *more)
        assert code == 2
        assert "shop is occupied: model_repository, README.md are in the way" in err
        assert out == ""
    assert files(tmp_path) == {"shop/README.md"}
    assert (tmp_path / "shop/README.md").read_text() == "mine"


def test_other_files_are_not_in_the_way(tk: Run, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("mine")
    assert tk("init", ".")[0] == 0
    assert files(tmp_path) == {"train.py", "model_repository/.gitkeep"} | PROJECT


def test_without_a_terminal_the_missing_directory_is_an_error_with_the_choices(tk: Run, tmp_path: Path) -> None:
    code, _, err = tk("init")
    assert code == 2
    assert "tk init DIR --sample" in err
    assert files(tmp_path) == set()


def test_on_a_terminal_it_asks(tk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["shop", True])
    monkeypatch.setattr(terminal, "interactive", lambda: True)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(answers))
    monkeypatch.setattr("typer.confirm", lambda *_, **__: next(answers))
    assert tk("init")[0] == 0
    assert (tmp_path / "shop/model_repository/digit_classifier").is_dir()


def test_a_file_that_is_no_model_leaves_nothing(tk: Run, tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_text("no")
    code, _, err = tk("init", "shop", "--from", "a.onnx")
    assert code in (2, 3)
    assert "a.onnx" in err
    assert files(tmp_path) == {"a.onnx"}


def test_the_second_of_two_files_of_one_name_is_left_out_and_can_be_added_as_it_says(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "x/a.onnx")
    write_onnx(tmp_path / "y/a.onnx")
    code, out, err = tk("init", "shop", "--from", "x/a.onnx", "y/a.onnx")
    ready = f"shop/ is ready, for Triton {DEFAULT_RELEASE}, the newest that tk knows (release in tk.yaml)\n"
    assert (code, out) == (1, ready)
    assert "error: y/a.onnx is left out: y/a.onnx would be a second model a\n" in err
    [later] = [one for one in commands_in(err, {"NAME": "b"}) if one[:1] == ["add"]]
    assert tk(*later)[0] == 0
    assert {p.name for p in (tmp_path / "shop/model_repository").iterdir()} == {"a", "b"}


def test_of_several_files_the_good_ones_are_added_and_each_other_one_is_named(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "good.onnx")
    write_onnx(tmp_path / "bf16.onnx", dtype=16)
    write_onnx(tmp_path / "lost.onnx", external=True)
    (tmp_path / "lost.data").unlink()
    (tmp_path / "text.onnx").write_text("no")
    (tmp_path / "odd").write_text("no")
    write_onnx(tmp_path / "also.onnx")
    names = ("good", "bf16", "lost", "text", "also")
    sources = (*(f"{name}.onnx" for name in names), "odd")
    code, out, err = tk("init", "dry", "--from", *sources, "--release", "24.10", "--dry-run")
    assert (code, (tmp_path / "dry").exists()) == (1, False)
    assert "good/" in out
    assert "bf16/" not in out
    code, out, err = tk("init", "shop", "--from", *sources, "--release", "24.10")
    assert (code, out) == (1, "shop/ is ready, for Triton 24.10 (release in tk.yaml)\n")
    assert {p.name for p in (tmp_path / "shop/model_repository").iterdir()} == {"good", "also"}
    for name, why in (
        ("bf16.onnx", "input 'x' is BF16"),
        ("lost.onnx", "needs lost.data, which does not exist"),
        ("text.onnx", "not an ONNX model"),
        ("odd", "is not a model file that tk recognises"),
    ):
        line = next(line for line in err.splitlines() if line.startswith(f"error: {name} is left out: "))
        assert why in line
    assert tk("validate", "shop/model_repository")[0] == 0


def test_where_no_file_is_good_nothing_is_made(tk: Run, tmp_path: Path) -> None:
    for name in ("a.onnx", "b.onnx"):
        (tmp_path / name).write_text("no")
    code, out, err = tk("init", "shop", "--from", "a.onnx", "b.onnx")
    assert (code, out) == (2, "")
    assert "none of the 2 files can be a model\n  a.onnx " in err
    assert files(tmp_path) == {"a.onnx", "b.onnx"}


def test_what_is_a_guess_is_said_of_each_model(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "good.onnx")
    import onnx

    model = onnx.load(tmp_path / "good.onnx")
    for tensor in (*model.graph.input, *model.graph.output):
        tensor.type.tensor_type.ClearField("shape")
    onnx.save(model, tmp_path / "open.onnx")
    code, _, err = tk("init", "shop", "--from", "good.onnx", "open.onnx")
    assert code == 0
    assert "warning: open: the sizes [1] of input x are a guess" in err


def test_a_dry_run_shows_all_and_writes_nothing(tk: Run, tmp_path: Path) -> None:
    code, out, _ = tk("init", "shop", "--dry-run")
    assert code == 0
    assert "├── model_repository/" in out
    assert "--- tk.yaml" in out
    assert files(tmp_path) == set()
