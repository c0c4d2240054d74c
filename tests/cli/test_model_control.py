"""``tk models``, ``tk load``, ``tk unload`` and ``tk reload`` against a real server, over both protocols."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from running_server import address, serving

from triton_kit.cli import run
from triton_kit.client import Inference, connect
from triton_kit.runtime.local import LocalServer

CONFIG = """\
backend: "python"
input [ { name: "X", data_type: TYPE_INT32, dims: [ 1 ] } ]
output [ { name: "Y", data_type: TYPE_INT32, dims: [ 1 ] } ]
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
input [ { name: "X", data_type: TYPE_INT32, dims: [ 1 ] } ]
output [ { name: "Y", data_type: TYPE_INT32, dims: [ 1 ] } ]
ensemble_scheduling {
  step [ { model_name: "NAME" model_version: -1
           input_map { key: "X" value: "X" } output_map { key: "Y" value: "Y" } } ]
}
"""


def write(repository: Path, name: str, value: int, config: str = CONFIG) -> Path:
    version = repository / name / "1"
    version.mkdir(parents=True, exist_ok=True)
    (repository / name / "config.pbtxt").write_text(config)
    (version / "model.py").write_text(CODE.replace("VALUE", str(value)))
    return repository / name


def write_ensemble(repository: Path, name: str, of: str) -> None:
    (repository / name / "1").mkdir(parents=True)
    (repository / name / "config.pbtxt").write_text(ENSEMBLE.replace("NAME", of))


def answer(server: LocalServer, name: str) -> int:
    with connect(server.endpoints.http, timeout=10) as client:
        result = client.infer(Inference(model=name, inputs={"X": np.array([0], np.int32)}))
    return int(result.outputs["Y"][0])


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("served") / "models"
    write(place, "plain", 1)
    write(place, "one.two-three", 2)
    write_ensemble(place, "both", "plain")
    return place


@pytest.fixture(scope="module")
def served(embedded, repository: Path) -> Iterator[LocalServer]:
    with serving(embedded, repository, "plain", "one.two-three", "both") as server:
        yield server


@pytest.fixture(params=["http", "grpc"])
def tk(request, served, repository, capsys):
    """Run a client command against the server: exit code, stdout, stderr."""

    def ask(*args: str, known: bool = True) -> tuple[int, str, str]:
        where = ["--url", address(served, request.param), *(["--grpc"] if request.param == "grpc" else [])]
        path = ["--repository", str(repository)] if known and args[0] in ("load", "reload") else []
        code = run([*args, *where, *path])
        return code, *capsys.readouterr()

    return ask


def test_models_are_listed_with_their_versions(tk):
    code, out, err = tk("models")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].split() == ["model", "version", "state", "reason"]
    assert "one.two-three  1        ready" in out
    found = json.loads(tk("models", "--format", "json")[1])
    assert found["version"] == 1
    assert {"name": "plain", "version": "1", "state": "READY", "ready": True, "reason": ""} in found["models"]


def test_a_model_goes_with_the_ensembles_that_use_it_and_comes_back(tk, served):
    code, out, _ = tk("unload", "plain")
    assert code == 0
    assert "plain  unloaded, with both" in out
    listed = tk("models")[1]
    assert [line.split()[2] for line in listed.splitlines() if line.startswith(("plain", "both"))] == ["unloaded"] * 2
    code, out, _ = tk("load", "both")
    assert code == 0
    assert "both  version 1 ready, with plain" in out
    assert answer(served, "both") == answer(served, "plain")


def test_an_ensemble_goes_with_what_it_is_made_of_if_asked(tk):
    code, out, _ = tk("unload", "both", "--dependents")
    assert code == 0
    assert "both  unloaded" in out
    code, out, _ = tk("load", "plain", "both", "one.two-three")
    assert code == 0
    assert [line.split("  ")[0] for line in out.splitlines()] == ["plain", "both", "one.two-three"]


def test_a_reload_is_a_real_one_although_no_time_has_changed(tk, served, repository):
    file = repository / "plain" / "1" / "model.py"
    now = answer(served, "plain")
    for value in (now % 9 + 1, (now + 1) % 9 + 1):
        before = file.stat()
        file.write_text(CODE.replace("VALUE", str(value)))
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        config = (repository / "plain" / "config.pbtxt").read_bytes()
        code, out, _ = tk("reload", "plain")
        assert code == 0
        assert "plain  version 1 ready" in out
        assert answer(served, "plain") == value
        assert (repository / "plain" / "config.pbtxt").read_bytes() == config


@pytest.mark.parametrize("known", [True, False])
def test_a_reload_takes_in_what_lies_outside_the_model(tk, served, repository, known, tmp_path):
    outside = tmp_path / "value.txt"
    outside.write_text("7")
    load = f"    def initialize(self, args):\n        self.value = int(open({str(outside)!r}).read())\n\n"
    code = CODE.replace("VALUE", "self.value").replace("    def execute", load + "    def execute")
    (repository / "plain" / "1" / "model.py").write_text(code)
    assert tk("reload", "plain")[0] == 0
    assert answer(served, "plain") == 7
    outside.write_text("8")
    assert tk("load", "plain")[0] == 0
    assert tk("reload", "plain", known=known)[0] == 0
    assert answer(served, "plain") == 8
    write(repository, "plain", 1)
    assert tk("load", "plain")[0] == 0


def test_a_failure_is_told_with_file_and_line_and_the_old_version_serves_on(tk, served, repository):
    good = (repository / "plain" / "config.pbtxt").read_text()
    now = answer(served, "plain")
    (repository / "plain" / "config.pbtxt").write_text(good + 'max_batch_size: "many"\n')
    try:
        for verb in ("load", "reload"):
            code, out, err = tk(verb, "plain", "one.two-three")
            assert code == 1
            assert "plain did not" in err
            assert f"{repository}/plain/config.pbtxt:4:17: error:" in err
            assert "version 1 is served as before" in err
            assert "one.two-three  version 1 ready" in out
            assert answer(served, "plain") == now
        found = json.loads(tk("load", "plain", "--format", "json")[1])
        [model] = found["models"]
        assert not model["ok"]
        assert model["findings"][0]["line"] == 4
        assert model["versions"] == [{"version": "1", "state": "READY", "reason": ""}]
    finally:
        (repository / "plain" / "config.pbtxt").write_text(good)


def test_code_that_raises_is_told_and_the_old_version_serves_on(tk, served, repository):
    now = answer(served, "plain")
    file = repository / "plain" / "1" / "model.py"
    good = file.read_text()
    file.write_text(good + "raise RuntimeError('the weights are missing')\n")
    try:
        code, _, err = tk("reload", "plain")
        assert code == 1
        assert "the weights are missing" in err
        assert "version 1 is served as before" in err
        assert answer(served, "plain") == now
    finally:
        file.write_text(good)


def test_what_is_no_model_is_told_and_the_nearest_one_named(tk):
    for verb in ("load", "unload", "reload"):
        code, out, err = tk(verb, "plian")
        assert (code, out) == (1, "")
        assert "the server's repository has no such model" in err
        assert "did you mean plain?" in err
    assert tk("load", "../plain")[0] == 1
    assert tk("load", "")[0] != 0


def test_a_model_that_hangs_in_loading_costs_no_more_than_the_time_limit(embedded, tmp_path, capsys):
    write(tmp_path, "fine", 1)
    stuck = write(tmp_path, "stuck", 1)
    hangs = f"import os, time\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.05)\n"
    (stuck / "1" / "model.py").write_text(hangs + CODE.replace("VALUE", "1"))
    with serving(embedded, tmp_path, "fine") as server:
        for grpc in ([], ["--grpc"]):
            where = ["--url", address(server, "grpc" if grpc else "http"), *grpc]
            code = run(["load", "stuck", "--timeout", "0.5", *where])
            out, err = capsys.readouterr()
            assert (code, out) == (1, "")
            assert "stuck is not loaded after 0.5 s" in err
        (tmp_path / "go").touch()


def test_a_server_that_loads_by_itself_says_how_to_start_it_otherwise(embedded, tmp_path, capsys):
    write(tmp_path, "plain", 1)
    with serving(embedded, tmp_path, flags=["--model-control-mode=none"]) as server:
        for verb in ("load", "unload", "reload"):
            for grpc in ([], ["--grpc"]):
                assert run([verb, "plain", "--url", address(server, "grpc" if grpc else "http"), *grpc]) == 1
                err = capsys.readouterr().err
                assert "it is not in explicit model control" in err
                assert "tk serve --model-control explicit" in err


def test_a_closed_repository_is_said_to_be_closed_without_the_secret(embedded, tmp_path, capsys):
    write(tmp_path, "plain", 1)
    flags = ["--http-restricted-api=model-repository:x-token=s3cr3t"]
    with serving(embedded, tmp_path, flags=flags) as server:
        where = ["--url", server.endpoints.http]
        for command in (["models"], ["load", "plain"]):
            assert run([*command, *where]) == 1
            err = capsys.readouterr().err
            assert "keeps its model repository closed" in err
            assert "s3cr3t" not in err
        assert run(["load", "plain", *where, "--header", "x-token: s3cr3t"]) == 0


def test_a_server_that_tk_started_is_controlled_by_its_name(embedded, tmp_path, capsys):
    import subprocess
    import sys

    write(tmp_path / "shop", "plain", 1)
    tk = [sys.executable, "-m", "triton_kit"]
    ports = [f"--{kind}-port=0" for kind in ("http", "grpc", "metrics")]
    start = [*tk, "serve", str(tmp_path / "shop"), "--runtime=local", "--detach", "--name=shop-for-control", *ports]
    done = subprocess.run([*start, "--model-control=explicit"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    try:
        capsys.readouterr()
        assert run(["models", "--server", "shop-for-control"]) == 0
        assert run(["reload", "plain"]) == 0
        assert run(["reload", "plain", "--grpc"]) == 0
        shutil.copy(tmp_path / "shop" / "plain" / "config.pbtxt", tmp_path / "kept")
        with (tmp_path / "shop" / "plain" / "config.pbtxt").open("a") as config:
            config.write("nonsense: 1\n")
        assert run(["load", "plain"]) == 1
        assert f"{tmp_path}/shop/plain/config.pbtxt:4:1: error:" in capsys.readouterr().err
    finally:
        assert run(["stop", "shop-for-control"]) == 0
