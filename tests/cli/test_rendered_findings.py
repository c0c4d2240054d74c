"""Findings about a rendered config.pbtxt are shown in model.yaml, where they are fixed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from scaffold_models import write_onnx

from triton_kit.cli import run

Run = Callable[..., tuple[int, str, str]]
YAML = Path("model_repository/m/model.yaml")
CONFIG = Path("model_repository/m/config.pbtxt")


@pytest.fixture
def tk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    write_onnx(tmp_path / "a.onnx")
    assert run(["init", "p"]) == 0
    monkeypatch.chdir(tmp_path / "p")
    assert run(["add", "m", "--from", "../a.onnx", "--set", "config.optimization.graph.level=1"]) == 0
    capsys.readouterr()

    def go(*args: object) -> tuple[int, str, str]:
        code = run([str(a) for a in args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


def change(old: str, new: str) -> None:
    text = YAML.read_text()
    assert text.count(old) >= 1
    YAML.write_text(text.replace(old, new, 1))


def place_of(line: str) -> int:
    return next(i for i, text in enumerate(YAML.read_text().splitlines(), 1) if line in text)


CASES = {
    "a value": ("dims: [4]", "dims: [5]", "input 'x' is [-1, 4] in the model"),
    "a value in a list": ("name: y0", "name: y1", "'y1' is not an output of the model"),
    "a field under config": ("level: 1", "level: 7", "level 7"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_finding_is_at_the_value_that_makes_it(tk: Run, case: str) -> None:
    old, new, said = CASES[case]
    change(old, new)
    assert tk("render", "--force")[0] == 0
    out = tk("validate", "m")[1]
    line = place_of(new)
    head = next(text for text in out.splitlines() if said in text)
    assert head.startswith(f"{YAML}:{line}:")
    assert f"{line} | {YAML.read_text().splitlines()[line - 1]}" in out
    assert f"= see: {CONFIG}:" in out
    assert "rendered from it; after a change, run: tk render model_repository/m" in out


def test_after_the_change_the_command_that_is_named_makes_it_good(tk: Run) -> None:
    change("dims: [4]", "dims: [5]")
    tk("render", "--force")
    out = tk("validate", "m")[1]
    change("dims: [5]", "dims: [4]")
    command = next(line for line in out.splitlines() if "run: tk render" in line).partition("run: tk ")[2]
    assert tk(*shlex.split(command))[0] == 0
    assert tk("validate", "m")[0] == 0


def test_what_the_template_makes_is_at_its_name(tk: Run) -> None:
    own = Path("templates/config/mine")
    own.mkdir(parents=True)
    (own / "config.pbtxt.j2").write_text('backend: "onnxruntme"\nmax_batch_size: {{ max_batch_size }}\n')
    change("template: onnxruntime", "template: mine")
    assert tk("render", "--force")[0] == 0
    report = json.loads(tk("validate", "m", "--format", "json")[1])
    places = [(d["file"], d["span"]["line"]) for d in report["diagnostics"] if "onnxruntme" in d["message"]]
    assert (str(YAML), place_of("template:")) in places


def test_an_environment_is_the_source_of_what_it_changes(tk: Run) -> None:
    over = YAML.with_name("model.prod.yaml")
    over.write_text("values:\n  max_batch_size: -1\n")
    assert tk("render", "m", "--env", "prod", "--force")[0] == 0
    out = tk("validate", "m")[1]
    assert f"{over}:2:3: error: max_batch_size -1 is negative" in out


def test_a_config_that_was_edited_by_hand_is_the_place_itself(tk: Run) -> None:
    CONFIG.write_text(CONFIG.read_text().replace("[ 4 ]", "[ 5 ]", 1))
    out = tk("validate", "m")[1]
    assert out.startswith(f"{CONFIG}:")
    assert "model.yaml" not in out.partition("\n")[0]


def test_values_that_no_file_holds_are_not_looked_for_in_one(tk: Run) -> None:
    assert tk("render", "m", "--set", "max_batch_size=-1", "--force")[0] == 0
    assert tk("validate", "m")[1].startswith(f"{CONFIG}:")


def test_a_config_without_its_model_yaml_is_the_place_itself(tk: Run) -> None:
    change("dims: [4]", "dims: [5]")
    tk("render", "--force")
    YAML.unlink()
    assert tk("validate", "m")[1].startswith(f"{CONFIG}:")


def test_a_model_yaml_that_cannot_be_read_keeps_nothing_from_being_reported(tk: Run) -> None:
    change("dims: [4]", "dims: [5]")
    tk("render", "--force")
    YAML.write_text("values: [\n")
    code, out, _ = tk("validate", "m")
    assert code == 1
    assert out.startswith(f"{CONFIG}:")


def test_a_config_with_other_line_ends_is_still_rendered(tk: Run) -> None:
    change("dims: [4]", "dims: [5]")
    tk("render", "--force")
    CONFIG.write_bytes(CONFIG.read_bytes().replace(b"\n", b"\r\n"))
    assert tk("validate", "m")[1].startswith(f"{YAML}:{place_of('dims: [5]')}:")


def test_what_is_refused_before_it_is_written_is_in_model_yaml_too(tk: Run) -> None:
    change("dims: [4]", "dims: [5]")
    code, _, err = tk("render")
    assert code == 1
    assert f"  m/model.yaml:{place_of('dims: [5]')}:" in err


def test_fixing_names_the_file_and_the_command(tk: Run) -> None:
    change("TYPE_FP32", "TYPE_INT8")
    tk("render", "--force")
    _, _, err = tk("validate", "m", "--fix")
    assert (
        f"{CONFIG} is made from model.yaml, and left alone: change that, then run: tk render model_repository/m" in err
    )
