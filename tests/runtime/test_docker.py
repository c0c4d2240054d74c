"""A server in a container, from its start to its end, against a real engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker_engine import IMAGE, containers, docker, make_model, need_image
from free_ports import free_ports

from triton_kit.errors import TkError
from triton_kit.runtime.container import engine as engines
from triton_kit.runtime.container.log import log_argv
from triton_kit.runtime.docker import DockerRuntime, new_name
from triton_kit.runtime.session import running
from triton_kit.runtime.types import ServerSpec

pytestmark = pytest.mark.docker


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Path]:
    """A repository with one model, in a place that is hard to name; nothing of it may run afterwards."""
    need_image()
    path = make_model(tmp_path / 'my models, "x":ro=1')
    yield path
    assert containers(path) == []


def make_spec(repository: Path, **changes: object) -> ServerSpec:
    http, grpc, metrics = free_ports()
    values: dict[str, object] = {"image": IMAGE, "pull": "never", "name": new_name(repository), **changes}
    return ServerSpec(
        repository=repository, release="24.10", http_port=http, grpc_port=grpc, metrics_port=metrics, **values
    )  # type: ignore[arg-type]


def infer(url: str) -> list[float]:
    body = {"inputs": [{"name": "X", "shape": [2], "datatype": "FP32", "data": [1.0, 2.5]}]}
    request = urllib.request.Request(f"{url}/v2/models/doubler/infer", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        return list(json.load(answer)["outputs"][0]["data"])


def wait_for(truth: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if truth():
            return True
        time.sleep(0.1)
    return truth()


def test_a_server_starts_answers_logs_and_is_gone(repository: Path) -> None:
    spec = make_spec(repository, env={"TK_SECRET": "x"})
    seen: list[str] = []
    with running(DockerRuntime(), spec, on_snapshot=lambda s: seen.extend(s.log)) as (server, snapshot):
        assert snapshot.ready
        assert infer(server.endpoints.http) == [2.0, 5.0]
        with urllib.request.urlopen(server.endpoints.metrics, timeout=30) as metrics:
            assert b"nv_inference_request_success" in metrics.read()
        (container,) = containers(repository)
        assert docker("inspect", "--format", "{{.HostConfig.ShmSize}} {{(index .Mounts 0).RW}}", container) == (
            f"{spec.shm_size} false"
        )
        assert server.exit_code is None
    assert any("successfully loaded 'doubler'" in line for line in seen)
    assert server.exit_code is not None
    server.stop()


def test_a_repository_that_only_its_owner_may_read_is_served(repository: Path) -> None:
    if os.getuid() == 0:
        os.chown(repository / "doubler" / "1" / "model.py", 12345, 12345)
    (repository / "doubler" / "1" / "model.py").chmod(0o600)
    with running(DockerRuntime(), make_spec(repository)) as (_, snapshot):
        assert snapshot.ready


def test_stopping_at_once_leaves_no_container(repository: Path) -> None:
    server = DockerRuntime().start(make_spec(repository))
    server.stop(grace=1.0)
    assert server.exit_code is not None


def test_a_container_killed_from_outside_says_so(repository: Path) -> None:
    spec = make_spec(repository)
    with running(DockerRuntime(), spec) as (server, _):
        docker("kill", spec.name or "")
        assert wait_for(lambda: server.exit_code is not None)
        reason = server.explain_end()  # type: ignore[attr-defined]
        assert reason is not None
        assert reason.message == f"container {spec.name} was ended from outside, by signal 9"


def test_a_missing_image_that_may_not_be_pulled_is_found_before_the_start(repository: Path) -> None:
    with pytest.raises(TkError, match="image no-such-image:1 is not on this machine") as error:
        DockerRuntime().check(make_spec(repository, image="no-such-image:1"))
    assert error.value.hint


def test_an_engine_that_is_down_is_named_with_the_remedy(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = make_spec(repository)
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", f"unix://{repository}/no.sock")
        with pytest.raises(TkError, match="docker does not answer") as error:
            DockerRuntime().check(spec)
    assert "systemctl start docker" in (error.value.hint or "")


def test_an_engine_that_is_not_installed_is_named(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = make_spec(repository)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(repository))
        with pytest.raises(TkError, match="docker was not found"):
            DockerRuntime().check(spec)


def test_gpus_without_the_toolkit_are_explained(repository: Path) -> None:
    if "nvidia" in docker("info", "--format", "{{json .Runtimes}}"):
        pytest.skip("this engine has NVIDIA's runtime")
    with (
        pytest.raises(TkError, match="GPUs cannot be passed into containers here") as error,
        running(DockerRuntime(), make_spec(repository, gpus="all")),
    ):
        pass
    assert "--gpus none" in (error.value.hint or "")


def test_a_container_of_that_name_is_explained_and_left_alone(repository: Path) -> None:
    spec = make_spec(repository)
    docker("create", "--name", spec.name or "", IMAGE, "true")
    try:
        with pytest.raises(TkError, match="exists already") as error, running(DockerRuntime(), spec):
            pass
        assert "docker rm" in (error.value.hint or "")
        assert docker("ps", "-aq", "--filter", f"name={spec.name}")
    finally:
        docker("rm", "--force", spec.name or "")


def test_a_port_taken_behind_our_back_is_explained(repository: Path) -> None:
    import socket

    spec = make_spec(repository)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", spec.http_port))
        with pytest.raises(TkError, match="a port is in use") as error, running(DockerRuntime(), spec):
            pass
        assert "--http-port 0" in (error.value.hint or "")


def test_an_image_without_triton_is_explained(repository: Path) -> None:
    tag = f"triton-kit/empty:{new_name(repository)}"
    subprocess.run(
        ["docker", "import", "--change", 'ENTRYPOINT ["/no/such/program"]', "-", tag],
        input=b"\0" * 1024, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    try:
        with pytest.raises(TkError), running(DockerRuntime(), make_spec(repository, image=tag)):
            pass
    finally:
        docker("rmi", tag)


def test_a_tk_that_is_killed_leaves_no_container_even_of_a_server_that_hangs(repository: Path) -> None:
    (repository / "doubler" / "1" / "model.py").unlink()
    code = (
        "import sys, time; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from triton_kit.runtime.docker import DockerRuntime; from triton_kit.runtime.types import ServerSpec\n"
        "s = ServerSpec(repository=Path(sys.argv[2]), release='24.10', http_port=int(sys.argv[3]),"
        " grpc_port=int(sys.argv[4]), metrics_port=int(sys.argv[5]), image=sys.argv[6], pull='never')\n"
        "DockerRuntime().start(s); time.sleep(300)"
    )
    root = str(Path(__file__).resolve().parents[2])
    numbers = map(str, free_ports())
    with subprocess.Popen([sys.executable, "-c", code, root, str(repository), *numbers, IMAGE]) as tk:
        assert wait_for(lambda: len(containers(repository)) == 1)
        time.sleep(1.0)
        tk.send_signal(signal.SIGKILL)
    assert wait_for(lambda: containers(repository) == [])


def test_a_server_that_shall_outlive_tk_runs_on_after_the_block_and_its_engine_has_the_log(repository: Path) -> None:
    spec = make_spec(repository, detach=True)
    try:
        with running(DockerRuntime(), spec) as (server, _):
            pass
        assert infer(server.endpoints.http) == [2.0, 5.0]
        argv = log_argv("docker", spec.name or "")
        assert (
            "successfully loaded 'doubler'" in subprocess.run(argv, capture_output=True, text=True, timeout=60).stderr
        )
    finally:
        assert engines.stop("docker", spec.name or "", 10.0)
        assert engines.remove("docker", spec.name or "")
