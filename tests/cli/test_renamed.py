"""A rule or an area under a former name: understood wherever a user writes it, and reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from triton_kit import lint
from triton_kit.cli import run
from triton_kit.linter import renamed
from triton_kit.linter.areas import AREAS
from triton_kit.linter.rule import load_rules

BAD = 'backend: "python"\nmax_batch_size: -1\ninstance_group [ { kind: KIND_MODEL } ]\n'
NOTE = "warning: batch-below-zero is now called negative-max-batch-size\n"

AREAS_BEFORE = {
    "parsing", "texts", "layout", "configfile", "server", "versions", "backend", "modelfile", "tensors", "reshape",
    "labels", "batchio", "batching", "sequences", "states", "instances", "ratelimits", "optimization", "accelerators",
    "cudagraphs", "metrics", "parameters", "python", "pythoncompletion", "pythonbehaviour", "pythontensors", "onnxfile",
    "onnxio", "onnxdims", "pytorch", "pytorchother", "torchscript", "tensorflow", "savedmodel", "openvino", "tensorrt",
    "forests", "forestfiles", "dali", "generative", "warmup", "ensembles", "ensembleflow", "ensemblesteps",
    "ensembletensors", "ensembledecoupled", "unheeded", "idle", "surprises", "suppressions",
}  # fmt: skip


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model with a negative batch size, where the rule about it was once called batch-below-zero."""
    monkeypatch.setitem(renamed.RULES, "batch-below-zero", "negative-max-batch-size")
    path = tmp_path / "repository" / "m"
    (path / "1").mkdir(parents=True)
    (path / "1" / "model.py").write_text("class TritonPythonModel:\n    def execute(self, requests): ...\n")
    (path / "config.pbtxt").write_text(BAD)
    return path


def test_it_is_selected(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", str(model), "--select", "batch-below-zero", "--format", "json"]) == 1
    shown = capsys.readouterr()
    assert [d["rule"] for d in json.loads(shown.out)["diagnostics"]] == ["negative-max-batch-size"]
    assert shown.err == NOTE


def test_it_is_ignored(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", str(model), "--ignore", "batch-below-zero"]) == 0
    assert NOTE in capsys.readouterr().err
    assert run(["graph", str(model), "--ignore", "batch-below-zero"]) == 0
    assert NOTE in capsys.readouterr().err


def severities(shown: str) -> dict[str, str]:
    return {d["rule"]: d["severity"] for d in json.loads(shown)["diagnostics"]}


def test_a_project_takes_it_less_badly_and_its_present_name_goes_first(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = model.parent.parent / "tk.yaml"
    project.write_text("lint: {severity: {batch-below-zero: note}}\n")
    assert run(["validate", str(model), "--format", "json"]) == 0
    shown = capsys.readouterr()
    assert severities(shown.out)["negative-max-batch-size"] == "note"
    assert shown.err == NOTE
    project.write_text("lint: {severity: {negative-max-batch-size: warning, batch-below-zero: note}}\n")
    assert run(["validate", str(model), "--format", "json"]) == 0
    assert severities(capsys.readouterr().out)["negative-max-batch-size"] == "warning"


def test_a_comment_silences_it_and_is_reported(model: Path) -> None:
    (model / "config.pbtxt").write_text('backend: "python"\nmax_batch_size: -1  # tk: ignore[batch-below-zero]\n')
    report = lint(model)
    assert report.ok
    assert report.suppressed == 1
    assert [(d.rule, d.message, d.help, d.span.line) for d in report.diagnostics] == [
        (
            "unused-suppression",
            "batch-below-zero is now called negative-max-batch-size",
            "write negative-max-batch-size in the comment",
            2,
        )
    ]


def test_a_comment_of_that_name_that_silences_nothing_has_nothing_to_say(model: Path) -> None:
    (model / "config.pbtxt").write_text('backend: "python"\nmax_batch_size: 1  # tk: ignore[batch-below-zero]\n')
    assert [d.message for d in lint(model).diagnostics] == ["batch-below-zero has nothing to say here"]


def test_a_baseline_knows_it(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline = model.parent.parent / "baseline.json"
    arguments = ["validate", str(model), "--baseline", str(baseline)]
    assert run([*arguments, "--update-baseline"]) == 0
    baseline.write_text(baseline.read_text().replace("negative-max-batch-size", "batch-below-zero"))
    capsys.readouterr()
    assert run(arguments) == 0
    shown = capsys.readouterr()
    assert "in the baseline)" in shown.out
    assert NOTE + f"  hint: write {baseline} again with --update-baseline\n" in shown.err
    assert run([*arguments, "--update-baseline"]) == 0
    assert "negative-max-batch-size" in baseline.read_text()


@pytest.mark.parametrize("written", ["batch-below-zero", "[batch_below_zero]"])
@pytest.mark.usefixtures("model")
def test_it_is_explained(written: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", written]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("negative-max-batch-size  error")
    assert shown.err == NOTE


def test_an_area_that_was_renamed_lists_and_selects_what_it_held(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rules", "--area", "forests"]) == 0
    shown = capsys.readouterr()
    assert shown.err == "warning: forests is now called fil\n"
    assert "fil-model-type" in shown.out
    assert "fil-files" not in shown.out
    assert run(["validate", str(model), "--select", "configfile"]) == 0
    assert "warning: configfile is now called config-file\n" in capsys.readouterr().err


@pytest.mark.parametrize("area", ["idle", "unheeded", "surprises"])
def test_an_area_that_was_dissolved_stands_for_the_rules_it_held(area: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "--area", area]) == 0
    shown = capsys.readouterr()
    listed = [line.split()[0] for line in shown.out.splitlines() if line.startswith("  ")]
    assert set(listed) == set(renamed.AREAS[area])
    assert len(listed) == len(renamed.AREAS[area])
    assert shown.err == f"warning: {area} is not an area any more: it stands for {', '.join(renamed.AREAS[area])}\n"


def test_a_rule_of_a_dissolved_area_is_ignored_with_it_and_set_beside_it(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / "config.pbtxt").write_text('backend: "onnxruntime"\ninstance_group [ { kind: KIND_MODEL } ]\n')
    arguments = ["validate", str(model), "--format", "json"]
    run(arguments)
    assert severities(capsys.readouterr().out)["onnx-kind-model"] == "warning"
    run([*arguments, "--ignore", "unheeded"])
    assert "onnx-kind-model" not in severities(capsys.readouterr().out)
    (model.parent.parent / "tk.yaml").write_text("lint: {severity: {onnx-kind-model: note, unheeded: error}}\n")
    run(arguments)
    assert severities(capsys.readouterr().out)["onnx-kind-model"] == "note"


def test_every_former_name_leads_to_a_present_one_and_is_none_itself() -> None:
    present = {*load_rules(), *AREAS}
    for former, now in [*((name, (new,)) for name, new in renamed.RULES.items()), *renamed.AREAS.items()]:
        assert present.issuperset(now)
        assert former not in present


def test_no_area_that_there_ever_was_is_unknown() -> None:
    assert {*AREAS, *renamed.AREAS} >= AREAS_BEFORE
