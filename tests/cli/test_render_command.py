"""``tk render`` and ``tk template`` as a user sees them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from scaffold_models import write_onnx

from triton_kit.cli import run
from triton_kit.resources import resource

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def go(*args: object) -> tuple[int, str, str]:
        code = run([str(a) for a in args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    write_onnx(tmp_path / "a.onnx")
    assert run(["init", "p"]) == 0
    monkeypatch.chdir(tmp_path / "p")
    assert run(["add", "m", "--from", "../a.onnx"]) == 0
    capsys.readouterr()
    return go


CONFIG = Path("model_repository/m/config.pbtxt")
YAML = Path("model_repository/m/model.yaml")


def edit_yaml(old: str, new: str) -> None:
    text = YAML.read_text()
    assert old in text
    YAML.write_text(text.replace(old, new))


def test_nothing_changed_nothing_written(tk: Run) -> None:
    before = CONFIG.stat().st_mtime_ns
    assert tk("render") == (0, "", "1 file: 1 unchanged\n")
    assert tk("render", "--verbose") == (0, "", f"{CONFIG}: unchanged\n1 file: 1 unchanged\n")
    assert tk("render", "--check") == (0, "", "1 file: 1 unchanged\n")
    assert CONFIG.stat().st_mtime_ns == before


def test_a_change_in_model_yaml_is_written(tk: Run) -> None:
    edit_yaml("max_batch_size: 4", "max_batch_size: 2")
    assert tk("render", "m") == (0, f"{CONFIG}: written\n", "1 file: 1 written\n")
    assert "max_batch_size: 2" in CONFIG.read_text()


def test_check_shows_a_diff_and_fails_and_writes_nothing(tk: Run) -> None:
    before = CONFIG.read_text()
    edit_yaml("max_batch_size: 4", "max_batch_size: 2")
    code, out, err = tk("render", "--check")
    assert code == 1
    assert "-max_batch_size: 4\n+max_batch_size: 2\n" in out
    assert "1 file: 1 would change\nto write it: tk render\n" in err
    assert CONFIG.read_text() == before
    assert tk("render", "--diff")[0] == 0
    assert CONFIG.read_text() == before


def test_a_config_edited_by_hand_is_not_overwritten(tk: Run) -> None:
    CONFIG.write_text(CONFIG.read_text() + "# mine\n")
    edit_yaml("max_batch_size: 4", "max_batch_size: 2")
    code, _, err = tk("render")
    assert code == 2
    assert f"{CONFIG} was edited by hand" in err
    assert CONFIG.read_text().endswith("# mine\n")
    assert tk("render", "--check")[0] == 1
    assert tk("render", "--force")[0] == 0
    assert "# mine" not in CONFIG.read_text()


def test_one_edited_config_keeps_all_from_being_written(tk: Run) -> None:
    tk("add", "n", "--from", "../a.onnx")
    other = Path("model_repository/n/config.pbtxt")
    other.write_text("backend: 'onnxruntime'\n")
    before = CONFIG.read_text()
    assert tk("render", "--set", "max_batch_size=2")[0] == 2
    assert CONFIG.read_text() == before


def test_line_ends_changed_by_git_are_no_edit(tk: Run) -> None:
    CONFIG.write_bytes(CONFIG.read_bytes().replace(b"\n", b"\r\n"))
    assert tk("render")[0] == 0
    assert b"\r" not in CONFIG.read_bytes()


def test_a_config_that_is_missing_is_written(tk: Run) -> None:
    before = CONFIG.read_text()
    CONFIG.unlink()
    assert tk("render", "--check")[0] == 1
    assert tk("render")[0] == 0
    assert CONFIG.read_text() == before


def test_what_a_server_would_refuse_is_not_written_unless_forced(tk: Run) -> None:
    before = CONFIG.read_text()
    code, _, err = tk("render", "--set", "max_batch_size=-1")
    assert code == 1
    assert "m/config.pbtxt:" in err
    assert CONFIG.read_text() == before
    assert tk("render", "--set", "max_batch_size=-1", "--force")[0] == 0
    assert not list(Path().rglob(".tk-stage-*"))


def test_trouble_with_another_file_of_the_model_does_not_keep_a_config_from_being_written(tk: Run) -> None:
    Path("model_repository/m/1/model.onnx").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    code, _, err = tk("render", "--set", "max_batch_size=2")
    assert code == 0, err


def test_an_environment_changes_the_models_that_have_it(tk: Run) -> None:
    tk("add", "n", "--from", "../a.onnx")
    YAML.with_name("model.prod.yaml").write_text("values: {max_batch_size: 2}\n")
    assert tk("render", "--env", "prod")[0] == 0
    assert "max_batch_size: 2" in CONFIG.read_text()
    assert "max_batch_size: 4" in Path("model_repository/n/config.pbtxt").read_text()
    assert tk("render", "--env", "prod", "--check")[0] == 0
    assert tk("render", "--check")[0] == 1
    assert tk("render", "--env", "dev")[0] == 2
    assert tk("render", "n", "--env", "prod")[0] == 2


def test_values_come_from_a_file(tk: Run) -> None:
    Path("v.yaml").write_text("max_batch_size: 3\n")
    assert tk("render", "--values", "v.yaml")[0] == 0
    assert "max_batch_size: 3" in CONFIG.read_text()
    Path("v.yaml").write_text("max_batch: 3\n")
    code, _, err = tk("render", "--values", "v.yaml")
    assert code == 2
    assert "max_batch is not a value" in err


def test_models_are_named_or_pointed_at(tk: Run) -> None:
    assert tk("render", "model_repository/m")[0] == 0
    code, _, err = tk("render", "mm")
    assert code == 2
    assert "model_repository has no model mm" in err
    assert "did you mean m?" in err


def test_without_any_model_yaml_there_is_nothing_to_do(tk: Run) -> None:
    YAML.unlink()
    code, out, err = tk("render", "--check")
    assert (code, out) == (0, "")
    assert "nothing to render" in err
    code, _, err = tk("render", "m")
    assert (code, "m has no model.yaml" in err) == (2, True)


def test_a_dry_run_prints_the_text(tk: Run) -> None:
    assert tk("render", "--dry-run") == (0, CONFIG.read_text(), "")


def test_json(tk: Run) -> None:
    code, out, _ = tk("render", "--check", "--format", "json", "--set", "max_batch_size=2")
    assert code == 1
    (entry,) = json.loads(out)["models"]
    assert entry["model"] == "m"
    assert entry["changed"] is True
    assert entry["edited"] is False


def test_templates_are_listed(tk: Run) -> None:
    code, out, _ = tk("template", "list")
    assert code == 0
    names = [line.split()[0] for line in out.splitlines()]
    assert names == sorted(path.name for path in (resource("templates") / "config").iterdir() if path.is_dir())
    assert {"ensemble", "onnxruntime", "python", "python_bls", "vllm"} <= set(names)
    assert json.loads(tk("template", "list", "--format", "json")[1])["version"] == 1


def test_a_template_is_shown_with_its_values_and_files(tk: Run) -> None:
    code, out, _ = tk("template", "show", "python")
    assert code == 0
    assert "max_batch_size" in out
    assert "class TritonPythonModel" in out
    code, _, err = tk("template", "show", "pyton")
    assert (code, "did you mean python?" in err) == (2, True)


def test_a_copied_template_takes_the_place_of_the_built_in_one(tk: Run) -> None:
    assert tk("template", "copy", "onnxruntime")[1] == "templates/config/onnxruntime/ is yours to edit\n"
    assert tk("render", "--check")[0] == 0
    own = Path("templates/config/onnxruntime/config.pbtxt.j2")
    own.write_text("# ours\n" + own.read_text())
    assert tk("render")[0] == 0
    assert "# ours" in CONFIG.read_text()
    assert "(the project's own)" in tk("template", "list")[1]
    code, _, err = tk("template", "copy", "onnxruntime")
    assert (code, "exists already" in err) == (2, True)
    assert tk("template", "copy", "onnxruntime", "--as", "mine")[0] == 0
    assert tk("add", "n", "--from", "../a.onnx", "--template", "mine")[0] == 0
    assert "(template mine)" in Path("model_repository/n/config.pbtxt").read_text()


def test_outside_of_a_project_there_is_nothing_to_copy_into(
    tk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = tk("template", "copy", "onnxruntime")
    assert (code, "there is no project here" in err) == (2, True)
    assert tk("render")[0] == 2
