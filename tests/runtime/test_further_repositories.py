"""Several repositories for one server, on this machine and in object storage."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from triton_kit.cli import run
from triton_kit.cli.support.serve_loop import split_words
from triton_kit.errors import UsageError
from triton_kit.runtime.docker import DockerRuntime
from triton_kit.runtime.serve_plan import ServeRequest, plan_server
from triton_kit.runtime.session import model_names
from triton_kit.runtime.types import ServerSpec

BUCKET = "s3://bucket/models"


@pytest.fixture
def request_of(tmp_path: Path) -> ServeRequest:
    for repository, models in (("a", ["one"]), ("b", ["two", "three"])):
        for model in models:
            (tmp_path / repository / model / "1").mkdir(parents=True)
    return ServeRequest(
        repository=tmp_path / "a",
        runtime="local",
        http_port=0,
        grpc_port=0,
        metrics_port=0,
        more=(str(tmp_path / "b"),),
    )


def test_the_models_of_each_are_waited_for(request_of: ServeRequest) -> None:
    assert model_names(plan_server(request_of, environment={}).spec) == ("one", "three", "two")


def test_a_container_gets_each_directory_and_the_address_as_it_is(request_of: ServeRequest) -> None:
    spec = plan_server(request_of, environment={}).spec
    spec = ServerSpec(
        repository=spec.repository, release="26.06", http_port=1, grpc_port=2, metrics_port=3, more=(BUCKET, *spec.more)
    )
    argv = DockerRuntime().argv(spec)
    mounts = [argv[i + 1] for i, word in enumerate(argv) if word == "--mount"]
    assert [mount.partition("target=")[2] for mount in mounts] == ["/models,readonly", "/models-2,readonly"]
    seen = [word for word in argv if word.startswith("--model-repository=")]
    assert seen == [f"--model-repository={place}" for place in ("/models", BUCKET, "/models-2")]


@pytest.mark.parametrize("address", [BUCKET, "gs://bucket/models", "as://account/container"])
def test_the_embedded_server_cannot_read_object_storage(request_of: ServeRequest, address: str) -> None:
    with pytest.raises(UsageError, match="is in object storage, which the embedded server cannot read"):
        plan_server(replace(request_of, more=(address,)), environment={})


def test_object_storage_alone_is_passed_on_beside_an_empty_directory(capsys: pytest.CaptureFixture[str]) -> None:
    docker = ["serve", BUCKET, "--image", "triton:26.06-py3", "--runtime", "docker", "--ports", "auto", "--dry-run"]
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed")
    assert run(docker) == 0
    argv = shlex.split(capsys.readouterr().out)
    assert [word for word in argv if word.startswith("--model-repository=")] == [
        "--model-repository=/models",
        f"--model-repository={BUCKET}",
    ]
    [mount] = [argv[i + 1] for i, word in enumerate(argv) if word == "--mount"]
    source = Path(mount.partition("source=")[2].partition(",")[0])
    assert source.name == "s3-bucket-models"
    assert list(source.iterdir()) == []
    assert run(["serve", BUCKET, "--runtime", "local", "--ports", "auto"]) == 2
    assert "in object storage, which the embedded server cannot read" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["watch", "cpu"])
def test_what_is_about_one_repository_does_not_go_with_several(request_of: ServeRequest, option: str) -> None:
    with pytest.raises(UsageError, match=f"--{option} goes with one repository, and there are several"):
        plan_server(replace(request_of, **{option: True}), environment={})  # type: ignore[arg-type]


def test_one_that_does_not_exist_is_refused(request_of: ServeRequest, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere does not exist"):
        plan_server(replace(request_of, more=(str(tmp_path / "nowhere"),)), environment={})


def test_words_before_the_first_flag_are_repositories() -> None:
    assert split_words(["b", BUCKET, "--log-verbose=1", "x"]) == (("b", BUCKET), ["--log-verbose=1", "x"])
    assert split_words([]) == ((), [])
