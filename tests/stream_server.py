"""A real server over ``tests/client/stream_models``: decoupled models, sequences, and models that refuse."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_server import serving

from triton_kit.runtime.local import LocalRuntime, LocalServer
from triton_kit.runtime.state import registry
from triton_kit.runtime.state.process_identity import born

STREAM_MODELS = Path(__file__).parent / "client" / "stream_models"


def copy_models(place: Path) -> Path:
    """The models in a repository of their own, away from the checkout, since Python leaves its bytecode there."""
    return Path(shutil.copytree(STREAM_MODELS, place / "models", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.fixture(scope="session")
def stream_server(embedded: LocalRuntime) -> Iterator[LocalServer]:
    """A server with every model; tests leave it as it is."""
    with tempfile.TemporaryDirectory() as place:
        names = sorted(path.name for path in STREAM_MODELS.iterdir())
        with serving(embedded, copy_models(Path(place)), *names) as server:
            yield server


def remember(server: LocalServer, repository: Path) -> None:
    """Let tk know the server as if it had started it."""
    registry.record(
        registry.Running(
            name="streams",
            runtime="local",
            repository=repository,
            release="24.10",
            image=None,
            endpoints=server.endpoints,
            started=0.0,
            pid=os.getpid(),
            born=born(os.getpid()),
        )
    )
