"""``tk validate`` told of the server, and what a project knows already."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from triton_kit.cli import run

GOOD = 'backend: "python"\n'
BAD = 'backend: "python"\nmax_batch_size: -1\n'
WARNS = 'backend: "python"\nmax_batch_size: 010\n'
PYTHON = "class TritonPythonModel:\n    def execute(self, requests): ...\n"
ENSEMBLE = """platform: "ensemble"
input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
ensemble_scheduling { step {
  model_name: "a" model_version: -1 input_map { key: "x" value: "in" } output_map { key: "y" value: "out" } } }
"""
TENSORS = """input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
"""


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str, config: str = GOOD, repository: str = "repo") -> Path:
        model = tmp_path / repository / name
        (model / "1").mkdir(parents=True)
        (model / "config.pbtxt").write_text(config, encoding="utf-8")
        if "ensemble" not in config:
            (model / "1" / "model.py").write_text(PYTHON, encoding="utf-8")
        return model

    return make


def test_a_name_in_two_repositories_of_a_server_is_refused(
    make: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = make("m").parent, make("m", repository="other").parent
    assert run(["validate", str(first), str(second)]) == 1
    shown = capsys.readouterr().out
    assert shown.count("[duplicate-model]") == 2
    assert run(["validate", str(first), str(second), "--namespacing"]) == 0
    assert run(["validate", str(first)]) == 0
    assert run(["validate", str(first), f"{first}/"]) == 0


def test_an_ensemble_finds_its_models_in_the_servers_other_repositories(make: Callable[..., Path]) -> None:
    ensemble = make("e", ENSEMBLE).parent
    other = make("a", GOOD + TENSORS, repository="other").parent
    assert run(["validate", str(ensemble)]) == 1
    assert run(["validate", str(ensemble), str(other)]) == 0


def test_a_changed_model_brings_the_ensembles_that_use_it(
    make: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    model = make("a", GOOD + TENSORS.replace("FP32", "INT32"))
    make("e", ENSEMBLE)
    make("outer", ENSEMBLE.replace('"a"', '"e"').replace('"x"', '"in"').replace('"y"', '"out"'))
    make("unrelated", BAD)
    assert run(["validate", str(model / "config.pbtxt"), "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert sorted(document["models"]) == ["a", "e", "outer"]
    assert {d["model"] for d in document["diagnostics"] if d["severity"] == "error"} == {"e", "outer"}


def test_what_is_not_loaded_is_not_judged(make: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    repository = make("good").parent
    make("bad", BAD)
    (repository / ".git").mkdir()
    explicit = ["validate", str(repository), "--model-control", "explicit"]
    assert run([*explicit, "--load-model", "good"]) == 0
    assert run([*explicit, "--load-model", "*"]) == 1
    assert run([*explicit, "--load-model", "nothing"]) == 1
    assert "the model 'nothing' that is to be loaded is not in the repository" in capsys.readouterr().out
    assert run(explicit) == 1
    assert ".git" not in capsys.readouterr().out
    assert run(["validate", str(repository), "--load-model", "good"]) == 2
    assert run([*explicit, "--load-model", "*", "--load-model", "good"]) == 2


def test_the_ensembles_models_are_loaded_with_it(make: Callable[..., Path]) -> None:
    repository = make("e", ENSEMBLE).parent
    make("a", BAD + TENSORS)
    make("b", BAD)
    assert run(["validate", str(repository), "--model-control", "explicit", "--load-model", "e"]) == 1


def test_the_servers_backends_decide_which_names_are_right(
    make: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    repository = make("m", 'backend: "mine"\n').parent
    assert run(["validate", str(repository)]) == 0
    assert "note" in capsys.readouterr().out
    assert run(["validate", str(repository), "--image-backends", "mine, python"]) == 0
    assert "note" not in capsys.readouterr().out
    assert run(["validate", str(repository), "--image-backends", "python"]) == 1


def test_another_configuration_is_judged_where_the_server_takes_it(
    make: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    model = make("m", BAD)
    (model / "configs").mkdir()
    (model / "configs" / "h100.pbtxt").write_text(GOOD, encoding="utf-8")
    assert run(["validate", str(model), "--config-name", "h100"]) == 0
    (model / "configs" / "a100.pbtxt").write_text(BAD, encoding="utf-8")
    capsys.readouterr()
    assert run(["validate", str(model), "--config-name", "a100"]) == 1
    assert f"{model}/configs/a100.pbtxt:2:17" in capsys.readouterr().out
    assert run(["validate", str(model), "--config-name", ""]) == 2


def test_fail_on_says_which_findings_count(make: Callable[..., Path]) -> None:
    model = make("m", WARNS)
    assert run(["validate", str(model)]) == 0
    assert run(["validate", str(model), "--fail-on", "warning"]) == 1
    assert run(["validate", str(model), "--fail-on", "note"]) == 1
    assert run(["validate", str(make("n")), "--fail-on", "note"]) == 0


def test_a_project_says_how_bad_a_rule_is(make: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    model = make("m", BAD)
    project = model.parent.parent / "tk.yaml"
    project.write_text("repository: repo\nlint: {severity: {negative-max-batch-size: warning}}\n", encoding="utf-8")
    assert run(["validate", str(model)]) == 0
    assert "warning: max_batch_size -1" in capsys.readouterr().out
    project.write_text("repository: repo\nlint: {severity: {batching: off}}\n", encoding="utf-8")
    assert run(["validate", str(model)]) == 0
    assert capsys.readouterr().out == "no problems in 1 model\n"
    for wrong in ("{batching: fatal}", "{nope: off}", "[batching]"):
        project.write_text(f"repository: repo\nlint: {{severity: {wrong}}}\n", encoding="utf-8")
        assert run(["validate", str(model)]) == 2


def test_a_baseline_knows_old_findings_wherever_they_stand(
    make: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, baseline = make("m", BAD), tmp_path / "baseline.json"
    arguments = ["validate", str(model.parent), "--baseline", str(baseline)]
    assert run(arguments) == 2
    assert run([*arguments, "--update-baseline"]) == 0
    (model / "config.pbtxt").write_text("# a line more\n\n" + BAD, encoding="utf-8")
    capsys.readouterr()
    assert run(arguments) == 0
    assert capsys.readouterr().out == "no problems in 1 model (1 in the baseline)\n"
    (model / "config.pbtxt").write_text(BAD + "instance_group [ { kind: 9 } ]\n", encoding="utf-8")
    assert run(arguments) == 1
    shown = capsys.readouterr().out
    assert "undefined-instance-kind" in shown
    assert "negative-max-batch-size" not in shown
    make("n", BAD)
    assert run(arguments) == 1


def test_a_baseline_does_not_know_a_finding_more_often_than_it_was(make: Callable[..., Path], tmp_path: Path) -> None:
    model, baseline = make("m", GOOD + "instance_group [ { kind: 9 } ]\n"), tmp_path / "baseline.json"
    arguments = ["validate", str(model), "--baseline", str(baseline)]
    assert run([*arguments, "--update-baseline"]) == 0
    assert run(arguments) == 0
    (model / "config.pbtxt").write_text(GOOD + "instance_group [ { kind: 9 }, { kind: 9 } ]\n", encoding="utf-8")
    assert run(arguments) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2, "findings": []}', '{"version": 1, "findings": [1]}'])
def test_a_broken_baseline_is_a_usage_error_and_stays_as_it_is(
    text: str, make: Callable[..., Path], tmp_path: Path
) -> None:
    baseline = tmp_path / "baseline.json"
    baseline.write_text(text, encoding="utf-8")
    assert run(["validate", str(make("m")), "--baseline", str(baseline)]) == 2
    assert baseline.read_text(encoding="utf-8") == text


def test_updating_needs_a_file(make: Callable[..., Path]) -> None:
    assert run(["validate", str(make("m")), "--update-baseline"]) == 2


def test_the_completed_configuration_is_printed(make: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", "--show-completed", str(make("m")), "--gpus", "0"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith('name: "m"\nbackend: "python"\n')
    assert 'default_model_filename: "model.py"\n' in shown
    assert run(["validate", "--show-completed", str(make("n", BAD))]) == 1


def test_a_comment_that_silences_nothing_is_noted(
    make: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    model = make("m", GOOD + "max_batch_size: 8 # tk: ignore[negative-max-batch-size, negative-max-batch-sise]\n")
    assert run(["validate", str(model)]) == 0
    shown = capsys.readouterr().out
    assert "note: negative-max-batch-size has nothing to say here [unused-suppression]" in shown
    assert "note: negative-max-batch-sise is not a rule [unused-suppression]" in shown
    assert "did you mean 'negative-max-batch-size'?" in shown
    assert run(["validate", str(model), "--select", "syntax"]) == 0
    assert "unused-suppression" not in capsys.readouterr().out
