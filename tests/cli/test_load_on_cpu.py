"""``tk validate --load`` where there is no GPU: what asks for one is tried on the CPU, if it can run there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from broken_models import BROKEN, CLASS, EXECUTE, GOOD, ONNX, PYTHON, X, Y, ensemble, onnx, python, step, write

from triton_kit.runtime.gpu.devices import look

pytestmark = [
    pytest.mark.usefixtures("embedded"),
    pytest.mark.skipif(bool(look().found), reason="this machine has a GPU"),
]

GPU = "instance_group { kind: KIND_GPU }\n"
NAMED = "instance_group { count: 2 gpus: [ 0, 1 ] }\n"
MODELS = {
    "on_gpu": python(CLASS + EXECUTE, "", "", "", config=PYTHON + X + Y + GPU),
    "on_named": onnx(ONNX + X + Y + NAMED, "", ""),
    "of_them": ensemble(step("on_named"), "", "", ""),
    "plain": GOOD["good_onnx"],
    "wrong": onnx(ONNX + X.replace("4", "5") + Y + GPU, "", ""),
    "engine": BROKEN["backend_not_here"]._replace(config='backend: "tensorrt"\n' + X + Y + GPU),
    "wants_cuda": BROKEN["gpu_not_here"],
    "raises": BROKEN["python_initialize"]._replace(config=PYTHON + X + Y + GPU),
}
MOVED = ["on_gpu", "on_named", "raises", "wants_cuda", "wrong"]


def tk(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "triton_kit", "validate", str(repository), "--load", "--runtime", "local"]
    return subprocess.run([*argv, *arguments], capture_output=True, text=True, timeout=300, check=False)


def models(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads(done.stdout)["load"]["models"]}


def test_what_can_run_there_is_judged_and_the_rest_is_not(tmp_path: Path) -> None:
    repository = write(tmp_path / "models", MODELS)
    before = {path: path.read_bytes() for path in repository.rglob("*.pbtxt")}
    done = tk(repository, "--format", "json")
    found = models(done)
    assert {name: one["state"] for name, one in found.items()} == {
        "on_gpu": "ready", "on_named": "ready", "of_them": "ready", "plain": "ready", "wrong": "refused",
        "engine": "unjudged", "wants_cuda": "unjudged", "raises": "refused",
    }  # fmt: skip
    assert sorted(name for name, one in found.items() if one["on_cpu"]) == MOVED
    assert not any(one["differs"] for one in found.values())
    (raised,) = [one for one in json.loads(done.stdout)["diagnostics"] if one["model"] == "raises"]
    assert (raised["rule"], raised["span"]["line"]) == ("load-refused", 3)
    assert "it was tried on the CPU, since the server has no GPU" in [r["message"] for r in raised["related"]]
    assert {path: path.read_bytes() for path in repository.rglob("*.pbtxt")} == before


def test_one_line_says_which_models_that_is_so_of(tmp_path: Path) -> None:
    repository = write(tmp_path / "models", {name: MODELS[name] for name in ("on_gpu", "plain")})
    lines = tk(repository).stdout.splitlines()
    assert lines[-2] == "tried on the CPU, since the server has no GPU: on_gpu"
    assert lines[-1].startswith("the embedded server, Triton 24.10: 2 loaded, in ")


def test_a_server_that_has_none_by_the_user_s_word_refuses_them(tmp_path: Path) -> None:
    repository = write(tmp_path / "models", {"on_gpu": MODELS["on_gpu"]})
    done = tk(repository, "--gpus", "0", "--format", "json")
    assert {name: (one["state"], one["on_cpu"]) for name, one in models(done).items()} == {"on_gpu": ("refused", False)}
    assert done.returncode == 1
