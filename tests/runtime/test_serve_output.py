"""Command lines of servers for a range of requests, and what a plan says before anything is started."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from transcript import plain

from triton_kit.errors import TkError
from triton_kit.repository.release import release, releases
from triton_kit.runtime.docker import DockerRuntime
from triton_kit.runtime.serve_plan import check_server_args, parse_env
from triton_kit.runtime.types import ServerSpec

SPEC = ServerSpec(
    repository=Path("/models here"),
    release="24.10",
    http_port=8000,
    grpc_port=8001,
    metrics_port=8002,
    name="tk-x",
    user="1:2",
)
SPECS = {
    "plain": SPEC,
    "strict and verbose": replace(SPEC, exit_on_error=True, verbose=True),
    "all GPUs": replace(SPEC, gpus="all", gpu_way="toolkit"),
    "two GPUs": replace(SPEC, gpus="0,1", gpu_way="toolkit"),
    "cdi": replace(SPEC, gpus="0,1", gpu_way="cdi"),
    "limits": replace(SPEC, memory=2**31, cpus=1.5, shm_size=2**20),
    "groups": replace(SPEC, groups=(3, 4)),
    "environment": replace(SPEC, env={"A": "1", "B": "two words"}),
    "bind": replace(SPEC, bind="0.0.0.0"),
    "six": replace(SPEC, bind="::1"),
    "detached": replace(SPEC, detach=True, labels={"a": "b"}),
    "image": replace(SPEC, image="mine:1", pull="never"),
    "flags": replace(SPEC, server_args=("--model-control-mode=explicit", "--load-model=a b")),
    "comma": replace(SPEC, repository=Path('/a,b"c')),
    "old": replace(SPEC, release="23.01"),
}


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_the_command_line_of_a_container(engine, snapshot):
    runtime = DockerRuntime(engine=engine)
    assert {name: plain(shlex.join(runtime.argv(spec))) for name, spec in SPECS.items()} == snapshot


FLAGS = (
    "--log-verbose=1",
    "--http-port=1",
    "--model-repository=/x",
    "--allow-http=false",
    "--allow-http=true",
    "--model-control-mode=pol",
    "--strict-model-config=true",
    "--nonsense",
    "plain",
    "--cache-config=local,size=1",
    "--response-cache-byte-size=1",
)


@pytest.mark.parametrize("container", ["23.01", "24.10"])
def test_what_is_said_of_flags(container, snapshot):
    said = {}
    for flag in FLAGS:
        try:
            said[flag] = list(check_server_args(release(container), [flag]))
        except TkError as error:
            said[flag] = f"{error.message} | {error.hint}"
    assert said == snapshot


def test_variables_as_typed(snapshot):
    said = {}
    for item in ("A=1", "A=", "A=b=c", "B", "C", "1A=2", "=", "A=\n"):
        try:
            said[item] = parse_env([item], {"B": "from here"})
        except TkError as error:
            said[item] = f"{error.message} | {error.hint}"
    assert said == snapshot


def test_the_releases_as_they_are_known(snapshot):
    assert [repr(releases()[name]) for name in ("23.01", "24.10")] == snapshot
