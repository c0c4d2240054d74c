"""Which release a command is about: the order of what names one, and what is said of one that tk does not know."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from triton_kit.cli import run
from triton_kit.cli.support import serve_loop
from triton_kit.cli.support.release import named_release
from triton_kit.errors import UsageError
from triton_kit.project.settings import Project
from triton_kit.repository.release import newest
from triton_kit.repository.release_name import DEFAULT_RELEASE
from triton_kit.runtime import served_release
from triton_kit.runtime.container import engine
from triton_kit.runtime.embedded.binaries import RELEASE, SERVER_VERSION
from triton_kit.runtime.serve_plan import ServeRequest, plan_server
from triton_kit.runtime.served_release import default_image

OFFICIAL = "nvcr.io/nvidia/tritonserver:25.06-py3"
NOTE = (
    f"release 98.12 is newer than what tk knows, and is judged as {newest().container}, the last release of its table"
)


def asked(repository: Path, release: str | None) -> ServeRequest:
    """A server of this machine that is asked for with that release."""
    return ServeRequest(
        repository=repository, runtime="local", release=release, http_port=0, grpc_port=0, metrics_port=0
    )


def project(release: str | None) -> Project:
    return Project(root=Path(), repository=Path(), templates=Path(), release=release)


@pytest.mark.parametrize(
    ("given", "image", "written", "release"),
    [
        ("26.01", OFFICIAL, "25.02", "26.01"),
        (None, OFFICIAL, "25.02", "25.06"),
        (None, "mine:25.06-py3", "25.02", "25.02"),
        (None, None, "25.02", "25.02"),
        (None, None, None, None),
        (None, OFFICIAL, None, "25.06"),
    ],
)
def test_the_option_comes_before_the_image_and_the_image_before_the_project(
    given: str | None, image: str | None, written: str | None, release: str | None
) -> None:
    assert named_release(given, project(written), image=image) == release


def test_without_a_name_models_are_judged_for_the_newest_release_and_a_server_decides_for_itself(
    tmp_path: Path,
) -> None:
    assert named_release(None, None) is None
    assert newest().container == DEFAULT_RELEASE
    assert serve_loop.defaults(None, [])[1] is None
    plan = plan_server(asked(tmp_path, None), environment={})
    assert (plan.spec.release, plan.spec.release_known, plan.notes) == (RELEASE, True, ())
    assert default_image(None) == newest().image()


@pytest.mark.parametrize("given", ["24.13", "2.51.0", "latest", "22.12", ""])
def test_a_release_that_is_none_is_refused_with_the_nearest(
    given: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if given:
        with pytest.raises(UsageError, match="is unknown"):
            named_release(given, None)
    assert run(["validate", str(tmp_path), "--release", given or "0"]) == 2
    assert "known are" in capsys.readouterr().err or given == "2.51.0"


def test_validate_notes_a_newer_release_once_on_stderr_or_in_the_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "1").mkdir(parents=True)
        (tmp_path / name / "config.pbtxt").write_text('backend: "python"\n')
    arguments = ["validate", str(tmp_path), "--release", "98.12"]
    assert run(arguments) == 1
    assert capsys.readouterr().err == f"note: {NOTE}\n"
    run([*arguments, "--format", "json"])
    said = capsys.readouterr()
    assert (json.loads(said.out)["notes"], said.err) == ([NOTE], "")
    run([*arguments, "--format", "sarif"])
    assert capsys.readouterr().err == f"note: {NOTE}\n"
    run(["validate", str(tmp_path), "--release", newest().container, "--format", "json"])
    said = capsys.readouterr()
    assert "notes" not in json.loads(said.out)
    assert said.err == ""


def test_a_newer_release_is_judged_as_the_last_of_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m" / "1").mkdir(parents=True)
    (tmp_path / "m" / "config.pbtxt").write_text('backend: "tensorflow"\nmax_batch_size: 4\n')
    told = []
    for release in ("98.12", newest().container):
        assert run(["validate", str(tmp_path), "--release", release]) == 1
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert "tensorflow" in told[0]


def test_the_projects_release_may_be_newer_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tk.yaml").write_text('release: "98.12"\n')
    (tmp_path / "model_repository").mkdir()
    monkeypatch.chdir(tmp_path)
    for arguments in (["validate"], ["graph"], ["doctor", "--only", "clock"], ["render"]):
        run(arguments)
        assert capsys.readouterr().err.count(NOTE) == 1, arguments


@pytest.mark.parametrize(
    "arguments", [["list", "m"], ["log", "m"], ["pin", "m", "1"], ["prune", "m"]], ids=["list", "log", "pin", "prune"]
)
def test_a_command_on_versions_notes_it_on_stderr_or_in_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    (tmp_path / "tk.yaml").write_text('release: "98.12"\n')
    folder = tmp_path / "model_repository" / "m"
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "model.py").write_text("class TritonPythonModel:\n    def execute(self, requests): ...\n")
    (folder / "config.pbtxt").write_text('backend: "python"\n')
    monkeypatch.chdir(tmp_path)
    assert run(["versions", *arguments]) == 0
    assert capsys.readouterr().err.count(NOTE) == 1
    assert run(["versions", *arguments, "--format", "json"]) == 0
    said = capsys.readouterr()
    assert (json.loads(said.out)["notes"], said.err) == ([NOTE], "")


def test_the_embedded_server_runs_its_own_release_whatever_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_server(asked(tmp_path, "25.06"), environment={})
    assert plan.spec.release == RELEASE
    assert plan.notes == (("the embedded server is 24.10; it stands in for 25.06", "take --runtime docker for it"),)
    monkeypatch.setattr(served_release, "release_here", lambda: None)
    plan = plan_server(asked(tmp_path, "25.06"), environment={})
    assert (plan.spec.release, plan.spec.release_known, plan.notes) == ("25.06", False, ())


def test_flags_are_those_of_what_runs_and_not_of_what_was_asked_for(tmp_path: Path) -> None:
    request = replace(asked(tmp_path, "26.03"), server_args=("--allow-client-shm=true",))
    with pytest.raises(UsageError, match=r"--allow-client-shm is in tritonserver from .* on, and this is 24\.10"):
        plan_server(request, environment={})


@pytest.mark.parametrize(
    ("release", "image", "variables", "served", "known", "said"),
    [
        (None, None, {}, DEFAULT_RELEASE, True, None),
        ("26.03", None, {}, "26.03", True, None),
        (None, OFFICIAL, {}, "25.06", True, None),
        ("26.03", OFFICIAL, {}, "25.06", True, "the image is 25.06; it stands in for 26.03"),
        (None, "mine", {"NVIDIA_TRITON_SERVER_VERSION": "25.09"}, "25.09", True, None),
        (None, "mine", {"TRITON_SERVER_VERSION": "2.51.0"}, "24.10", True, None),
        (
            "26.03",
            "mine",
            {"TRITON_SERVER_VERSION": "2.51.0"},
            "24.10",
            True,
            "the image is 24.10; it stands in for 26.03",
        ),
        ("26.03", "mine", {"TRITON_SERVER_VERSION": "9.9.9"}, "26.03", False, None),
        ("26.03", "mine", {}, "26.03", False, None),
        (None, "mine", {}, DEFAULT_RELEASE, False, None),
    ],
    ids=[
        "nobody said anything",
        "a release",
        "an official image",
        "an official image of another release",
        "an image that states its release",
        "an image that states its server",
        "an image that states another server",
        "an image of an unknown server",
        "an image that states nothing, and a release",
        "an image that states nothing",
    ],
)
def test_an_image_is_of_the_release_that_it_states(
    release: str | None,
    image: str | None,
    variables: dict[str, str],
    served: str,
    known: bool,
    said: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "environment", lambda _engine, _name, kind: variables)
    found = served_release.served_release(release, engine="docker", image=image)
    assert (found.release.container, found.known) == (served, known)
    assert [message for message, _ in found.notes] == ([said] if said else [])


@pytest.mark.local
def test_the_server_says_after_its_start_which_release_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for a server on PATH, whose release nobody knows before it runs: the embedded one under that name."""
    from conftest import skip_or_fail

    from triton_kit.runtime.embedded.binaries import find_home

    if not find_home().binary.is_file():
        skip_or_fail("the embedded server is not here")
    (tmp_path / "models").mkdir()
    code = """
import sys
from triton_kit.runtime import served_release
served_release.release_here = lambda: None
from triton_kit.cli import run
sys.exit(run(sys.argv[1:]))
"""
    ports = ["--http-port", "0", "--grpc-port", "0", "--metrics-port", "0"]
    started = subprocess.Popen(
        [
            sys.executable,
            "-c",
            code,
            "serve",
            str(tmp_path / "models"),
            "--runtime",
            "local",
            "--release",
            "25.06",
            *ports,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stderr is not None
    told = ""
    try:
        for line in started.stderr:
            told += line
            if "write --release" in line:
                break
    finally:
        started.terminate()
        told += started.communicate(timeout=60)[1]
    assert f"the server is Triton {SERVER_VERSION}, release {RELEASE}, and its models were judged for 25.06" in told
    assert re.search(rf"write --release {re.escape(RELEASE)}", told)
