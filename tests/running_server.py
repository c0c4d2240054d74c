"""A real server over ``tests/client/models``, for the tests of the client and of its commands."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from free_ports import free_ports

from triton_kit.client import Client, connect
from triton_kit.runtime.local import LocalRuntime, LocalServer
from triton_kit.runtime.session import running
from triton_kit.runtime.types import ServerSpec

MODELS = Path(__file__).parent / "client" / "models"


@contextlib.contextmanager
def serving(runtime: LocalRuntime, repository: Path, *names: str, flags: Sequence[str] = ()) -> Iterator[LocalServer]:
    """A server in explicit mode with these models loaded."""
    http, grpc, metrics = free_ports()
    spec = ServerSpec(
        repository=repository,
        release="24.10",
        http_port=http,
        grpc_port=grpc,
        metrics_port=metrics,
        server_args=(
            "--model-control-mode=explicit",
            "--backend-config=python,shm-default-byte-size=4194304",
            *(f"--load-model={name}" for name in names),
            *flags,
        ),
    )
    with running(runtime, spec, models=names) as (server, _):
        assert isinstance(server, LocalServer)
        yield server


@pytest.fixture(scope="session")
def server(embedded: LocalRuntime) -> Iterator[LocalServer]:
    """A server with every model but ``broken``; tests leave it as it is."""
    # Away from the checkout, since Python leaves its bytecode beside each model.
    with tempfile.TemporaryDirectory() as place:
        repository = Path(place) / "models"
        shutil.copytree(MODELS, repository, ignore=shutil.ignore_patterns("__pycache__"))
        with serving(
            embedded, repository, *sorted(p.name for p in MODELS.iterdir() if p.name != "broken")
        ) as running_server:
            yield running_server


def address(server: LocalServer, protocol: str) -> str:
    """Where it answers over ``http`` or ``grpc``."""
    return server.endpoints.http if protocol == "http" else server.endpoints.grpc


@pytest.fixture(params=["http", "grpc"])
def client(request: pytest.FixtureRequest, server: LocalServer) -> Iterator[Client]:
    """A client of the running server, over HTTP and over gRPC."""
    with connect(address(server, request.param), grpc=request.param == "grpc", timeout=30) as connected:
        yield connected
