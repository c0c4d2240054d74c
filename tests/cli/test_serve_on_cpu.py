"""``tk serve --cpu``: a repository that asks for GPUs, served where there are none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docker_engine import CONFIG, containers, make_model, need_image
from serve_events import DOCKER, FREE, LOCAL, Serving, serve_command, starter, wait_for

from triton_kit.runtime.state import registry

GPU = CONFIG + "instance_group { kind: KIND_GPU gpus: 0 }\n"
ENSEMBLE = """\
platform: "ensemble"
input { name: "X" data_type: TYPE_FP32 dims: -1 }
output { name: "Y" data_type: TYPE_FP32 dims: -1 }
ensemble_scheduling {
  step {
    model_name: "wants-gpu" model_version: -1
    input_map { key: "X" value: "X" } output_map { key: "Y" value: "Y" }
  }
}
"""
HANGS = "import time\nopen(__file__ + '.began', 'w').close()\ntime.sleep(600)\n"


def tk(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "triton_kit", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)


def content(place: Path) -> dict[str, bytes]:
    files = (path for path in place.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path): path.read_bytes() for path in files}


def ask(url: str, path: str) -> Any:
    with urllib.request.urlopen(url + path, timeout=30) as answer:
        return json.load(answer)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A model for the CPU, one for the GPU, and an ensemble of that."""
    place = make_model(tmp_path / "models here", "plain")
    make_model(place, "wants-gpu")
    (place / "wants-gpu" / "config.pbtxt").write_text(GPU)
    (place / "an-ensemble" / "1").mkdir(parents=True)
    (place / "an-ensemble" / "config.pbtxt").write_text(ENSEMBLE)
    return place


@pytest.fixture
def serve(repository: Path, tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    with starter(repository, tmp_path, "--cpu") as start:
        yield start


@pytest.mark.parametrize("runtime", ["local", pytest.param("docker", marks=pytest.mark.docker)])
def test_a_model_for_the_gpu_is_served_with_its_ensemble_and_nothing_changes_on_disk(
    runtime: str, serve: Callable[..., Serving], repository: Path, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("embedded") if runtime == "local" else need_image()
    before = content(repository)
    one = serve(runtime=LOCAL if runtime == "local" else DOCKER)
    ready = one.wait_for("ready")
    states = {event["name"]: event["state"] for event in one.events("model")}
    assert states == {"plain": "READY", "wants-gpu": "READY", "an-ensemble": "READY"}
    url = ready["endpoints"]["http"]
    assert ask(url, "/v2/models/wants-gpu/config")["instance_group"][0]["kind"] == "KIND_CPU"
    assert tk("infer", "an-ensemble", "--random", "--url", url).returncode == 0
    assert one.end(signal.SIGINT) == 0
    assert content(repository) == before
    if runtime == "docker":
        assert wait_for(lambda: containers(repository) == [])


def test_a_detached_server_and_its_restart_are_on_the_cpu_too(embedded: object, repository: Path) -> None:
    started = tk("serve", str(repository), "--cpu", "--detach", *LOCAL, *FREE, "--format", "json")
    assert started.returncode == 0, started.stderr
    name = json.loads(started.stdout.splitlines()[-1])["name"]
    try:
        again = tk("restart", name, "--format", "json")
        assert again.returncode == 0, again.stderr
        ready = json.loads(again.stdout.splitlines()[-1])
        assert ready["event"] == "ready"
        # tk knows how it is served, and a reload does not take the model back to the GPU.
        reloaded = tk("reload", "wants-gpu", "--server", name)
        assert reloaded.returncode == 0, reloaded.stderr
        config = ask(ready["endpoints"]["http"], "/v2/models/wants-gpu/config")
        assert config["instance_group"][0]["kind"] == "KIND_CPU"
    finally:
        assert tk("stop", name).returncode == 0


def test_without_it_the_refusal_names_it(embedded: object, repository: Path) -> None:
    done = tk("serve", str(repository), *LOCAL, *FREE)
    assert done.returncode == 1
    assert "error: wants-gpu wants a GPU that the server would not have" in done.stderr
    assert "--cpu" in done.stderr


def test_what_is_wrong_otherwise_is_refused_all_the_same(embedded: object, repository: Path) -> None:
    (repository / "wants-gpu" / "config.pbtxt").write_text(GPU.replace("TYPE_FP32", "TYPE_FLOAT"))
    done = tk("serve", str(repository), "--cpu", *LOCAL, *FREE)
    assert done.returncode == 1
    assert "/wants-gpu/config.pbtxt:3:" in done.stderr
    assert "TYPE_FLOAT" in done.stderr


def test_a_plan_for_the_gpu_is_no_matter_of_the_configuration(embedded: object, repository: Path) -> None:
    config = repository / "trt" / "config.pbtxt"
    (repository / "trt" / "1").mkdir(parents=True)
    (repository / "trt" / "1" / "model.plan").write_bytes(b"ftrt" + bytes(100))
    config.write_text(CONFIG.replace('"python"', '"tensorrt"'))
    done = tk("serve", str(repository), "--cpu", *LOCAL, *FREE)
    assert done.returncode == 1
    assert "trt wants a GPU that the server would not have (--cpu)" in done.stderr
    assert "a TensorRT plan runs on no CPU" in done.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--gpus", "all"], "--cpu and --gpus all exclude each other"),
        (["--", "--model-control-mode=poll"], "--cpu needs explicit model control, not poll"),
        (["--", "--load-model=plain"], "--cpu loads every model: --load-model does not go with it"),
    ],
)
def test_what_contradicts_it_is_refused(repository: Path, given: list[str], said: str) -> None:
    done = subprocess.run(
        serve_command(str(repository), "--cpu", *LOCAL, *FREE, *given), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert said in done.stderr


def test_a_model_that_fails_there_is_told_and_the_others_are_served(
    embedded: object, serve: Callable[..., Serving], repository: Path
) -> None:
    (repository / "wants-gpu" / "1" / "model.py").write_text("import a_module_that_is_not_there\n")
    one = serve("--no-validate")
    assert one.wait_for("partly-ready")["failed"] == ["an-ensemble", "wants-gpu"]
    reasons = {event["name"]: event["reason"] for event in one.events("model")}
    assert "a_module_that_is_not_there" in reasons["wants-gpu"]
    assert one.end(signal.SIGINT) == 0


def test_a_server_that_dies_over_a_model_is_told(
    embedded: object, serve: Callable[..., Serving], repository: Path
) -> None:
    (repository / "wants-gpu" / "1" / "model.py").write_text(HANGS)
    one = serve("--no-validate")
    assert wait_for(lambda: (repository / "wants-gpu" / "1" / "model.py.began").exists())
    pid = registry.find(one.wait_for("starting")["name"]).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert one.process.wait(60) == 3
    assert "ended by itself, by signal 9" in one.said()


def test_a_model_that_hangs_costs_no_more_than_the_time_limit(
    embedded: object, serve: Callable[..., Serving], repository: Path
) -> None:
    (repository / "wants-gpu" / "1" / "model.py").write_text(HANGS)
    one = serve("--no-validate", "--timeout", "3")
    assert one.process.wait(60) == 1
    assert "wants-gpu not ready after 3 s" in one.said()


def test_ctrl_c_while_it_loads_leaves_nothing(
    embedded: object, serve: Callable[..., Serving], repository: Path
) -> None:
    (repository / "wants-gpu" / "1" / "model.py").write_text(HANGS)
    one = serve("--no-validate")
    assert wait_for(lambda: (repository / "wants-gpu" / "1" / "model.py.began").exists())
    assert one.end(signal.SIGINT) == 130
    assert one.names()[-1] == "stopped"
