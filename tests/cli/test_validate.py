"""``tk validate`` as a command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from triton_kit.cli import run

HEAVY = ("onnx", "numpy", "tritonclient", "grpc", "jinja2", "yaml", "rich", "google.protobuf", "onnxruntime", "PIL")


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    model = tmp_path / "repo" / "m"
    (model / "1").mkdir(parents=True)
    (model / "1" / "model.py").write_text(
        "class TritonPythonModel:\n    def execute(self, requests): ...\n", encoding="utf-8"
    )
    (model / "config.pbtxt").write_text('backend: "python"\nmax_batch_size: -1\n', encoding="utf-8")
    return tmp_path / "repo"


SLOW_TO_IMPORT = (
    "triton_kit.signature.evaluation",
    "typer",
    "dataclasses",
    "inspect",
    "json",
    "subprocess",
    "platform",
    "shutil",
    "logging",
    "pickle",
)
"""What a plain command line has no need of, each some milliseconds."""


def test_a_good_repository_ends_with_0(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", str(sample)]) == 0
    assert capsys.readouterr().out == "no problems in 4 models\n"


def test_a_refused_model_ends_with_1(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", str(bad)]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith(
        f"{bad}/m/config.pbtxt:2:17: error: max_batch_size -1 is negative [negative-max-batch-size]"
    )
    assert shown.endswith("1 error in 1 model\n")


def test_json_is_alone_on_stdout(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", str(bad), "--format", "json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["diagnostics"][0]["rule"] == "negative-max-batch-size"
    assert captured.err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing-there"],
        ["--release", "1.2"],
        ["--gpus", "many"],
        ["--gpus", "-1"],
        ["--format", "xml"],
        ["--select", "nope"],
    ],
)
def test_what_cannot_be_meant_ends_with_2(arguments: list[str], bad: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bad)
    assert run(["validate", *arguments]) == 2


def test_rules_are_selected_and_ignored(bad: Path) -> None:
    assert run(["validate", str(bad), "--ignore", "negative-max-batch-size"]) == 0
    assert run(["validate", str(bad), "--ignore", "batching"]) == 0
    assert run(["validate", str(bad), "--select", "syntax"]) == 0
    assert run(["validate", str(bad), "--select", "syntax", "--select", "batching"]) == 1


def test_the_project_says_what_to_ignore_and_where_its_repository_is(
    bad: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = bad.parent
    (project / "tk.yaml").write_text("repository: repo\nlint:\n  ignore: [negative-max-batch-size]\n", encoding="utf-8")
    monkeypatch.chdir(project)
    assert run(["validate"]) == 0
    (project / "tk.yaml").write_text("repository: repo\n", encoding="utf-8")
    assert run(["validate"]) == 1


def test_gpus_and_strict_change_the_verdict(bad: Path) -> None:
    config = bad / "m" / "config.pbtxt"
    config.write_text('backend: "python"\ninstance_group { kind: KIND_GPU }\n', encoding="utf-8")
    assert run(["validate", str(bad)]) == 0
    assert run(["validate", str(bad), "--gpus", "unknown"]) == 0
    assert run(["validate", str(bad), "--gpus", "1"]) == 0
    assert run(["validate", str(bad), "--gpus", "0"]) == 1
    config.unlink()
    assert run(["validate", str(bad)]) == 0
    assert run(["validate", str(bad), "--strict"]) == 1


def test_the_sample_is_judged_without_any_heavy_module(sample: Path) -> None:
    code = (
        "import sys; from triton_kit.cli import run; code = run(['validate', sys.argv[1]]); "
        f"print([m for m in {HEAVY + SLOW_TO_IMPORT!r} if m in sys.modules], code)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(sample)], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[] 0", done.stdout + done.stderr
