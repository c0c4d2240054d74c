"""The command line of a container: pure, whole, and safe for any path."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triton_kit.runtime.container import Engine
from triton_kit.runtime.docker import DockerRuntime, image, mount, new_name, outside_links
from triton_kit.runtime.state.files import servers_dir
from triton_kit.runtime.types import ServerSpec

SPEC = ServerSpec(
    repository=Path("/models here"), release="24.10", http_port=8000, grpc_port=8001, metrics_port=8002, name="tk-x"
)


def after(argv: list[str], option: str) -> list[str]:
    return [argv[i + 1] for i, word in enumerate(argv) if word == option]


def test_the_plain_command_line() -> None:
    argv = DockerRuntime().argv(SPEC)
    assert argv[:5] == ["docker", "run", "--rm", "--name", "tk-x"]
    assert after(argv, "-p") == ["127.0.0.1:8000:8000", "127.0.0.1:8001:8001", "127.0.0.1:8002:8002"]
    assert after(argv, "--mount") == ["type=bind,source=/models here,target=/models,readonly"]
    assert after(argv, "--pull") == ["missing"]
    where = argv.index("nvcr.io/nvidia/tritonserver:24.10-py3")
    assert argv[where + 1 :] == ["tritonserver", "--model-repository=/models", "--exit-on-error=false"]


def test_the_command_line_is_the_same_each_time() -> None:
    assert DockerRuntime().argv(SPEC) == DockerRuntime().argv(SPEC)


def test_a_container_has_no_more_power_than_it_needs() -> None:
    argv = DockerRuntime().argv(SPEC)
    assert after(argv, "--security-opt") == ["no-new-privileges"]
    assert after(argv, "--cap-drop") == ["ALL"]
    assert after(argv, "--cap-add") == ["DAC_OVERRIDE"], "root in a container reads what only its owner may"
    assert "--privileged" not in argv
    argv = DockerRuntime().argv(replace(SPEC, user="1234:1234", groups=(7, 8), env={"HOME": "/home/x"}))
    assert after(argv, "--user") == ["1234:1234"]
    assert after(argv, "--group-add") == ["7", "8"]
    assert after(argv, "--cap-add") == []
    assert after(argv, "--env") == ["USER=triton"], "a home that was asked for stays"


def test_labels_tell_whose_it_is() -> None:
    labels = after(DockerRuntime().argv(SPEC), "--label")
    assert "triton-kit=1" in labels
    assert "triton-kit.repository=/models here" in labels
    assert "triton-kit.ports=8000,8001,8002" in labels


def test_an_ipv6_address_stands_in_brackets() -> None:
    argv = DockerRuntime().argv(replace(SPEC, bind="::1"))
    assert after(argv, "-p")[0] == "[::1]:8000:8000"


@pytest.mark.parametrize(
    ("engine", "gpus", "expected"),
    [
        ("docker", "none", []),
        ("docker", "all", ["--gpus", "all"]),
        ("docker", "0", ["--gpus", '"device=0"']),
        ("docker", "0,1", ["--gpus", '"device=0,1"']),
        ("podman", "none", []),
        ("podman", "all", ["--device", "nvidia.com/gpu=all"]),
        ("podman", "0,1", ["--device", "nvidia.com/gpu=0", "--device", "nvidia.com/gpu=1"]),
    ],
)
def test_gpus_are_written_as_the_engine_reads_them(engine: str, gpus: str, expected: list[str]) -> None:
    runtime = DockerRuntime(engine=engine)  # type: ignore[arg-type]
    argv = runtime.argv(replace(SPEC, gpus=gpus))
    start = argv.index("--shm-size") + 2
    assert argv[0] == engine
    assert argv[start : argv.index("--pull")] == expected


def test_the_value_of_a_variable_is_not_on_the_command_line() -> None:
    spec = replace(SPEC, env={"TOKEN": "very secret"})
    runtime = DockerRuntime()
    assert after(runtime.argv(spec), "--env") == ["TOKEN"]
    assert "very secret" not in " ".join(runtime.argv(spec))
    assert runtime.environment(spec)["TOKEN"] == "very secret"


@pytest.mark.parametrize("name", ["PATH", "DOCKER_HOST", "LD_PRELOAD", "HTTPS_PROXY", "https_proxy", "HOME"])
def test_a_variable_that_the_engine_reads_itself_does_not_reach_it(name: str) -> None:
    spec = replace(SPEC, env={name: "for the server"})
    runtime = DockerRuntime()
    assert after(runtime.argv(spec), "--env") == []
    assert after(runtime.argv(spec), "--env-file") == [str(servers_dir() / "tk-x.env")]
    assert "for the server" not in " ".join(runtime.argv(spec))
    assert runtime.environment(spec).get(name) != "for the server"


def test_a_container_is_limited_as_it_was_asked_for() -> None:
    argv = DockerRuntime().argv(replace(SPEC, memory=2**31, cpus=1.5))
    assert (after(argv, "--memory"), after(argv, "--cpus")) == (["2147483648"], ["1.5"])
    assert "--memory" not in DockerRuntime().argv(SPEC)


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_the_log_of_a_container_that_nobody_watches_is_bounded(engine: Engine) -> None:
    runtime = DockerRuntime(engine=engine)
    assert any(
        option.startswith("max-size=") for option in after(runtime.argv(replace(SPEC, detach=True)), "--log-opt")
    )
    assert after(runtime.argv(SPEC), "--log-opt") == []


def test_an_image_that_is_named_wins_over_the_releases() -> None:
    assert image(replace(SPEC, image="mine:1")) == "mine:1"
    assert image(SPEC) == "nvcr.io/nvidia/tritonserver:24.10-py3"


def test_server_flags_come_last_and_whole() -> None:
    argv = DockerRuntime().argv(replace(SPEC, server_args=("--id=a b", "--log-verbose=1"), verbose=True))
    assert argv[-3:] == ["--log-verbose=1", "--id=a b", "--log-verbose=1"]


@given(
    st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1).filter(
        lambda s: s not in (".", "..")
    )
)
def test_any_path_survives_the_way_through_mount(name: str) -> None:
    (fields,) = csv.reader(io.StringIO(mount(Path("/no such directory", name)), newline=""))
    assert fields == ["type=bind", f"source=/no such directory/{name}", "target=/models", "readonly"]


@pytest.mark.parametrize("name", ["My Models!", "模型", "a" * 300, "-x-", "..."])
def test_a_name_for_a_container_is_one_that_engines_take(name: str, tmp_path: Path) -> None:
    made = new_name(tmp_path / name)
    assert made.startswith("tk-")
    assert made.isascii()
    assert len(made) < 64
    assert made != new_name(tmp_path / name)


def test_links_that_lead_nowhere_in_a_container_are_found(tmp_path: Path) -> None:
    repository = tmp_path / "r"
    (repository / "m" / "1").mkdir(parents=True)
    (repository / "m" / "1" / "a.onnx").write_text("")
    (repository / "m" / "1" / "fine").symlink_to("a.onnx")
    assert outside_links(repository) == []
    (repository / "m" / "1" / "absolute").symlink_to(repository / "m" / "1" / "a.onnx")
    (repository / "m" / "1" / "out").symlink_to("../../../elsewhere")
    assert [link.name for link in outside_links(repository)] == ["absolute", "out"]
