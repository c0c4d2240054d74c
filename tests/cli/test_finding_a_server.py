"""How a client command finds the server that is meant, and opens what tk has closed on it."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from running_server import MODELS, address, serving

from triton_kit.cli import run
from triton_kit.cli.support.server_options import HTTP_URL, find_server
from triton_kit.errors import UsageError
from triton_kit.runtime.local import LocalServer
from triton_kit.runtime.restricted_endpoints import GRPC_FLAG, HTTP_FLAG, opening_headers
from triton_kit.runtime.state import registry
from triton_kit.runtime.state.process_identity import born
from triton_kit.runtime.state.registry import Running
from triton_kit.runtime.types import Endpoints


def endpoints_at(port: int) -> Endpoints:
    return Endpoints(
        http=f"http://127.0.0.1:{port}", grpc=f"127.0.0.1:{port + 1}", metrics=f"http://127.0.0.1:{port + 2}"
    )


def known(name: str, where: int | LocalServer, **more: object) -> Running:
    """A server that tk knows of; what stands for its process is this one."""
    one = Running(
        name=name,
        runtime="local",
        release="24.10",
        image=None,
        endpoints=endpoints_at(where) if isinstance(where, int) else where.endpoints,
        started=time.time(),
        pid=os.getpid(),
        born=born(os.getpid()),
        **{"repository": Path("/models"), **more},  # type: ignore[arg-type]
    )
    registry.record(one)
    return one


def test_without_any_server_of_tk_it_is_triton_s_own_port():
    assert find_server("", None, False).url == HTTP_URL
    assert find_server("", None, True).url == "127.0.0.1:8001"


def test_the_only_server_of_tk_is_meant_wherever_it_listens():
    known("one", 18000)
    assert find_server("", None, False).url == "http://127.0.0.1:18000"
    assert find_server("", None, True).url == "127.0.0.1:18001"
    assert find_server("localhost:9", None, False).url == "localhost:9"


def test_of_several_that_at_the_usual_port_is_meant():
    known("one", 8000)
    known("two", 18000)
    address = find_server("", None, False)
    assert (address.url, address.running.name) == (HTTP_URL, "one")


def test_several_elsewhere_have_to_be_told_apart():
    known("one", 18000)
    known("two", 28000)
    with pytest.raises(UsageError, match="2 servers are running, and none was named") as error:
        find_server("", None, False)
    assert error.value.hint == "choose with --server: one, two"
    assert find_server("", "two", False).url == "http://127.0.0.1:28000"
    with pytest.raises(UsageError, match="three is not a server that tk started"):
        find_server("", "three", False)
    with pytest.raises(UsageError, match="exclude each other"):
        find_server("127.0.0.1:18000", "one", False)


def test_of_several_the_one_of_the_project_or_with_the_model_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, models in (("shop", ["resnet"]), ("bank", ["score", "both"]), ("lab", ["both"])):
        for model in models:
            (tmp_path / name / "models" / model).mkdir(parents=True)
        (tmp_path / name / "tk.yaml").write_text("repository: models\n")
        (tmp_path / name / "src").mkdir()
    known("one", 18000, repository=tmp_path / "shop" / "models")
    known("two", 28000, repository=tmp_path / "bank" / "models")
    known("three", 8000, repository=tmp_path / "lab" / "models")
    monkeypatch.chdir(tmp_path / "shop" / "src")
    assert find_server("", None, False).running.name == "one"
    monkeypatch.chdir("/")
    assert find_server("", None, False, ["score"]).running.name == "two"
    assert find_server("", None, False, ["resnet"]).running.name == "one"
    assert find_server("", None, False, ["both"]).running.name == "three", "which has the usual port, too"
    assert find_server("", None, False, ["nowhere"]).running.name == "three"
    assert find_server("127.0.0.1:28000", None, False, ["resnet"]).running.name == "two"
    assert run(["unload", "score", "--timeout", "1"]) == 3


def test_an_address_that_is_a_server_of_tk_is_known_as_such_under_every_name_of_this_machine():
    known("one", 18000)
    for url in ("127.0.0.1:18000", "http://localhost:18000", "http://[::1]:18000/v2"):
        assert find_server(url, None, False).running.name == "one"
    assert find_server("127.0.0.1:18001", None, False).running is None


def test_a_closed_endpoint_of_a_server_that_tk_started_is_opened_by_itself(tmp_path, embedded, capsys):
    shutil.copytree(MODELS / "pair", tmp_path / "pair")
    flags = [f"--{flag}=metadata:triton-kit-token=s3cr3t" for flag in (HTTP_FLAG, GRPC_FLAG)]
    with serving(embedded, tmp_path, "pair", flags=flags) as server:
        for protocol in ("http", "grpc"):
            grpc = ["--grpc"] if protocol == "grpc" else []
            assert run(["health", address(server, protocol), *grpc]) != 0
        capsys.readouterr()
        headers, metadata = opening_headers(flags)
        known("mine", server, headers=headers, metadata=metadata)
        for protocol in ("http", "grpc"):
            grpc = ["--grpc"] if protocol == "grpc" else []
            assert run(["health", "--verbose", *grpc]) == 0
            out, err = capsys.readouterr()
            assert "pair" in out
            assert "asking the server mine, which tk started" in err
            assert "s3cr3t" not in out + err
