"""What serve: of tk.yaml says of the servers of a project."""

from __future__ import annotations

from pathlib import Path

import pytest

from triton_kit.cli import run
from triton_kit.cli.support.runtime_options import ContainerOptions, ListenOptions, TrialOptions
from triton_kit.cli.support.serve_settings import image_of, trial_request, with_ports, with_settings
from triton_kit.errors import UsageError
from triton_kit.project.serve_settings import ServeSettings, serve_settings
from triton_kit.project.settings import read

WRITTEN = """
release: "25.01"
serve:
  runtime: docker
  image: mine:1
  ports: auto
  gpus: [0, 1]
  env: {A: 1, B: , C: true}
  flags: [--one]
  limits: {memory: 8g, cpus: 2}
  profiles:
    laptop:
      runtime: local
      ports: {http: 9000}
      env: [A=2]
      flags: [--two]
    empty:
"""


def settings(text: str, tmp_path: Path, profile: str | None = None) -> ServeSettings:
    (tmp_path / "tk.yaml").write_text(text)
    return serve_settings(read(tmp_path / "tk.yaml"), profile)


def test_a_profile_goes_before_what_stands_beside_it(tmp_path: Path) -> None:
    plain = settings(WRITTEN, tmp_path)
    assert (plain.runtime, plain.image, plain.gpus, plain.memory, plain.cpus) == ("docker", "mine:1", "0,1", "8g", 2.0)
    assert (plain.http_port, plain.grpc_port, plain.metrics_port) == (0, 0, 0)
    assert (plain.env, plain.flags) == (("A=1", "B", "C=true"), ("--one",))
    laptop = settings(WRITTEN, tmp_path, "laptop")
    assert (laptop.runtime, laptop.http_port, laptop.grpc_port, laptop.image) == ("local", 9000, 0, "mine:1")
    assert (laptop.env, laptop.flags) == (("A=1", "B", "C=true", "A=2"), ("--one", "--two"))
    assert settings(WRITTEN, tmp_path, "empty") == plain
    assert settings("repository: models", tmp_path) == serve_settings(None) == ServeSettings()


@pytest.mark.parametrize(
    ("written", "place", "said"),
    [
        ("runtine: local", "2:3", "runtine is not known here"),
        ("runtime: [a]", "2:3", "runtime is ['a'], not a text"),
        ("release: 26.0", "2:3", "release is 26.0, not a text"),
        ("ports: 8000", "2:3", "ports is 8000"),
        ("ports: [1, 2]", "2:3", "ports is [1, 2]"),
        ("ports: {http: web}", "2:3", "ports has 'web' for http, which is not a TCP port"),
        ("ports: {htp: 1}", "2:11", "htp is not known here"),
        ("env: A", "2:3", "env is not a mapping of names to values"),
        ("flags: --one", "2:3", "flags is not a list of flags"),
        ("limits: {cpus: many}", "2:12", "limits.cpus is 'many'"),
        ("limits: {memory: [1]}", "2:12", "limits.memory is [1]"),
        ("gpus: {a: 1}", "2:3", "gpus is {'a': 1}"),
        ("profiles: [a]", "2:3", "profiles is not a mapping of names to settings"),
        ("profiles: {a: {runtine: x}}", "2:18", "runtine is not known here"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(written: str, place: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        settings(f"serve:\n  {written}\n", tmp_path)
    assert said in error.value.message
    assert f"tk.yaml:{place.partition(':')[0]}:" in error.value.message


@pytest.mark.parametrize("text", [WRITTEN, "repository: models"])
def test_a_profile_that_is_not_there_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no profile of that name"):
        settings(text, tmp_path, "lapdog")
    with pytest.raises(UsageError, match=r"--profile lapdog: there is no tk\.yaml here"):
        serve_settings(None, "lapdog")


def test_an_option_goes_before_what_tk_yaml_says(tmp_path: Path) -> None:
    plain = settings(WRITTEN, tmp_path)
    found = with_settings(ContainerOptions(runtime="podman", gpus="none", env=["A=3"]), plain)
    assert (found.runtime, found.gpus, found.memory, found.env) == (
        "podman",
        "none",
        "8g",
        ["A=1", "B", "C=true", "A=3"],
    )
    listen = with_settings(with_ports(ListenOptions(http_port=7000), None), plain)
    assert (listen.http_port, listen.grpc_port) == (7000, 0)
    listen = with_settings(with_ports(ListenOptions(http_port=7000), "1,2,3"), plain)
    assert (listen.http_port, listen.grpc_port, listen.metrics_port) == (7000, 2, 3)
    for wrong in ("1,2", "a,b,c", "automatic", "1,2,-3"):
        with pytest.raises(UsageError, match="is neither auto nor three ports"):
            with_ports(ListenOptions(), wrong)


@pytest.mark.parametrize(
    ("given", "release", "written", "image"),
    [
        (None, None, "nvcr.io/nvidia/tritonserver:26.06-py3", "nvcr.io/nvidia/tritonserver:26.06-py3"),
        (None, "26.06", "nvcr.io/nvidia/tritonserver:26.06-py3", "nvcr.io/nvidia/tritonserver:26.06-py3"),
        (None, "26.03", "nvcr.io/nvidia/tritonserver:26.06-py3", None),
        (None, "26.03", "mine:1", "mine:1"),
        ("other:2", "26.03", "mine:1", "other:2"),
        (None, "26.03", None, None),
    ],
)
def test_a_release_that_is_given_goes_before_an_official_image_that_is_written(
    given: str | None, release: str | None, written: str | None, image: str | None
) -> None:
    assert image_of(given, release, ServeSettings(image=written)) == image


def test_every_command_that_starts_a_server_takes_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tk.yaml").write_text(WRITTEN)
    monkeypatch.chdir(tmp_path)
    request = trial_request(TrialOptions(profile="laptop"))
    assert (request.runtime, request.image, request.release) == ("local", "mine:1", "25.01")
    assert (request.server_args, request.memory) == (("--one", "--two"), "8g")
    request = trial_request(TrialOptions(image="nvcr.io/nvidia/tritonserver:26.06-py3"))
    assert (request.image, request.release) == ("nvcr.io/nvidia/tritonserver:26.06-py3", "26.06")


@pytest.mark.parametrize("command", [["serve"], ["test"], ["demo"], ["versions", "promote"]], ids=" ".join)
def test_all_of_them_take_an_image_and_a_profile(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run([*command, "--help"])
    said = capsys.readouterr().out
    assert "--image" in said
    assert "--profile" in said
