"""``tk validate --fix`` and ``--diff`` as a command: what is written, what is said, and what is left alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from triton_kit.cli import run
from triton_kit.errors import TkError
from triton_kit.linter.fix.application import write_fixes
from triton_kit.linter.fix.plan import plan_fixes
from triton_kit.linter.options import options

PYTHON = "class TritonPythonModel:\n    def execute(self, requests): ...\n"
BAD = 'name: "n"  # ours\nbackend: "python"\nmax_batchsize: 4\n'
FIXED = 'name: "m"  # ours\nbackend: "python"\nmax_batch_size: 4\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A model with two mistakes that can be fixed."""
    model = tmp_path / "repo" / "m"
    (model / "1").mkdir(parents=True)
    (model / "1" / "model.py").write_text(PYTHON)
    path = model / "config.pbtxt"
    path.write_text(BAD)
    return path


def repository(config: Path) -> str:
    return str(config.parent.parent)


def test_it_mends_and_says_so(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", "--fix", repository(config)]) == 0
    captured = capsys.readouterr()
    assert captured.out == "no problems in 1 model\n"
    # The wrong name was hidden by the unknown field, and no report had it.
    assert captured.err == "fixed 1 finding in 1 file\n"
    assert config.read_text() == FIXED
    assert run(["validate", "--fix", repository(config)]) == 0
    assert capsys.readouterr().err == "nothing to fix\n"


def test_what_remains_is_reported(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(BAD + "version_policy { latest { } }\n")
    assert run(["validate", "--fix", repository(config)]) == 1
    captured = capsys.readouterr()
    assert "policy-selects-no-version" in captured.out
    assert "--fix" not in captured.out


def test_the_report_says_how_much_can_be_mended(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(FIXED.replace('"m"', '"n"'))
    assert run(["validate", repository(config)]) == 1
    command = f"tk validate {repository(config)} --fix"
    assert capsys.readouterr().out.endswith(f"1 error in 1 model\nto fix it: {command}\n")
    config.write_text(FIXED.replace('"m"', '"n"') + "version_policy { latest { } }\n")
    assert run(["validate", repository(config)]) == 1
    assert capsys.readouterr().out.endswith(f"2 errors in 1 model\n1 of 2 can be fixed: {command}\n")
    assert (
        run(["validate", repository(config), "--gpus", "1", "--ignore", "policy-selects-no-version", "--strict"]) == 1
    )
    more = "--strict --gpus 1 --ignore policy-selects-no-version"
    said = capsys.readouterr().out.splitlines()[-1]
    assert said == f"to fix it: tk validate {repository(config)} {more} --fix"


def test_json_tells_the_edits(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(BAD.replace('"n"', '"m"'))
    assert run(["validate", repository(config), "--format", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["diagnostics"]
    assert found["fixable"] is True
    assert found["edits"] == [{"file": str(config), "span": found["span"], "text": "max_batch_size"}]


@pytest.mark.parametrize("more", [[], ["--fix"]])
def test_a_diff_writes_nothing(more: list[str], config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", "--diff", *more, repository(config)]) == 1
    captured = capsys.readouterr()
    assert captured.out.split("\n") == [
        f"--- {config}",
        f"+++ {config}",
        "@@ -1,3 +1,3 @@",
        '-name: "n"  # ours',
        '+name: "m"  # ours',
        ' backend: "python"',
        "-max_batchsize: 4",
        "+max_batch_size: 4",
        "",
    ]
    assert captured.err == "would fix 1 finding in 1 file\n"
    assert config.read_text() == BAD


def test_a_diff_of_nothing_ends_with_0(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(FIXED)
    assert run(["validate", "--diff", repository(config)]) == 0
    assert capsys.readouterr().out == ""


def test_a_diff_that_leaves_errors_ends_with_1(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(FIXED.replace("4", "-4"))
    assert run(["validate", "--diff", repository(config)]) == 1
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "nothing to fix\nleft: 1 error in 1 model\n")


def test_git_takes_the_diff(config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    root = config.parent.parent
    config.write_text(BAD.rstrip("\n"))
    (root / "e").mkdir()
    step = 'model_name: "m" model_version: -1 input_map { key: "x" value: "i" } output_map { key: "y" value: "o" }'
    tensors = 'input { name: "i" data_type: TYPE_FP32 dims: 1 } output { name: "o" data_type: TYPE_FP32 dims: 1 }'
    ensemble = f'platform: "ensemble" {tensors} ensemble_scheduling {{ step {{ {step} }} }}\n'
    (root / "e" / "config.pbtxt").write_text(ensemble)
    monkeypatch.chdir(root)
    assert run(["validate", "--diff", "."]) == 1
    patch = capsys.readouterr().out
    assert "e/1/.gitkeep" in patch
    subprocess.run(["git", "apply", "-p0", "-"], input=patch, text=True, check=True, cwd=root)
    assert config.read_text() == FIXED.rstrip("\n")
    assert (root / "e" / "1" / ".gitkeep").read_bytes() == b""


def test_a_file_keeps_its_mode_and_a_link_stays_one(config: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere.pbtxt"
    config.rename(real)
    real.chmod(0o640)
    config.symlink_to(real)
    assert run(["validate", "--fix", repository(config)]) == 0
    assert config.is_symlink()
    assert (real.read_text(), real.stat().st_mode & 0o777) == (FIXED, 0o640)


def test_a_read_only_file_stays(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.chmod(0o444)
    assert run(["validate", "--fix", repository(config)]) == 3
    assert f"{config} is read-only" in capsys.readouterr().err
    assert config.read_text() == BAD


def test_a_file_that_changed_meanwhile_stays(config: Path) -> None:
    fixes = plan_fixes([repository(config)], options())
    config.write_text("# a hand was quicker\n")
    with pytest.raises(TkError, match="changed in the meantime"):
        write_fixes(fixes)
    assert config.read_text() == "# a hand was quicker\n"


def test_what_is_made_from_model_yaml_is_left_alone(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = "# Rendered by tk from model.yaml (template x); edit that and run: tk render\n"
    text = f"{first}# Content sha256: {'0' * 64}\n{BAD}"
    config.write_text(text)
    assert run(["validate", "--fix", repository(config)]) == 1
    captured = capsys.readouterr()
    assert "is made from model.yaml, and left alone" in captured.err
    assert "--fix" not in captured.out
    assert config.read_text() == text


def test_why_a_repair_is_withheld_is_said(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = BAD.replace("max_batchsize: 4", "max_batchsize: -4")
    config.write_text(bad)
    assert run(["validate", "--fix", repository(config)]) == 1
    said = capsys.readouterr().err
    assert (
        said
        == f"nothing to fix\n{config} is left alone: fixed, it would be refused, since max_batch_size -4 is negative\n"
    )
    assert config.read_text() == bad


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.04, 0.08, 0.12, 0.16, 0.2, 0.3])
def test_killed_at_any_moment_each_file_is_old_or_new(delay: float, config: Path) -> None:
    root = config.parent.parent
    for i in range(20):
        model = root / f"m{i}"
        (model / "1").mkdir(parents=True)
        (model / "1" / "model.py").write_text(PYTHON)
        (model / "config.pbtxt").write_text(BAD)
    command = [sys.executable, "-m", "triton_kit", "validate", "--fix", str(root)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    for path in root.glob("m*/config.pbtxt"):
        assert path.read_text() in (BAD, FIXED.replace('"m"', f'"{path.parent.name}"'))
    assert run(["validate", "--fix", str(root)]) == 0
    assert not [name for _, _, names in os.walk(root) for name in names if name.startswith(".tk-stage-")]
