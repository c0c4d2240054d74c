"""From what is asked to what will be run: choices and refusals, with nothing started."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from docker_engine import IMAGE, make_model, need_image

from triton_kit.errors import TkError, UsageError
from triton_kit.repository.release import release
from triton_kit.runtime.docker import DockerRuntime
from triton_kit.runtime.local import LocalRuntime
from triton_kit.runtime.serve_plan import ServeRequest, check_server_args, choose_runtime, parse_env, plan_server


@pytest.fixture
def serve_request(tmp_path: Path) -> ServeRequest:
    """A container with free ports."""
    return ServeRequest(
        repository=make_model(tmp_path / "models"),
        runtime="docker",
        gpus="none",
        http_port=0,
        grpc_port=0,
        metrics_port=0,
        shm_size="512m",
    )


def test_everything_is_chosen_before_the_start(serve_request: ServeRequest) -> None:
    plan = plan_server(serve_request, environment={})
    spec = plan.spec
    assert plan.runtime == DockerRuntime(progress=serve_request.progress)
    assert len({spec.http_port, spec.grpc_port, spec.metrics_port} - {0}) == 3
    assert spec.shm_size == 512 * 1024 * 1024
    assert spec.name is not None
    assert spec.name.startswith("tk-models-")
    assert plan.notes == ()


def test_a_port_in_use_is_found(serve_request: ServeRequest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(TkError, match=f"port {port} is in use"):
            plan_server(replace(serve_request, http_port=port), environment={})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"runtime": "dokcer"}, "--runtime 'dokcer' is unknown"),
        ({"pull": "sometimes"}, "--pull 'sometimes' is unknown"),
        ({"release": "24.1"}, "release '24.1' is unknown"),
        ({"name": "a b"}, "--name 'a b' is not a name for a server"),
        ({"shm_size": "lots"}, "--shm-size 'lots' is not a size"),
        ({"gpus": "some"}, "--gpus 'some' names no GPUs"),
        ({"env": ("=x",)}, "--env '' is not a variable's name"),
        ({"env": ("MY-TOKEN=hunter2",)}, "--env 'MY-TOKEN' is not a variable's name"),
        ({"env": ("HTTPS_PROXY=a\nb",)}, "the value of --env HTTPS_PROXY has a character"),
        ({"memory": "much"}, "--memory 'much' is not a size"),
        ({"cpus": 0.0}, "--cpus 0 is not a number of processors"),
        ({"runtime": "local", "memory": "2g"}, "--memory needs a container"),
        ({"runtime": "local", "cpus": 2.0}, "--cpus needs a container"),
        ({"user": "--privileged"}, "--user '--privileged' is not a user"),
        ({"name": "--privileged"}, "--name '--privileged' is not a name"),
        ({"runtime": "docker", "image": "--privileged"}, "--image '--privileged' is not the name of an image"),
        ({"runtime": "docker", "image": "a b"}, "--image 'a b' is not the name of an image"),
        ({"model_control": "poll"}, "--model-control 'poll' is unknown"),
        (
            {"model_control": "explicit", "server_args": ("--model-control-mode=poll",)},
            "--model-control explicit and --model-control-mode=poll exclude each other",
        ),
        ({"env": ("NOT_SET",)}, "--env NOT_SET is not set here"),
        ({"repository": Path("/no/such/place")}, "does not exist"),
        ({"runtime": "local", "image": "x:1"}, "--image needs a container"),
    ],
)
def test_what_cannot_be_meant_is_refused(serve_request: ServeRequest, changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        plan_server(replace(serve_request, **changes), environment={})  # type: ignore[arg-type]
    assert error.value.hint


def test_a_model_is_no_repository(serve_request: ServeRequest) -> None:
    with pytest.raises(UsageError, match="is a model, not a repository") as error:
        plan_server(replace(serve_request, repository=serve_request.repository / "doubler"), environment={})
    assert str(serve_request.repository) in (error.value.hint or "")


def test_listening_on_all_networks_is_mentioned(serve_request: ServeRequest) -> None:
    notes = plan_server(replace(serve_request, bind="0.0.0.0"), environment={}).notes
    assert any("other machines" in message for message, _ in notes)


def test_links_that_lead_nowhere_in_the_container_are_mentioned(serve_request: ServeRequest) -> None:
    (serve_request.repository / "doubler" / "1" / "weights").symlink_to("/etc/hostname")
    ((message, help_),) = plan_server(serve_request, environment={}).notes
    assert message.startswith("doubler/1/weights links out of the repository")
    assert help_ == "copy the files"


def test_variables_come_from_the_option_or_from_here() -> None:
    assert parse_env(["A=1=2", "B", "C="], {"B": "here", "A": "no"}) == {"A": "1=2", "B": "here", "C": ""}


def test_flags_that_tk_sets_are_refused() -> None:
    with pytest.raises(UsageError, match="--http-port is set by tk") as error:
        check_server_args(release("24.10"), ["--http-port=9000"])
    assert error.value.hint == "write --http-port before the --"
    with pytest.raises(UsageError, match="--model-repository is set by tk"):
        check_server_args(release("24.10"), ["--model-rep=/x"])


def test_flags_that_the_release_lacks_are_refused() -> None:
    with pytest.raises(UsageError, match=r"--allow-client-shm is in tritonserver from 26\.04 on"):
        check_server_args(release("24.10"), ["--allow-client-shm=true"])


def test_deprecated_flags_are_mentioned() -> None:
    ((message, help_),) = check_server_args(release("24.10"), ["--trace-rate=5"])
    assert message == "--trace-rate is deprecated"
    assert help_ == "write --trace-config=rate=N"


def test_auto_is_the_embedded_server_where_no_engine_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert isinstance(choose_runtime("auto", IMAGE), LocalRuntime)


def test_auto_is_the_embedded_server_where_the_engine_is_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    monkeypatch.setenv("CONTAINER_HOST", f"unix://{tmp_path}/no.sock")
    assert isinstance(choose_runtime("auto", IMAGE), LocalRuntime)


@pytest.mark.docker
def test_auto_is_docker_exactly_where_it_has_the_image() -> None:
    need_image()
    assert choose_runtime("auto", IMAGE).name == "docker"
    assert isinstance(choose_runtime("auto", f"no-such-image:{os.getpid()}"), LocalRuntime)
