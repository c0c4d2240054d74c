"""Fetching an image, with programs that play the engine: no registry can be reached from a test."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from triton_kit.errors import TkError
from triton_kit.runtime.container.engine import Layers, check, download_size, has_image, pull, refusal


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory first on PATH; what is written to its ``docker`` is the engine's command line."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")
    return directory


def engine(directory: Path, script: str) -> None:
    program = directory / "docker"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_layers_are_counted_as_they_come() -> None:
    layers = Layers()
    lines = [
        "24.10-py3: Pulling from nvidia/tritonserver",
        "aaaaaaaaaaaa: Already exists",
        "bbbbbbbbbbbb: Pulling fs layer",
        "bbbbbbbbbbbb: Download complete",
        "bbbbbbbbbbbb: Pull complete",
        "bbbbbbbbbbbb: Pull complete",
        "Digest: sha256:0123",
    ]
    assert [step for line in lines if (step := layers.take(line))] == ["1 of 1 layers", "2 of 2 layers"]


def test_the_size_comes_from_the_registrys_manifest(play: Path) -> None:
    manifest = {"SchemaV2Manifest": {"layers": [{"size": 3_000_000_000}, {"size": 500_000_000}]}}
    engine(play, f"cat <<'X'\n{json.dumps(manifest)}\nX")
    assert download_size("docker", "x:1") == 3_500_000_000


@pytest.mark.parametrize("script", ["exit 1", "echo '{'", "echo 5", "echo '[]'", "echo '{}'"])
def test_a_size_that_is_not_told_is_unknown(play: Path, script: str) -> None:
    engine(play, script)
    assert download_size("docker", "x:1") is None


def test_a_pull_tells_its_size_and_how_far_it_is(play: Path) -> None:
    engine(
        play,
        'case $1 in manifest) echo \'{"layers": [{"size": 8000000000}]}\' ;; '
        'pull) echo "aaaaaaaaaaaa: Pulling fs layer"; echo "aaaaaaaaaaaa: Pull complete" ;; esac',
    )
    said: list[str] = []
    pull("docker", "x:1", said.append)
    assert said == ["pulling x:1: 8.0 GB, less what is here already", "1 of 1 layers"]


def test_a_pull_that_fails_says_why(play: Path) -> None:
    engine(play, 'echo "Error response from daemon: manifest for x:1 not found" >&2; exit 1')
    with pytest.raises(TkError, match="x:1 cannot be pulled: manifest for x:1 not found") as error:
        pull("docker", "x:1", lambda _: None)
    assert error.value.hint


def test_a_user_who_may_not_ask_the_engine_is_told_how(play: Path) -> None:
    engine(play, 'echo "permission denied while trying to connect to the Docker daemon socket" >&2; exit 1')
    with pytest.raises(TkError, match="docker refuses this user") as error:
        check("docker")
    assert "usermod -aG docker" in (error.value.hint or "")
    with pytest.raises(TkError, match="docker refuses this user"):
        has_image("docker", "x:1")


def test_a_refusal_that_is_not_known_is_shown_as_it_is() -> None:
    error = refusal("docker", ["docker: Error response from daemon: something new.", "", "Run 'docker run --help'"])
    assert error.message == "docker did not start the container: something new"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            'docker: Error response from daemon: Conflict. The container name "/tk-x" is already in use by container.',
            "a container named tk-x exists already",
        ),
        ("docker: Error response from daemon: No such image: nope:1", "image nope:1 is not here"),
        (
            "docker: Error response from daemon: invalid mount config: bind source path does not exist: /a b",
            "/a b does not exist where the docker daemon runs",
        ),
        (
            "listen tcp4 127.0.0.1:18077: bind: address already in use",
            "a port is in use: 127.0.0.1:18077",
        ),
    ],
)
def test_known_refusals_are_put_plainly(line: str, message: str) -> None:
    error = refusal("docker", [line])
    assert error.message == message
    assert error.hint
