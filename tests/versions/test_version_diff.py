"""How two versions differ: their files, and what they answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running_server import serving
from scaffold_models import write_onnx

from triton_kit.cli import run

CONFIG = 'backend: "onnxruntime"\nmax_batch_size: 4\nversion_policy { all { } }\n'


@pytest.fixture
def model(tmp_path, monkeypatch) -> Path:
    """A model with three versions: 2 is 1 with another weight, and 3 is 1 once more."""
    place = tmp_path / "shop" / "model_repository" / "m"
    for version, weight in ((1, 1.0), (2, 1.5), (3, 1.0)):
        write_onnx(place / str(version) / "model.onnx", weight=weight)
    (place / "config.pbtxt").write_text(CONFIG)
    monkeypatch.chdir(place.parents[1])
    return place


@pytest.fixture
def diff(capsys):
    """Run ``tk versions diff m``; gives the exit code, stdout and stderr."""

    def call(*args: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["versions", "diff", "m", *map(str, args)])
        return code, *capsys.readouterr()

    return call


def test_a_changed_weight_is_named(model, diff):
    code, out, err = diff(1, 2)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "m  version 1 -> 2"
    assert lines[1] == "signature      the same"
    assert lines[2] == "opset ai.onnx  17"
    assert lines[-2:] == ["weights        1 changed, 0 the same", "  changed  w FLOAT [1]"]


def test_versions_of_the_same_files_are_the_same(model, diff):
    code, out, _ = diff(1, 3)
    assert code == 0
    assert "files          the same, 1" in out
    assert json.loads(diff(1, 3, "--format", "json")[1])["same"] is True


def test_another_signature_opset_and_file_are_told(model, diff):
    write_onnx(model / "2" / "model.onnx", outputs=2, opset=18, external=True)
    code, out, _ = diff(1, 2)
    assert code == 0
    assert "signature      1 tensor differs\n" in out
    assert "y1" in out.splitlines()[2]
    assert "opset ai.onnx  17 -> 18" in out
    assert "  new      model.data" in out
    # The same elements, in the file or beside it.
    assert "weights        the same, 1" in out


def test_many_changes_are_counted(model, diff):
    for i in range(20):
        (model / "2" / f"note-{i:02}.txt").write_text("x")
    out = diff(1, 2)[1]
    assert "files          1 changed, 20 new, 0 the same" in out
    assert "  and 8 more new; --format json has all" in out
    assert len(json.loads(diff(1, 2, "--format", "json")[1])["files"]["new"]) == 20


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda m: (m / "2" / "model.onnx").write_bytes(b"no model"), "not an ONNX model"),
        (lambda m: (m / "2" / "model.onnx").unlink(), None),
    ],
    ids=["broken", "missing"],
)
def test_a_version_that_cannot_be_read_is_one_clear_error_or_told_as_gone(model, diff, damage, said):
    damage(model)
    code, out, err = diff(1, 2)
    if said:
        assert code in (1, 2, 3)
        assert said in err
        assert "Traceback" not in err
    else:
        assert (code, "  gone     model.onnx" in out) == (0, True)


def test_weights_beside_the_file_that_are_gone_are_one_clear_error(model, diff):
    write_onnx(model / "2" / "model.onnx", external=True)
    (model / "2" / "model.data").unlink()
    code, _, err = diff(1, 2)
    assert code != 0
    assert err.count("error: ") == 1
    assert "model.data" in err


@pytest.mark.parametrize("location", ["/dev/zero", "../1/model.onnx"])
def test_weights_outside_of_the_version_are_not_read(model, diff, location):
    import onnx

    path = write_onnx(model / "2" / "model.onnx", external=True)
    loaded = onnx.load(path, load_external_data=False)
    for entry in loaded.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = location
    path.write_bytes(loaded.SerializeToString())
    code, _, err = diff(1, 2)
    assert code != 0
    assert "which is not a file beside it" in err


@pytest.mark.parametrize("asked", [("1", "9"), ("9", "1"), ("1", "x")])
def test_a_version_that_is_not_there_is_refused(model, diff, asked):
    code, _, err = diff(*asked)
    assert code == 2
    assert "9" in err or "x" in err


def test_on_a_server_both_are_asked_the_same(model, diff, embedded):
    with serving(embedded, model.parent, "m") as server:
        where = ["--url", server.endpoints.http]
        code, out, _ = diff(1, 2, *where)
        assert code == 1
        assert "outputs        3 of 3 requests answered differently" in out
        assert "request 1: y0" in out
        code, out, _ = diff(1, 2, *where, "--atol", "0.6", "--random", "5")
        assert (code, "outputs        none of 5 requests answered differently" in out) == (0, True)
        assert diff(1, 3, *where)[0] == 0
        found = json.loads(diff(1, 2, *where, "--random", "1", "--format", "json")[1])["outputs"]
        assert (found["requests"], found["differences"][0]["output"]) == (1, "y0")
        assert diff(1, 2, "--url", server.endpoints.grpc, "--grpc")[0] == 1


def test_a_version_that_the_server_does_not_have_is_said(model, diff, embedded):
    (model / "config.pbtxt").write_text(CONFIG.replace("all { }", "specific { versions: 1 }"))
    with serving(embedded, model.parent, "m") as server:
        code, _, err = diff(1, 2, "--url", server.endpoints.http)
        assert code != 0
        assert err.count("error: ") == 1
        assert "2" in err
