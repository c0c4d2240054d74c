"""What every runtime does: a server starts, gets ready, tells its log, stops, and is gone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from conftest import skip_or_fail
from docker_engine import IMAGE, make_model
from free_ports import free_ports

from triton_kit.errors import TkError
from triton_kit.runtime import RUNTIMES, health
from triton_kit.runtime.container import ENGINES, engine_named
from triton_kit.runtime.docker import new_name
from triton_kit.runtime.serve_plan import choose_runtime
from triton_kit.runtime.session import running
from triton_kit.runtime.types import ServerSpec

NAMED = [name for name in RUNTIMES if name != "auto"]

NOT_IN_CI = {"podman"}
"""Runtimes that the machine of CI does not have; the others must be there."""


def named() -> list[object]:
    """Every runtime, marked where a mark says what it needs."""
    marked = {"docker": pytest.mark.docker, "local": pytest.mark.local}
    return [pytest.param(name, marks=marked.get(name, ())) for name in NAMED]


@pytest.mark.parametrize("name", NAMED)
def test_a_runtime_that_is_named_is_taken(name: str) -> None:
    assert choose_runtime(name, "x").name == name


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_has_the_name_of_its_runtime(engine: str) -> None:
    assert engine_named(engine) == engine
    assert engine in RUNTIMES


def test_an_engine_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(TkError, match="nerdctl is not a container engine that tk knows") as error:
        engine_named("nerdctl")
    assert error.value.hint == "those are docker and podman"


@pytest.mark.parametrize("name", named())
def test_a_server_starts_gets_ready_logs_stops_and_is_gone(name: str, tmp_path: Path) -> None:
    repository = make_model(tmp_path / "models")
    http, grpc, metrics = free_ports()
    spec = ServerSpec(
        repository=repository,
        release="24.10",
        http_port=http,
        grpc_port=grpc,
        metrics_port=metrics,
        image=IMAGE,
        pull="never",
        name=new_name(repository),
    )
    runtime = choose_runtime(name, IMAGE)
    try:
        runtime.check(spec)
    except TkError as error:
        (pytest.skip if name in NOT_IN_CI else skip_or_fail)(error.message)
    assert runtime.argv(spec) == runtime.argv(spec)
    log: list[str] = []
    with running(runtime, spec, timeout=120, on_snapshot=lambda s: log.extend(s.log)) as (server, snapshot):
        assert snapshot.ready
        assert health.ready(server.endpoints, "doubler", "1")
        assert server.description
        assert server.exit_code is None
        # The last lines of a log may come after the answer that the server is ready.
        end = time.monotonic() + 60
        while not any("successfully loaded 'doubler'" in line for line in log):
            assert time.monotonic() < end, log
            time.sleep(0.02)
            log.extend(server.log())
    server.stop()
    assert server.exit_code is not None
    assert not health.live(server.endpoints)
