"""``tk serve`` as a user runs it: refusals, the dry run, and a whole life in a container."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker_engine import IMAGE, containers, docker, make_model, need_image
from serve_events import FREE, Serving, serve_command, wait_for

from triton_kit.cli.support.serve_output import try_lines
from triton_kit.runtime.local import LocalRuntime
from triton_kit.runtime.types import Endpoints

BROKEN = "import a_module_that_is_not_there\n"


def tk(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(serve_command(*arguments), capture_output=True, text=True, timeout=120, cwd=cwd, check=False)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_model(tmp_path / "my models")


@pytest.fixture
def serving(repository: Path, tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    """Starts ``tk serve`` on the repository; in the end nothing of it may run."""
    need_image()
    started: list[Serving] = []

    def start(*arguments: str) -> Serving:
        started.append(Serving(tmp_path / f"serve{len(started)}.log", str(repository), *arguments))
        return started[-1]

    yield start
    for one in started:
        one.away()
    assert wait_for(lambda: containers(repository) == [])


def test_the_dry_run_prints_the_command_line_and_starts_nothing(repository: Path) -> None:
    done = tk(str(repository), "--runtime", "docker", "--dry-run", "--gpus", "none", *FREE, "--", "--log-verbose=1")
    assert done.returncode == 0, done.stderr
    argv = shlex.split(done.stdout)
    assert argv[:3] == ["docker", "run", "--rm"]
    assert f"type=bind,source={repository},target=/models,readonly" in argv
    assert argv[-1] == "--log-verbose=1"


@pytest.mark.parametrize("folder", ["models", "my models"])
def test_the_local_line_of_the_dry_run_becomes_ready(tmp_path: Path, embedded: LocalRuntime, folder: str) -> None:
    repository = make_model(tmp_path / folder)
    (model,) = (path.name for path in repository.iterdir())
    extra = ("--env", "TK_TEST_WORD=two words", "--runtime", "local", "--ports", "auto")
    done = tk(str(repository), *extra, "--dry-run")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert "'TK_TEST_WORD=two words'" in line
    port = next(word for word in shlex.split(line) if word.startswith("--http-port=")).partition("=")[2]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(["sh", "-c", line], stdout=log, stderr=log, cwd=tmp_path, start_new_session=True)
    try:
        assert wait_for(lambda: answers(f"http://127.0.0.1:{port}/v2/models/{model}/ready"), 60)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
    said = json.loads(tk(str(repository), *extra, "--dry-run", "--format", "json").stdout)
    assert said["environment"]["TK_TEST_WORD"] == "two words"
    assert [command[0] for command in said["before"]] == (["ln"] if " " in folder else [])
    for word in shlex.split(line.rpartition(" && ")[0]):
        if Path(word).is_symlink():
            Path(word).unlink()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_the_check_before_the_start_knows_the_flags_of_the_server(repository: Path) -> None:
    (model,) = repository.iterdir()
    (model / "configs").mkdir()
    (model / "configs" / "other.pbtxt").write_text('backend: "python" max_batch_size: -2')
    dry = (str(repository), "--runtime", "docker", "--dry-run", "--gpus", "none", *FREE)
    assert tk(*dry).returncode == 0
    done = tk(*dry, "--", "--model-config-name=other")
    assert done.returncode == 1
    assert f"{model}/configs/other.pbtxt:1:35: error: " in done.stderr


def test_the_dry_run_as_json_is_a_list(repository: Path) -> None:
    done = tk(str(repository), "--runtime", "docker", "--dry-run", "--format", "json", *FREE)
    answer = json.loads(done.stdout)
    assert answer["version"] == 1
    assert answer["argv"][0] == "docker"


def test_without_a_path_the_usual_place_is_served(repository: Path) -> None:
    repository.rename(repository.parent / "model_repository")
    done = tk("--runtime", "docker", "--dry-run", *FREE, "--", "--log-verbose=1", cwd=repository.parent)
    assert done.returncode == 0, done.stderr
    assert "model_repository,target=/models" in done.stdout
    assert done.stdout.endswith("--log-verbose=1\n")


def test_a_flag_that_the_release_lacks_is_a_usage_error(repository: Path) -> None:
    done = tk(
        str(repository),
        "--runtime",
        "docker",
        "--release",
        "24.10",
        "--dry-run",
        *FREE,
        "--",
        "--http-max-input-size=1",
    )
    assert done.returncode == 2
    assert "--http-max-input-size is in tritonserver from 25.06 on, and this is 24.10" in done.stderr
    assert done.stdout == ""


def test_a_repository_with_problems_is_not_started(repository: Path) -> None:
    (repository / "doubler" / "config.pbtxt").write_text('backend: "python"\nmax_batch_sise: 8\n')
    done = tk(str(repository), "--runtime", "docker", "--dry-run", *FREE)
    assert done.returncode == 1
    assert "config.pbtxt:2:1: error: " in done.stderr
    assert "--no-validate" in done.stderr
    assert tk(str(repository), "--runtime", "docker", "--dry-run", "--no-validate", *FREE).returncode == 0


@pytest.mark.usefixtures("embedded")
def test_the_commands_that_are_shown_to_try_work_when_they_are_copied(repository: Path, tmp_path: Path) -> None:
    make_model(repository, "twin")
    log = tmp_path / "serve.log"
    with log.open("w") as out, log.with_suffix(".err").open("w") as err:
        process = subprocess.Popen(serve_command(str(repository), "--runtime", "local", *FREE), stdout=out, stderr=err)
        try:
            assert wait_for(lambda: "\ntry:\n" in log.read_text() or process.poll() is not None)
            assert wait_for(lambda: len(_to_try(log)) == 2)
            for line in _to_try(log):
                argv = [sys.executable, "-m", "triton_kit", *shlex.split(line)[1:]]
                done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
                assert done.returncode == 0, done.stderr
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0


def _to_try(log: Path) -> list[str]:
    _, _, after = log.read_text().partition("\ntry:\n")
    return [line.strip() for line in after.splitlines(keepends=True) if line.endswith("\n")]


def test_at_most_eight_models_are_shown_to_try_and_the_usual_address_goes_unsaid() -> None:
    def endpoints(http: str) -> Endpoints:
        return Endpoints(http=http, grpc="127.0.0.1:8001", metrics="http://127.0.0.1:8002")

    names = [f"m{i}" for i in range(10)]
    usual = endpoints("http://127.0.0.1:8000")
    assert try_lines(names, usual) == [*(f"tk infer m{i} --random" for i in range(8)), "and 2 more"]
    assert try_lines(names[:8], usual)[-1] == "tk infer m7 --random"
    assert try_lines(["a"], endpoints("http://10.0.0.1:80")) == ["tk infer a --random --url http://10.0.0.1:80"]


@pytest.mark.docker
def test_a_server_is_ready_answers_and_ends_with_ctrl_c(serving: Callable[..., Serving]) -> None:
    server = serving()
    ready = server.wait_for("ready")
    url = ready["endpoints"]["http"]  # type: ignore[index]
    body = {"inputs": [{"name": "X", "shape": [1], "datatype": "FP32", "data": [21]}]}
    request = urllib.request.Request(f"{url}/v2/models/doubler/infer", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert json.load(answer)["outputs"][0]["data"] == [42.0]
    assert server.end(signal.SIGINT) == 0
    assert server.names()[0] == "starting"
    assert server.names()[-1] == "stopped"
    assert all(event["version"] == 1 for event in server.events())


@pytest.mark.docker
def test_ctrl_c_while_models_load_ends_everything(serving: Callable[..., Serving], repository: Path) -> None:
    (repository / "doubler" / "1" / "model.py").unlink()  # the server then waits for ever
    server = serving("--no-validate")
    assert wait_for(lambda: containers(repository) != [] or server.process.poll() is not None)
    assert server.end(signal.SIGINT) == 130


@pytest.mark.docker
def test_a_termination_ends_everything(serving: Callable[..., Serving]) -> None:
    server = serving()
    server.wait_for("ready")
    assert server.end(signal.SIGTERM) in (0, 143)


@pytest.mark.docker
def test_a_model_that_fails_is_shown_with_its_reason_and_the_others_are_served(
    serving: Callable[..., Serving], repository: Path
) -> None:
    make_model(repository, "broken", code=BROKEN)
    server = serving("--no-validate")
    assert server.wait_for("partly-ready")["failed"] == ["broken"]
    (failure,) = [e for e in server.events() if e["event"] == "model" and e["state"] == "UNAVAILABLE"]
    assert "a_module_that_is_not_there" in str(failure["reason"])
    assert wait_for(lambda: "broken did not load; the other models are served" in server.said())
    assert server.end(signal.SIGINT) == 0


@pytest.mark.docker
def test_with_strict_a_model_that_fails_ends_it(repository: Path) -> None:
    need_image()
    make_model(repository, "broken", code=BROKEN)
    done = tk(str(repository), "--strict", "--no-validate", "--runtime", "docker", "--image", IMAGE, *FREE)
    assert done.returncode == 1, done.stderr
    assert "error: broken 1 did not load: " in done.stderr
    assert "help: install a_module_that_is_not_there" in done.stderr
    assert containers(repository) == []


@pytest.mark.docker
def test_no_ready_model_at_all_ends_it(repository: Path) -> None:
    need_image()
    (repository / "doubler" / "1" / "model.py").write_text(BROKEN)
    done = tk(str(repository), "--no-validate", "--runtime", "docker", "--image", IMAGE, *FREE)
    assert done.returncode == 1
    assert "no model is ready" in done.stderr


@pytest.mark.docker
def test_a_server_killed_from_outside_is_told(serving: Callable[..., Serving], repository: Path) -> None:
    server = serving()
    server.wait_for("ready")
    docker("kill", *containers(repository))
    assert server.process.wait(60) == 3
    assert "was ended from outside, by signal 9" in server.said()


@pytest.mark.docker
def test_gpus_that_the_engine_cannot_pass_are_told(repository: Path) -> None:
    need_image()
    if "nvidia" in docker("info", "--format", "{{json .Runtimes}}"):
        pytest.skip("this engine has NVIDIA's runtime")
    done = tk(str(repository), "--gpus", "all", "--runtime", "docker", "--image", IMAGE, *FREE)
    assert done.returncode == 3
    assert "GPUs cannot be passed into containers here" in done.stderr
    assert "--gpus none" in done.stderr


def test_a_model_that_wants_a_gpu_is_refused_before_the_start_with_the_way_out(tmp_path: Path) -> None:
    repository = make_model(tmp_path / "r")
    config = repository / "doubler" / "config.pbtxt"
    config.write_text(config.read_text() + "instance_group [ { kind: KIND_GPU } ]\n")
    done = tk(str(repository), "--runtime", "local", "--gpus", "none", *FREE)
    assert done.returncode == 1
    assert "config.pbtxt:5:26: error: KIND_GPU on a machine without a GPU" in done.stderr
    assert "error: doubler wants a GPU that the server would not have (--gpus none)" in done.stderr
    assert "--cpu" in done.stderr
    assert "Traceback" not in done.stderr
