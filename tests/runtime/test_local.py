"""The embedded server: started, watched, ended; whatever happens, nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from free_ports import free_ports

from triton_kit.errors import TkError
from triton_kit.runtime import health
from triton_kit.runtime.embedded.backend_directory import make_backend_directory
from triton_kit.runtime.embedded.binaries import RELEASE, find_home
from triton_kit.runtime.local import LocalRuntime
from triton_kit.runtime.session import running
from triton_kit.runtime.types import ServerSpec

pytestmark = pytest.mark.local

ECHO = """
import triton_python_backend_utils as pb_utils

class TritonPythonModel:
    def execute(self, requests):
        return [
            pb_utils.InferenceResponse([pb_utils.Tensor("Y", pb_utils.get_input_tensor_by_name(r, "X").as_numpy())])
            for r in requests
        ]
"""
ECHO_CONFIG = """
backend: "python"
input { name: "X" data_type: TYPE_FP32 dims: -1 }
output { name: "Y" data_type: TYPE_FP32 dims: -1 }
"""


def until(condition: Callable[[], object], *, patience: float = 60.0) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def group(pid: int) -> list[int]:
    """The processes of a group that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, member = stat.read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(member) == pid and state not in "ZX":
            found.append(int(stat.parent.name))
    return found


def shared_memory(spec: ServerSpec) -> list[Path]:
    return list(Path("/dev/shm").glob(f"tk_{spec.bind}_{spec.http_port}_*"))


def spec_of(repository: Path, *server_args: str, exit_on_error: bool = False) -> ServerSpec:
    http, grpc, metrics = free_ports()
    return ServerSpec(
        repository=repository,
        release=RELEASE,
        http_port=http,
        grpc_port=grpc,
        metrics_port=metrics,
        exit_on_error=exit_on_error,
        server_args=server_args,
    )


def start(runtime: LocalRuntime, spec: ServerSpec, *, timeout: float) -> None:
    """Start a server that will not become ready."""
    with running(runtime, spec, timeout=timeout, grace=0.5):
        pytest.fail("it became ready")


def add(repository: Path, name: str, config: str = ECHO_CONFIG, code: str | None = ECHO) -> None:
    (repository / name / "1").mkdir(parents=True)
    (repository / name / "config.pbtxt").write_text(config)
    if code is not None:
        (repository / name / "1" / "model.py").write_text(code)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    add(tmp_path / "models", "echo")
    return tmp_path / "models"


def test_it_starts_gets_ready_logs_stops_and_is_gone(embedded: LocalRuntime, repository: Path) -> None:
    spec = spec_of(repository)
    seen: list[health.Snapshot] = []
    with running(embedded, spec, timeout=120, on_snapshot=seen.append) as (server, snapshot):
        assert snapshot.ready
        assert [(model.name, model.version, model.state) for model in snapshot.models] == [("echo", "1", "READY")]
        assert [model.state for model in seen[0].models] == ["WAITING"]
        assert any("successfully loaded 'echo'" in line for part in seen for line in part.log)
        assert health.live(server.endpoints)
        assert health.ready(server.endpoints)
        assert not health.ready(server.endpoints, "echo", "2")
        assert server.exit_code is None
        assert server.description == "embedded tritonserver"
        pid = server.pid  # type: ignore[attr-defined]
        assert len(group(pid)) > 1
        assert shared_memory(spec)
    server.stop()
    assert server.exit_code == 0
    assert any("Waiting for in-flight requests" in line for line in server.log())
    assert not group(pid)
    assert not shared_memory(spec)
    assert not health.live(server.endpoints)


def listening(port: str) -> list[str]:
    """The local addresses, as the kernel writes them, on which something listens at that port (``:1F40``)."""
    tables = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    return [line.split()[1] for line in tables.splitlines() if f"{port} " in line and " 0A " in line]


def test_it_listens_on_the_chosen_address_alone(embedded: LocalRuntime, repository: Path) -> None:
    spec = spec_of(repository)
    with running(embedded, spec, timeout=120):
        for port in (spec.http_port, spec.grpc_port, spec.metrics_port):
            hexadecimal = f":{port:04X}"
            # The kernel makes these tables as they are read: a row can be missed while other sockets come and go.
            rows = next(filter(None, (listening(hexadecimal) for _ in range(100))))
            # gRPC listens on the same address written as one of IPv6.
            assert set(rows) <= {f"0100007F{hexadecimal}", f"0000000000000000FFFF00000100007F{hexadecimal}"}


def test_a_repository_path_with_blanks_is_served(embedded: LocalRuntime, tmp_path: Path) -> None:
    repository = tmp_path / "my models; $(touch x) 'é'"
    add(repository, "echo")
    spec = spec_of(repository)
    with running(embedded, spec, timeout=120) as (server, snapshot):
        assert snapshot.ready
        link = Path(next(a for a in embedded.argv(spec) if a.startswith("--model-repository=")).partition("=")[2])
        assert link.readlink() == repository
        assert not any(str(link) in line for line in server.log())
    assert not link.is_symlink()


def test_a_model_that_fails_is_an_answer_beside_those_that_work(embedded: LocalRuntime, repository: Path) -> None:
    add(repository, "raises", code="raise ValueError('no such thing')")
    add(repository, "typo", config='backend: "python" inputt {}')
    add(
        repository,
        "alone",
        code=None,
        config='platform: "ensemble" ensemble_scheduling { step { model_name: "gone" model_version: -1 '
        'input_map { key: "X" value: "X" } output_map { key: "Y" value: "Y" } } }'
        'input { name: "X" data_type: TYPE_FP32 dims: -1 } output { name: "Y" data_type: TYPE_FP32 dims: -1 }',
    )
    with running(embedded, spec_of(repository), timeout=120) as (server, snapshot):
        assert server.exit_code is None
        states = {model.name: model for model in snapshot.models}
        assert snapshot.done
        assert not snapshot.ready
        assert states["echo"].state == "READY"
        assert {model.name for model in snapshot.failed} == {"raises", "typo", "alone"}
        assert "no such thing" in states["raises"].reason
        assert 'has no field named "inputt"' in states["typo"].reason
        assert "models that are not available" in states["alone"].reason


def test_with_exit_on_error_a_model_that_fails_ends_the_server(embedded: LocalRuntime, repository: Path) -> None:
    add(repository, "raises", code="raise ValueError('no such thing')")
    with pytest.raises(health.NotReady, match="raises did not load, and the server ended with exit code 1") as caught:
        start(embedded, spec_of(repository, exit_on_error=True), timeout=120)
    assert "no such thing" in caught.value.message
    assert caught.value.exit_code == 1


def test_an_unknown_flag_ends_it_at_once_with_the_servers_words(embedded: LocalRuntime, repository: Path) -> None:
    with pytest.raises(health.ServerDied, match="unrecognized option '--no-such-flag'") as caught:
        start(embedded, spec_of(repository, "--no-such-flag"), timeout=120)
    assert caught.value.status == 1


def test_a_model_without_its_code_would_wait_for_ever_and_is_given_up(embedded: LocalRuntime, repository: Path) -> None:
    add(repository, "empty", code=None)
    spec = spec_of(repository)
    with pytest.raises(health.NotReady, match="not ready after 3 s") as caught:
        start(embedded, spec, timeout=3)
    assert "empty" in {model.name for model in caught.value.snapshot.models if model.state != "READY"}
    assert until(lambda: not shared_memory(spec))


def test_a_stub_without_its_libraries_is_given_up_with_the_loaders_words(
    embedded: LocalRuntime, repository: Path
) -> None:
    http, grpc, metrics = free_ports()
    spec = ServerSpec(
        repository=repository,
        release=RELEASE,
        http_port=http,
        grpc_port=grpc,
        metrics_port=metrics,
        env={"LD_LIBRARY_PATH": ""},
    )
    for timeout in (3, 15, 60):
        with pytest.raises(health.NotReady, match=f"not ready after {timeout} s") as caught:
            start(embedded, spec, timeout=timeout)
        if "libraries" in caught.value.message:  # else it was given up before the stub was started
            break
    assert "error while loading shared libraries" in caught.value.message


def test_a_server_that_is_killed_leaves_nothing_once_stopped(embedded: LocalRuntime, repository: Path) -> None:
    spec = spec_of(repository)
    with running(embedded, spec, timeout=120) as (server, _):
        pid = server.pid  # type: ignore[attr-defined]
        os.kill(pid, signal.SIGKILL)
        assert until(lambda: server.exit_code == -signal.SIGKILL)
    assert not group(pid)
    assert not shared_memory(spec)


TK = """
import sys
from pathlib import Path
from triton_kit.runtime.local import LocalRuntime
from triton_kit.runtime.session import running
from triton_kit.runtime.types import ServerSpec
import time
http, grpc, metrics = map(int, sys.argv[2:])
spec = ServerSpec(repository=Path(sys.argv[1]), release="24.10", http_port=http, grpc_port=grpc, metrics_port=metrics)
try:
    with running(LocalRuntime(), spec, timeout=120) as (server, snapshot):
        print(server.pid, flush=True)
        time.sleep(300)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_however_tk_ends_it_leaves_no_process_and_no_shared_memory(
    embedded: LocalRuntime, repository: Path, number: signal.Signals
) -> None:
    spec = spec_of(repository)
    ports = [str(port) for port in (spec.http_port, spec.grpc_port, spec.metrics_port)]
    with subprocess.Popen([sys.executable, "-c", TK, str(repository), *ports], stdout=subprocess.PIPE) as tk:
        assert tk.stdout is not None
        pid = int(tk.stdout.readline())
        assert shared_memory(spec)
        tk.send_signal(number)
        code = tk.wait(60)
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    assert until(lambda: not group(pid) and not shared_memory(spec))


def test_an_interrupt_while_models_load_ends_it_too(embedded: LocalRuntime, repository: Path) -> None:
    (repository / "echo" / "1" / "model.py").write_text("import time; time.sleep(300)\n" + ECHO)
    spec = spec_of(repository)
    pids: list[int] = []

    class Recording(LocalRuntime):
        def start(self, spec: ServerSpec):  # type: ignore[no-untyped-def]
            server = super().start(spec)
            pids.append(server.pid)
            return server

    def interrupt(snapshot: health.Snapshot) -> None:
        if any(model.state == "LOADING" for model in snapshot.models):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), running(Recording(), spec, timeout=120, on_snapshot=interrupt, grace=0.5):
        pytest.fail("it became ready")
    assert not group(pids[0])
    assert not shared_memory(spec)


def test_a_repository_that_is_not_there_is_named(embedded: LocalRuntime, tmp_path: Path) -> None:
    with (
        pytest.raises(TkError, match="none is not a directory"),
        running(embedded, spec_of(tmp_path / "none"), models=["m"]),
    ):
        pytest.fail("it became ready")


def test_its_command_line_is_a_pure_function(embedded: LocalRuntime, repository: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    spec = spec_of(repository, "--model-control-mode=explicit")
    argv = embedded.argv(spec)
    assert argv == embedded.argv(spec)
    assert argv[0].endswith("tritonserver")
    assert f"--http-address={spec.bind}" in argv
    assert f"--http-port={spec.http_port}" in argv
    assert "--exit-on-error=false" in argv
    assert argv[-1] == "--model-control-mode=explicit"
    assert sorted(tmp_path.rglob("*")) == before


def test_the_gpus_that_were_not_asked_for_are_hidden(embedded: LocalRuntime, repository: Path) -> None:
    spec = spec_of(repository)
    assert embedded.environment(spec)["CUDA_VISIBLE_DEVICES"] == ""


def test_making_the_backend_directory_twice_at_once_does_no_harm(embedded: LocalRuntime, tmp_path: Path) -> None:
    target = tmp_path / "cache" / "backends"
    for _ in range(2):
        make_backend_directory(find_home(), target)
    assert sorted(p.name for p in target.iterdir()) == ["onnxruntime", "python"]
    assert [p.name for p in target.parent.iterdir()] == ["backends"]
