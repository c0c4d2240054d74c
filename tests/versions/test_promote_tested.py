"""``tk versions promote --test``: a version is served only where it answers its golden cases."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from running_server import serving
from scaffold_models import write_onnx
from serve_events import wait_for

from triton_kit.cli import run
from triton_kit.client import Inference, connect
from triton_kit.versions.log import read_log

CONFIG = """\
# what we serve
backend: "onnxruntime"
max_batch_size: 4
version_policy { specific { versions: [ 1 ] } }  # the old one
"""
CASE = {"inputs": {"x": [1, 2, 3, 4]}, "outputs": {"y0": [2, 3, 4, 5]}}
PYTHON = """\
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        return [
            pb_utils.InferenceResponse([pb_utils.Tensor("y0", x.as_numpy() + 1)])
            for x in (pb_utils.get_input_tensor_by_name(r, "x") for r in requests)
        ]
"""
PYTHON_CONFIG = """\
backend: "python"
max_batch_size: 4
input { name: "x" data_type: TYPE_FP32 dims: 4 }
output { name: "y0" data_type: TYPE_FP32 dims: 4 }
version_policy { specific { versions: [ 1 ] } }
"""


@pytest.fixture
def model(tmp_path, monkeypatch) -> Path:
    """Version 1 is served, version 2 answers the same, version 3 something else."""
    place = tmp_path / "shop" / "model_repository" / "m"
    for version, weight in ((1, 1.0), (2, 1.0), (3, 9.0)):
        write_onnx(place / str(version) / "model.onnx", weight=weight)
    (place / "config.pbtxt").write_text(CONFIG)
    (place / "tests").mkdir()
    (place / "tests" / "four.json").write_text(json.dumps(CASE))
    monkeypatch.chdir(place.parents[1])
    return place


@pytest.fixture
def promote(capsys):
    """Run ``tk versions promote m``; gives the exit code, stdout and stderr."""

    def call(*args: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["versions", "promote", "m", *map(str, args)])
        return code, *capsys.readouterr()

    return call


def answer(url: str, version: str = "") -> float:
    with connect(url, timeout=10) as client:
        x = np.array([[1, 2, 3, 4]], np.float32)
        return float(client.infer(Inference(model="m", inputs={"x": x}, version=version)).outputs["y0"][0][0])


def loaded(url: str) -> list[str]:
    with connect(url, timeout=10) as client:
        return sorted(entry.version for entry in client.index() if entry.name == "m" and entry.state == "READY")


def test_a_version_that_passes_on_a_server_of_its_own_is_promoted(model, promote, embedded):
    code, out, _ = promote(2, "--test", "--runtime", "local")
    assert code == 0
    assert out.splitlines() == ["1 case passed", "m serves version 2 now; before, version 1"]
    assert "# the old one" in (model / "config.pbtxt").read_text()
    assert [(one.action, one.done) for one in read_log(model)] == [("promote", True)]


def test_one_that_fails_there_changes_nothing(model, promote, embedded):
    code, out, err = promote(3, "--test", "--runtime", "local")
    assert (code, out) == (1, "")
    assert "error: 1 of 1 cases failed" in err
    assert "y0" in err
    assert (model / "config.pbtxt").read_text() == CONFIG
    assert read_log(model) == ()


def test_on_a_running_server_it_is_loaded_and_tested(model, promote, embedded):
    with serving(embedded, model.parent, "m") as server:
        url = server.endpoints.http
        code, out, _ = promote(2, "--test", "--url", url, "--format", "json")
        found = json.loads(out)
        assert (code, found["after"]["served"]) == (0, [2])
        assert [(case["case"], case["passed"]) for case in found["cases"]] == [("four", True)]
        assert loaded(url) == ["2"]
        assert answer(url) == 2


def test_one_that_fails_there_is_taken_back_on_disk_and_on_the_server(model, promote, embedded):
    with serving(embedded, model.parent, "m") as server:
        url = server.endpoints.http
        code, out, err = promote(3, "--test", "--url", url)
        assert (code, out) == (1, "")
        assert "error: 1 of 1 cases failed" in err
        assert "version 1 is served again" in err
        assert (model / "config.pbtxt").read_text() == CONFIG
        assert loaded(url) == ["1"]
        assert answer(url) == 2
        steps = [(one.action, one.versions, one.note) for one in read_log(model)]
        assert steps == [("promote", (3,), ""), ("rollback", (1,), "1 of 1 cases failed")]


def test_one_that_does_not_load_there_is_taken_back(model, promote, embedded):
    (model / "config.pbtxt").write_text(PYTHON_CONFIG)
    for version in (1, 2, 3):
        (model / str(version) / "model.onnx").unlink()
        (model / str(version) / "model.py").write_text(PYTHON if version == 1 else "import not_there_at_all\n" + PYTHON)
    with serving(embedded, model.parent, "m") as server:
        code, _, err = promote(2, "--test", "--url", server.endpoints.http)
        assert code == 1
        assert "not_there_at_all" in err
        assert "version 1 is served again" in err
        assert (model / "config.pbtxt").read_text() == PYTHON_CONFIG
        assert answer(server.endpoints.http) == 2


def test_a_server_that_is_gone_leaves_the_old_policy(model, promote):
    code, _, err = promote(2, "--test", "--url", "127.0.0.1:9")
    assert code == 3
    assert err.count("error: ") == 1
    assert (model / "config.pbtxt").read_text() == CONFIG


def test_without_cases_nothing_is_promoted(model, promote):
    (model / "tests" / "four.json").unlink()
    code, _, err = promote(2, "--test", "--runtime", "local")
    assert code == 2
    assert "has no cases" in err
    assert (model / "config.pbtxt").read_text() == CONFIG


def test_a_server_is_named_for_a_test_only(model, promote):
    code, _, err = promote(2, "--url", "127.0.0.1:8000")
    assert (code, "--url goes with --test" in err) == (2, True)


def slow_on(model: Path, began: Path, go: Path) -> None:
    """Make the versions Python models; all but version 1 tell when they are asked, and wait for a file or a minute."""
    (model / "config.pbtxt").write_text(PYTHON_CONFIG)
    slow = (
        f"        import os, time; open({str(began)!r}, 'w').close(); end = time.monotonic() + 60\n"
        f"        while not os.path.exists({str(go)!r}) and time.monotonic() < end: time.sleep(0.05)\n"
        "        return ["
    )
    for version in (1, 2, 3):
        (model / str(version) / "model.onnx").unlink()
        text = PYTHON if version == 1 else PYTHON.replace("        return [", slow)
        (model / str(version) / "model.py").write_text(text)


@contextlib.contextmanager
def promoting(url: str) -> Iterator[subprocess.Popen[str]]:
    """``tk versions promote m 2 --test`` on a running server, in a process of its own."""
    argv = [sys.executable, "-m", "triton_kit", "versions", "promote", "m", "2", "--test", "--url", url]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as tk:
        yield tk


def test_ctrl_c_while_it_is_tested_takes_it_back(model, embedded):
    began, go = model.parents[1] / "began", model.parents[1] / "go"
    slow_on(model, began, go)
    with serving(embedded, model.parent, "m") as server:
        with promoting(server.endpoints.http) as tk:
            assert wait_for(began.exists)
            tk.send_signal(signal.SIGINT)
            _, err = tk.communicate(timeout=60)
        go.touch()
        assert tk.returncode == 130, err
        assert (model / "config.pbtxt").read_text() == PYTHON_CONFIG
        assert [one.note for one in read_log(model)] == ["", "interrupted"]
        assert answer(server.endpoints.http) == 2


def test_killed_while_it_is_tested_it_leaves_the_new_policy_whole_and_a_way_back(model, embedded):
    began, go = model.parents[1] / "began", model.parents[1] / "go"
    slow_on(model, began, go)
    with serving(embedded, model.parent, "m") as server, promoting(server.endpoints.http) as tk:
        assert wait_for(began.exists)
        tk.kill()
        tk.communicate(timeout=60)
        go.touch()
    assert (model / "config.pbtxt").read_text() == PYTHON_CONFIG.replace("[ 1 ]", "[ 2 ]")
    assert [(one.action, one.done) for one in read_log(model)] == [("promote", True)]
    assert run(["versions", "rollback", "m"]) == 0
    assert (model / "config.pbtxt").read_text() == PYTHON_CONFIG
