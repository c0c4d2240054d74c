"""``tk graph`` as a command."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from triton_kit.cli import run

HEAVY = ("onnx", "numpy", "tritonclient", "grpc", "jinja2", "yaml", "rich", "google.protobuf", "onnxruntime", "PIL")
BROKEN = 'platform: "ensemble"\nensemble_scheduling { step { model_name: "gone" model_version: -1 } }\n'


@pytest.fixture
def broken(tmp_path):
    (tmp_path / "repo" / "e" / "1").mkdir(parents=True)
    (tmp_path / "repo" / "e" / "config.pbtxt").write_text(BROKEN)
    return tmp_path / "repo"


def test_a_good_repository_ends_with_0_and_says_nothing_on_the_side(sample, capsys):
    assert run(["graph", str(sample)]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("digits  ensemble · 2 steps · batches of up to 32\n")
    assert captured.err == ""


@pytest.mark.parametrize("format_", ["tree", "mermaid", "dot", "svg", "html", "json"])
def test_a_broken_repository_is_drawn_and_ends_with_1_in_every_format(broken, capsys, format_):
    assert run(["graph", str(broken), "--format", format_]) == run(["validate", str(broken), "-q"]) == 1
    captured = capsys.readouterr()
    assert "gone" in captured.out
    assert "errors in 1 model" in captured.err


def test_the_exit_code_is_that_of_validate_where_only_a_dependent_is_broken(sample, tmp_path, capsys):
    model = tmp_path / "repo" / "m"
    (model / "1").mkdir(parents=True)
    (model / "1" / "model.onnx").write_bytes((sample / "digit_classifier" / "1" / "model.onnx").read_bytes())
    (tmp_path / "repo" / "e" / "1").mkdir(parents=True)
    wrong = BROKEN.replace('"gone"', '"m"')
    (tmp_path / "repo" / "e" / "config.pbtxt").write_text(wrong)
    assert run(["graph", str(model)]) == run(["validate", str(model), "-q"]) == 1


def test_a_file_is_written_as_a_whole_and_stdout_stays_empty(sample, tmp_path, capsys):
    file = tmp_path / "with blank.svg"
    assert run(["graph", str(sample), "--format", "svg", "--output", str(file)]) == 0
    assert file.read_text().startswith("<svg ")
    assert file.read_text().endswith("</svg>\n")
    assert capsys.readouterr().out == ""


def test_what_was_in_the_file_is_kept_when_nothing_can_be_drawn(tmp_path, capsys):
    file = tmp_path / "kept.svg"
    file.write_text("kept")
    assert run(["graph", str(tmp_path / "nowhere"), "--format", "svg", "--output", str(file)]) == 2
    assert file.read_text() == "kept"


def test_a_model_of_the_project_is_found_by_its_name(sample, tmp_path, monkeypatch, capsys):
    (tmp_path / "tk.yaml").write_text(f"repository: {sample}\n")
    monkeypatch.chdir(tmp_path)
    assert run(["graph", "digit_embedding", "--format", "json"]) == 0
    assert [flow["name"] for flow in json.loads(capsys.readouterr().out)["flows"]] == ["digit_embedding"]


@pytest.mark.parametrize("arguments", [["nothing-there"], ["--format", "png"], ["--release", "1.2"], ["--ignore", "x"]])
def test_what_cannot_be_meant_ends_with_2(arguments, broken, monkeypatch):
    monkeypatch.chdir(broken)
    assert run(["graph", *arguments]) == 2


@pytest.mark.parametrize("format_", ["tree", "svg", "html", "json"])
def test_no_heavy_module_is_loaded(sample, format_):
    code = (
        "import sys\nfrom triton_kit.cli import run\n"
        f"code = run(['graph', {str(sample)!r}, '--format', {format_!r}])\n"
        f"loaded = [m for m in {HEAVY!r} if m in sys.modules]\n"
        "sys.exit(f'loaded: {loaded}' if loaded or code else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
