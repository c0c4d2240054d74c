"""``tk validate --load`` takes no longer than a model may, and a server on PATH writes nothing beside the models."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from broken_models import BROKEN, CLASS, EXECUTE, GOOD, Broken, ensemble, python, step, write

from triton_kit.runtime.embedded.backend_directory import backend_directory, make_backend_directory
from triton_kit.runtime.embedded.binaries import server_home
from triton_kit.runtime.local import LocalRuntime
from triton_kit.runtime.types import ServerSpec

pytestmark = pytest.mark.usefixtures("embedded")

TIMEOUT = 20


def tk(repository: Path, *arguments: str, timeout: int = 60) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "triton_kit", "validate", str(repository), "--load", "--runtime", "local"]
    argv += ["--timeout", str(timeout), "--format", "json", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=500, check=False)


def states(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {one["name"]: one["state"] for one in json.loads(done.stdout)["load"]["models"]}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("bundle", [False, True], ids=["report", "bundle"])
def test_a_model_that_hangs_costs_little_more_than_its_timeout(tmp_path: Path, bundle: bool) -> None:
    hanging = BROKEN["python_sleeps"]
    of_it = ensemble(step("hanging"), "", "", "")
    repository = write(tmp_path / "models", {**GOOD, "hanging": hanging, "of_it": of_it})
    begin = time.monotonic()
    done = tk(repository, *(["--bundle", str(tmp_path / "b.zip")] if bundle else []), timeout=TIMEOUT)
    taken = time.monotonic() - begin
    assert states(done) == {**dict.fromkeys(GOOD, "ready"), "hanging": "hung", "of_it": "refused"}
    assert TIMEOUT <= taken < 2 * TIMEOUT, done.stderr  # each further wait for it would be another timeout


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_of_several_that_hang_each_is_named_and_the_others_are_judged(tmp_path: Path) -> None:
    models = {**GOOD, "one": BROKEN["python_sleeps"], "two": BROKEN["python_sleeps"], "bad": BROKEN["python_import"]}
    done = tk(write(tmp_path / "models", models), timeout=5)
    assert states(done) == {**dict.fromkeys(GOOD, "ready"), "one": "hung", "two": "hung", "bad": "refused"}


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tritonserver on PATH, as somebody installs one: a script that starts the real server with all that it needs."""
    home = server_home(print)
    make_backend_directory(home, backend_directory(home))
    spec = ServerSpec(repository=tmp_path, release="24.10", http_port=1, grpc_port=2, metrics_port=3)
    needed = LocalRuntime().environment(spec)
    lines = [f"export {name}={shlex.quote(needed[name])}" for name in ("PATH", "LD_LIBRARY_PATH")]
    options = f"--backend-directory={backend_directory(home)} --cache-directory={home.caches}"
    place = tmp_path / "bin"
    place.mkdir()
    program = place / "tritonserver"
    program.write_text("\n".join(["#!/bin/sh", *lines, f'exec {home.binary} "$@" {options}\n']))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")


def helped(where: str, *, broken: bool = False) -> Broken:
    """A model that imports a helper beside it, found by that expression."""
    code = f"import os, sys\nsys.path.insert(0, os.path.dirname({where}))\nimport helper\n" + CLASS + EXECUTE
    files = {"1/model.py": code, "1/helper.py": "x = 1 / 0\n" if broken else "x = 1\n", "1/parts/__init__.py": ""}
    return python("", "", "", "")._replace(files=files)


def tree(root: Path) -> dict[str, int]:
    return {str(path.relative_to(root)): path.lstat().st_mtime_ns for path in (root, *root.rglob("*"))}


@pytest.mark.usefixtures("on_path")
def test_a_server_on_path_writes_no_bytecode_beside_the_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    models = {
        "plain": helped("__file__"),
        "resolved": helped("os.path.realpath(__file__)"),
        "bad": helped("__file__", broken=True),
        "onnx": GOOD["good_onnx"],
    }
    repository = write(tmp_path / "my models", models)
    (repository / "plain" / "1" / "around").symlink_to(repository)
    (repository / "plain" / "1" / "nowhere.py").symlink_to("gone.py")
    before = tree(repository)
    done = tk(repository)
    assert states(done) == {"plain": "ready", "resolved": "ready", "onnx": "ready", "bad": "refused"}, done.stderr
    assert json.loads(done.stdout)["load"]["server"].endswith("/bin/tritonserver")
    assert tree(repository) == before
    assert list(temporary.glob("tk-*")) == []
    (finding,) = [one for one in json.loads(done.stdout)["diagnostics"] if one["rule"] == "load-refused"]
    assert (finding["file"], finding["span"]["line"]) == (str(repository / "bad" / "1" / "helper.py"), 1)


@pytest.mark.usefixtures("on_path")
def test_where_there_is_no_room_for_that_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    spec = ServerSpec(
        repository=write(tmp_path / "models", {"m": helped("__file__")}), release="24.10", bytecode=False,
        http_port=1, grpc_port=2, metrics_port=3,
    )  # fmt: skip
    with pytest.raises(Exception, match="cannot be shown to the server: No such file or directory"):
        LocalRuntime().start(spec)
