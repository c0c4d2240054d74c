"""An engine that restarts: an engine of the test's own, since the machine's one is shared."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker_engine import IMAGE, make_model, need_image

from triton_kit.runtime.state import files

pytestmark = pytest.mark.docker
SERVE = ["--runtime=docker", f"--image={IMAGE}", "--pull=never", "--format=json"]
FREE = ["--http-port=0", "--grpc-port=0", "--metrics-port=0"]


def until(truth: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not truth():
        time.sleep(0.05)
    return truth()


class Engine:
    """A dockerd with its own socket, storage and bridge."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.host = f"unix://{place}/sock"
        self.bridge = f"tk{secrets.token_hex(4)}"
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        argv = ["dockerd", "--data-root", f"{self.place}/data", "--exec-root", f"{self.place}/exec"]
        argv += ["--pidfile", f"{self.place}/pid", "--host", self.host, "--bridge", self.bridge, "--iptables=false"]
        with (self.place / "log").open("ab") as log:
            self._daemon = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
        if not until(lambda: self.docker("info").returncode == 0, 20):
            pytest.skip("a second engine does not start here")

    def stop(self) -> None:
        assert self._daemon is not None
        self._daemon.terminate()
        self._daemon.wait(60)

    def docker(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = ["docker", "--host", self.host, *arguments]
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine of the test's own that has the image, and that tk takes for the machine's."""
    need_image()
    if os.getuid() != 0 or not all(map(shutil.which, ("dockerd", "ip"))):
        pytest.skip("only root may start a second engine, and needs dockerd and ip")
    with tempfile.TemporaryDirectory(prefix="tk-engine-", ignore_cleanup_errors=True) as place:
        one = Engine(Path(place))
        made = subprocess.run(["ip", "link", "add", one.bridge, "type", "bridge"], capture_output=True, check=False)
        if made.returncode != 0:
            pytest.skip("no bridge can be made here")
        try:
            network = f"10.213.{secrets.randbelow(250)}.1/24"
            subprocess.run(["ip", "address", "add", network, "dev", one.bridge], check=True)
            subprocess.run(["ip", "link", "set", one.bridge, "up"], check=True)
            one.start()
            subprocess.run(
                f"docker save {IMAGE} | docker --host {one.host} load", shell=True, check=True, capture_output=True
            )
            monkeypatch.setenv("DOCKER_HOST", one.host)
            yield one
            one.stop()
        finally:
            subprocess.run(["ip", "link", "delete", one.bridge], check=False)


def tk(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "triton_kit", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)


def test_an_engine_that_restarts_leaves_no_container_and_no_state(engine: Engine, tmp_path: Path) -> None:
    repository = make_model(tmp_path / "models")
    done = tk("serve", str(repository), *SERVE, *FREE, "--detach", "--name", "alone")
    assert done.returncode == 0, done.stderr
    argv = [sys.executable, "-m", "triton_kit", "serve", str(repository), *SERVE, *FREE, "--name", "shown"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as shown:
        assert shown.stdout is not None
        assert any(json.loads(line)["event"] == "ready" for line in shown.stdout)
        engine.stop()

        # While it is away, nothing is forgotten, and the one that was shown has said what happened.
        _, said = shown.communicate(timeout=60)
        assert (shown.returncode, said.count("error: ")) == (3, 1), said
        assert [one["name"] for one in json.loads(tk("ps", "--format=json").stdout)["servers"]] == ["alone"]
        done = tk("stop", "alone")
        assert done.returncode == 3
        assert "docker does not answer" in done.stderr

    engine.start()
    assert "alone has ended without tk" in tk("ps").stderr
    assert engine.docker("ps", "--all", "--quiet").stdout == ""
    assert list(files.read_all()) == ["alone"]
    assert "successfully loaded" in tk("logs", "alone").stdout
    assert tk("stop", "--forget").stdout == "alone forgotten\n"
    assert files.read_all() == {}
