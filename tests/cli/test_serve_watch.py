"""``tk serve --watch``: what is saved is served, and what would be refused is not."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from docker_engine import containers, need_image
from serve_events import DOCKER, FREE, LOCAL, Serving, serve_command, starter, wait_for

from triton_kit.client import connect
from triton_kit.client.types import Inference
from triton_kit.errors import TkError
from triton_kit.runtime.state import registry

CONFIG = """\
backend: "python"
input { name: "X" data_type: TYPE_INT32 dims: 1 }
output { name: "Y" data_type: TYPE_INT32 dims: 1 }
"""
CODE = """\
import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("Y", np.array([VALUE], np.int32))]) for _ in requests]
"""
ENSEMBLE = """\
platform: "ensemble"
input { name: "X" data_type: TYPE_INT32 dims: 1 }
output { name: "Y" data_type: TYPE_INT32 dims: 1 }
ensemble_scheduling {
  step {
    model_name: "one" model_version: -1
    input_map { key: "X" value: "X" } output_map { key: "Y" value: "Y" }
  }
}
"""


def write(repository: Path, name: str, value: int) -> Path:
    version = repository / name / "1"
    version.mkdir(parents=True, exist_ok=True)
    (version / "model.py").write_text(CODE.replace("VALUE", str(value)))
    (repository / name / "config.pbtxt").write_text(CONFIG)
    return repository / name


class Watched:
    """A server whose repository is watched."""

    def __init__(self, repository: Path, serving: Serving) -> None:
        self.repository = repository
        self.serving = serving
        self.at_once = serving.at_once
        self.url = serving.wait_for("ready")["endpoints"]["http"]

    def answer(self, name: str) -> int | None:
        """What the model answers, ``None`` where it is not served."""
        try:
            with connect(self.url, timeout=10) as client:
                result = client.infer(Inference(model=name, inputs={"X": np.array([0], np.int32)}))
        except TkError:
            return None
        return int(result.outputs["Y"][0])

    def changes(self) -> list[dict[str, Any]]:
        return self.serving.events("change")

    def next(self, before: int) -> dict[str, Any]:
        """The change after the first ``before`` ones, waited for."""
        assert wait_for(lambda: len(self.changes()) > before, 60), self.serving.said()
        return self.changes()[before]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    place = tmp_path / "my models"
    write(place, "one", 1)
    (place / "both" / "1").mkdir(parents=True)
    (place / "both" / "config.pbtxt").write_text(ENSEMBLE)
    return place


@pytest.fixture
def serve(repository: Path, tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    with starter(repository, tmp_path, "--watch") as start:
        yield start


@pytest.mark.parametrize("runtime", ["local", pytest.param("docker", marks=pytest.mark.docker)])
def test_models_change_come_and_go_as_they_are_saved(
    runtime: str, serve: Callable[..., Serving], repository: Path, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("embedded") if runtime == "local" else need_image()
    watched = Watched(repository, serve(runtime=LOCAL if runtime == "local" else DOCKER))
    assert (watched.answer("one"), watched.answer("both")) == (1, 1)

    with watched.at_once():
        write(repository, "one", 2)
    change = watched.next(0)
    assert (change["action"], change["name"], change["ok"]) == ("reload", "one", True)
    assert (watched.answer("one"), watched.answer("both")) == (2, 2)

    with watched.at_once():
        write(repository, "new.model-2", 7)
    change = watched.next(1)
    assert (change["action"], change["name"], change["ok"]) == ("load", "new.model-2", True)
    assert watched.answer("new.model-2") == 7

    with watched.at_once():
        shutil.rmtree(repository / "new.model-2")
    change = watched.next(2)
    assert (change["action"], change["name"], change["ok"]) == ("unload", "new.model-2", True)
    assert watched.answer("new.model-2") is None

    assert len(watched.changes()) == 3
    assert watched.serving.end(signal.SIGINT) == 0
    if runtime == "docker":
        assert wait_for(lambda: containers(repository) == [])


def test_a_bad_change_keeps_the_old_version_and_is_told_with_its_place(
    embedded: object, serve: Callable[..., Serving], repository: Path
) -> None:
    watched = Watched(repository, serve())
    config = repository / "one" / "config.pbtxt"
    with watched.at_once():
        config.write_text(CONFIG.replace("TYPE_INT32", "TYPE_INT", 1))
    change = watched.next(0)
    assert not change["ok"]
    finding = change["findings"][0]
    assert (finding["file"], finding["line"]) == (str(config), 2)
    assert [version["version"] for version in change["versions"] if version["state"] == "READY"] == ["1"]
    assert watched.answer("one") == 1
    with watched.at_once():
        write(repository, "one", 3)
    assert watched.next(1)["ok"]
    assert (watched.answer("one"), watched.answer("both")) == (3, 3)


def test_a_change_that_would_break_an_ensemble_waits_for_the_ensembles_own(
    embedded: object, serve: Callable[..., Serving], repository: Path
) -> None:
    watched = Watched(repository, serve())
    model, ensemble = repository / "one", repository / "both" / "config.pbtxt"
    code = (model / "1" / "model.py").read_text().replace('"Y"', '"Z"').replace("[1]", "[5]")
    with watched.at_once():
        (model / "1" / "model.py").write_text(code)
        (model / "config.pbtxt").write_text(CONFIG.replace('"Y"', '"Z"'))
    change = watched.next(0)
    assert (change["name"], change["ok"]) == ("one", False)
    assert change["error"] == "a server would refuse both with it, for 1 error"
    assert watched.answer("both") == 1
    with watched.at_once():
        ensemble.write_text(ENSEMBLE.replace('key: "Y"', 'key: "Z"'))
    assert watched.next(1)["ok"]
    assert watched.next(2)["ok"]
    assert [change["name"] for change in watched.changes()] == ["one", "one", "both"]
    assert watched.answer("both") == 5


def test_code_that_fails_when_it_is_loaded_keeps_the_old_version_too(
    embedded: object, serve: Callable[..., Serving], repository: Path
) -> None:
    watched = Watched(repository, serve())
    with watched.at_once():
        (repository / "one" / "1" / "model.py").write_text(CODE.replace("VALUE", "1") + "\nimport not_there_at_all\n")
    change = watched.next(0)
    assert not change["ok"]
    assert "not_there_at_all" in change["error"]
    assert watched.answer("one") == 1


def storm(watched: Watched, name: str, last: int) -> list[dict[str, Any]]:
    """The changes that a hundred saves of a model in a row are told as."""
    before = len(watched.changes())
    for value in range(last - 99, last + 1):
        write(watched.repository, "one", value)
    assert wait_for(lambda: watched.answer("one") == last), watched.serving.said()
    with watched.at_once():
        write(watched.repository, name, 1)
    assert wait_for(lambda: [change["name"] for change in watched.changes()[-1:]] == [name]), watched.changes()
    return watched.changes()[before:-1]


def test_a_storm_of_saves_is_one_reload(embedded: object, serve: Callable[..., Serving], repository: Path) -> None:
    watched = Watched(repository, serve())
    # A machine that stops for a tenth of a second in the midst of a storm makes two of it, but not ten times in a row.
    for i in range(10):
        changes = storm(watched, f"probe{i}", 199 + 100 * i)
        assert {change["name"] for change in changes} == {"one"}
        assert changes[-1]["ok"]
        assert len(changes) < 100
        if len(changes) == 1:
            return
    pytest.fail("no storm was one reload")


def test_a_server_on_which_nothing_loaded_waits_for_the_correction(
    embedded: object, serve: Callable[..., Serving], repository: Path
) -> None:
    shutil.rmtree(repository / "both")
    model = repository / "one" / "1" / "model.py"
    model.write_text("import not_there_at_all\n" + CODE.replace("VALUE", "1"))
    one = serve("--no-validate")
    one.wait_for("partly-ready")
    with one.at_once():
        write(repository, "one", 4)
    assert wait_for(lambda: [change["ok"] for change in one.events("change")] == [True], 60), one.said()
    assert one.process.poll() is None


def test_a_member_that_goes_and_comes_back_brings_its_ensemble_along(
    embedded: object, serve: Callable[..., Serving], repository: Path, tmp_path: Path
) -> None:
    watched = Watched(repository, serve())
    (repository / "one").rename(tmp_path / "aside")
    assert watched.next(0)["action"] == "unload"
    assert watched.answer("both") is None
    (tmp_path / "aside").rename(repository / "one")
    assert wait_for(lambda: watched.answer("both") == 1, 60), watched.changes()


def test_on_the_cpu_a_change_does_not_take_a_model_back_to_the_gpu(
    embedded: object, serve: Callable[..., Serving], repository: Path
) -> None:
    write(repository, "one", 1)
    config = repository / "one" / "config.pbtxt"
    config.write_text(CONFIG + "instance_group { kind: KIND_GPU }\n")
    watched = Watched(repository, serve("--cpu"))
    with watched.at_once():
        (repository / "one" / "1" / "model.py").write_text(CODE.replace("VALUE", "6"))
    assert watched.next(0)["ok"], watched.changes()
    assert (watched.answer("one"), watched.answer("both")) == (6, 6)


def test_a_server_that_dies_ends_it(embedded: object, serve: Callable[..., Serving], repository: Path) -> None:
    watched = Watched(repository, serve())
    pid = registry.find(watched.serving.events("starting")[0]["name"]).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert watched.serving.process.wait(60) == 3
    assert "ended by itself, by signal 9" in watched.serving.said()


def test_a_repository_that_goes_ends_it_with_its_name(
    embedded: object, serve: Callable[..., Serving], repository: Path
) -> None:
    watched = Watched(repository, serve())
    repository.rename(repository.with_name("elsewhere"))
    assert watched.serving.process.wait(60) == 3
    assert f"{repository} cannot be watched" in watched.serving.said()


def test_ctrl_c_while_it_loads_anew_ends_it(embedded: object, serve: Callable[..., Serving], repository: Path) -> None:
    watched = Watched(repository, serve())
    began = repository.parent / "began"
    with watched.at_once():
        (repository / "one" / "1" / "model.py").write_text(
            CODE.replace("VALUE", "1") + f"\nimport time\nopen({str(began)!r}, 'w').close()\ntime.sleep(600)\n"
        )
    assert wait_for(began.exists)
    assert watched.answer("one") == 1
    assert watched.serving.end(signal.SIGINT) == 0


def test_it_does_not_go_with_a_server_that_outlives_tk(repository: Path) -> None:
    argv = serve_command(str(repository), "--watch", "--detach", *LOCAL, *FREE)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--watch ends with tk, so it does not go with --detach" in done.stderr
