"""``tk test``: cases are recorded from a real server, kept in files, and hold it to its word."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from running_server import MODELS, address
from versioned_models import make_model, names

from triton_kit import lint
from triton_kit.cli import run


@pytest.fixture
def pair(tmp_path, monkeypatch) -> Path:
    """The folder of the model ``pair`` in a repository of its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("pair", "echo"):
        shutil.copytree(MODELS / name, tmp_path / "model_repository" / name)
    return tmp_path / "model_repository" / "pair"


@pytest.fixture
def tk(server, capsys):
    """Run ``tk test`` against the running server; gives the exit code, stdout and stderr."""

    def call(*args: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["test", *map(str, args), "--url", address(server, "http")])
        return code, *capsys.readouterr()

    return call


def put(model: Path, name: str, value: object) -> None:
    (model / "tests").mkdir(exist_ok=True)
    (model / "tests" / name).write_text(value if isinstance(value, str) else json.dumps(value))


RIGHT = {"inputs": {"LEFT": [1, 2, 3], "RIGHT": [0, 0, 1]}, "outputs": {"SUM": [1, 2, 4]}}


def test_a_case_written_by_hand_passes_and_a_wrong_one_shows_where(pair, tk):
    put(pair, "plain.json", RIGHT)
    assert tk("pair")[:2] == (0, "passed  pair 1  plain\n1 passed\n")
    put(pair, "wrong.json", RIGHT | {"outputs": {"SUM": [1, 2, 5]}})
    code, out, _ = tk("pair")
    assert code == 1
    assert "failed  pair 1  wrong\n        SUM[0, 2] is 4.0, expected 5.0 (1 of 3 wrong; max abs error 1" in out
    assert out.endswith("1 passed, 1 failed\n")
    assert tk()[1] == out


def test_each_tolerance_counts_where_it_is_written(pair, tk):
    for name, outputs, more in [
        ("own", {"SUM": {"data": [1, 2, 4.4], "atol": 0.5}}, {}),
        ("common", {"SUM": [1, 2, 4.4]}, {"rtol": 0.2}),
        ("listed", [{"name": "SUM", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 4.4], "rtol": 0.2}], {}),
        ("none", {"SUM": {"data": [1, 2, 4.4], "rtol": 0}}, {"rtol": 0.2}),
    ]:
        put(pair, f"{name}.json", RIGHT | {"outputs": outputs} | more)
    out = tk("pair")[1]
    assert "failed  pair 1  none" in out
    assert out.splitlines()[-1] == "3 passed, 1 failed"


def test_what_is_recorded_passes_again_in_every_data_type(pair, tk, tmp_path):
    inputs = [
        'STRING=["é", "a b", ""]', "FP16=[0.1, 65504]", "FP32=[0.1, 1e-45]", "FP64=[0.1]", "BOOL=[true, false]",
        "INT64=[-9223372036854775808]", "UINT64=[18446744073709551615]", "INT8=[-128]", "UINT8=[255]",
    ]  # fmt: skip
    recorded = [option for text in inputs for option in ("--input", text)]
    assert tk("echo", "--record", *recorded)[0] == 0
    special = {"FP32": [float("nan"), float("inf")], "STRING": [{"b64": "/wA="}]}
    put(pair.parent / "echo", "special.json", {
        "inputs": {"FP32": ["NaN", "-Infinity"], "STRING": special["STRING"]},
        "outputs": {"FP32_OUT": ["NaN", "-Infinity"], "STRING_OUT": special["STRING"]},
    })  # fmt: skip
    assert tk("echo")[:2] == (0, "passed  echo 1  case-1\npassed  echo 1  special\n2 passed\n")


def test_special_numbers_and_bytes_are_recorded_as_they_came(pair, tk, tmp_path):
    (tmp_path / "x.json").write_text('{"FP32": [NaN, Infinity], "STRING": [{"b64": "/wA="}]}')
    np.savez(tmp_path / "y.npz", FP32=np.array([np.nan, np.inf], dtype=np.float32))
    assert tk("echo", "--record", "--data", "y.npz")[0] == 0
    text = (pair.parent / "echo/tests/y-1.json").read_text()
    assert '"data": ["NaN", "Infinity"]' in text
    assert tk("echo")[0] == 0


def test_large_cases_are_kept_as_arrays_and_names_are_never_reused(pair, tk):
    assert tk("echo", "--record", "--random", 1, "--shape", "FP32:5000", "--batch", 2)[0] == 0
    assert tk("pair", "--record", "--random", 2)[0] == 0
    assert tk("pair", "--record", "--random", 1, "--seed", 9)[0] == 0
    assert names(pair.parent / "echo/tests") == ["random-1.npz"]
    assert names(pair / "tests") == ["random-1.json", "random-2.json", "random-3.json"]
    assert len({(pair / "tests" / name).read_text() for name in names(pair / "tests")}) == 3
    assert tk()[1].splitlines()[-1] == "4 passed"
    with np.load(pair.parent / "echo/tests/random-1.npz") as archive:
        assert archive["inputs/FP32"].shape == (2, 5000)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no json", "is not JSON"),
        ("[]", "is not a case"),
        ('{"inputs": {}, "outputs": {}}', "is not a case"),
        ('{"inputs": {"LEFT": [1]}, "outputs": {}, "outptus": 1}', "outptus is not a key of a case"),
        ('{"inputs": {"LEFT": [1, 2, 3]}, "outputs": {}}', "no data for RIGHT"),
        ('{"inputs": {"LEF": [1, 2, 3]}, "outputs": {}}', "'LEF' is not an input of this model"),
        (json.dumps(RIGHT | {"outputs": 3}), "outputs is neither a list nor an object"),
        (json.dumps(RIGHT | {"outputs": {"SUM": ["x"]}}), "'x' is not of type FP32, which output SUM takes"),
        (json.dumps(RIGHT | {"outputs": {"SUM": {"data": [1], "atol": -1}}}), "atol is -1"),
        (json.dumps(RIGHT | {"outputs": {"SUM": {"data": [1], "shape": [7]}}}), "its shape is [7]"),
        (
            json.dumps(RIGHT | {"outputs": [{"name": "SUM", "datatype": "FP33", "data": [1]}]}),
            "FP33 is not a data type",
        ),
        (json.dumps(RIGHT | {"outputs": {"SUN": [1, 2, 4]}}), "SUN is missing; the outputs are: SUM"),
        (json.dumps(RIGHT | {"outputs": {}}), "SUM is not expected"),
        (json.dumps(RIGHT | {"outputs": [{"name": "SUM", "shape": [3], "data": [1, 2, 4]}]}), "has the shape [1, 3]"),
        (json.dumps(RIGHT | {"outputs": [{"name": "SUM", "datatype": "FP64", "data": [1, 2, 4]}]}), "expected FP64"),
        (json.dumps(RIGHT | {"outputs": [{"name": "SUM", "datatype": 5, "data": [1]}]}), "5 is not a data type"),
        (json.dumps(RIGHT | {"parameters": {"p": [1]}}), "the parameter p is not a text, a number, true or false"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_a_case_that_is_none_or_wrong_fails_alone(pair, tk, text, said):
    put(pair, "a.json", text)
    put(pair, "b.json", RIGHT)
    code, out, err = tk("pair")
    assert code == 1
    assert said in out
    assert "passed  pair 1  b" in out
    assert "Traceback" not in err


def test_a_broken_archive_fails_and_what_is_no_case_is_passed_over(pair, tk):
    put(pair, "a.npz", "no zip")
    put(pair, "notes.md", "# notes")
    put(pair, ".hidden.json", "no json")
    code, out, _ = tk("pair")
    assert code == 1
    assert "is not a .npz file of plain arrays" in out
    assert out.splitlines()[-1] == "0 passed, 1 failed"


def test_partial_cases_leave_the_other_outputs_be(pair, tk):
    put(pair, "partial.json", {**RIGHT, "outputs": {}, "partial": True})
    assert tk("pair")[0] == 0


def test_junit_and_json_say_the_same(pair, tk):
    put(pair, "a.json", RIGHT)
    put(pair, "b.json", RIGHT | {"outputs": {"SUM": [9, 2, "NaN"]}})
    put(pair, "c.json", "\x00")
    code, out, _ = tk("pair", "--format", "junit")
    root = ElementTree.fromstring(out)
    assert (code, root.get("tests"), root.get("failures"), root.get("errors")) == (1, "3", "1", "1")
    assert [case.get("name") for case in root.iter("testcase")] == ["a", "b", "c"]
    found = json.loads(tk("pair", "--format", "json")[1])
    assert (found["ok"], found["passed"], found["failed"]) == (False, 1, 2)
    difference = found["cases"][1]["differences"][0]
    assert (difference["index"], difference["expected"], difference["got"]) == ([0, 2], "NaN", 4.0)
    assert difference["message"] == root.find(".//failure").get("message")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pair"], "has no cases in tests/"),
        (["nothing"], "has no model nothing"),
        (["pair", "--random", "1"], "--random is for recording"),
        (["pair", "--record"], "--record needs inputs"),
        (["--record", "--random", "1"], "--record is for one model"),
        (["pair", "--format", "xml"], "not a format"),
    ],
)
def test_what_cannot_be_meant_is_said(pair, tk, arguments, said):
    code, out, err = tk(*arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_a_server_that_is_not_there_ends_with_3(pair, capsys):
    put(pair, "a.json", RIGHT)
    assert run(["test", "pair", "--url", "127.0.0.1:1"]) == 3


def test_a_server_is_started_for_the_models_and_their_members_alone(embedded, tmp_path, monkeypatch, capsys, sample):
    monkeypatch.chdir(tmp_path)
    repository = tmp_path / "model_repository"
    shutil.copytree(sample, repository)
    (repository / "broken/1").mkdir(parents=True)
    (repository / "broken/1/model.py").write_text("raise SystemExit\n")
    arguments = ["test", "digits", "--runtime", "local"]
    assert run([*arguments, "--record", "--input", f"image=@{repository / 'digit.png'}"]) == 0
    assert run(arguments) == 0
    assert "passed  digits 1  case-1" in capsys.readouterr().out
    assert lint(repository / "digits").diagnostics == ()
    assert names(tmp_path) == ["model_repository"]


def test_a_version_that_is_not_served_is_tested_on_a_staged_repository(embedded, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    model = make_model(tmp_path / "shop/model_repository", 1, 2)
    monkeypatch.chdir(tmp_path / "shop")
    put(model, "a.json", {"inputs": {"x": [1, 2, 3, 4]}, "outputs": {"y0": [2, 3, 4, 5]}})
    assert run(["test", "m", "--runtime", "local", "--model-version", "1"]) == 0
    assert capsys.readouterr().out == "passed  m 1  a\n1 passed\n"
    assert names(tmp_path / "shop") == ["model_repository"]
    assert run(["test", "m", "--runtime", "local", "--model-version", "7"]) == 2
