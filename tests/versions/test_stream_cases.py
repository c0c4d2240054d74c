"""Golden cases of decoupled models and of sequences, on a real server."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from running_server import serving
from stream_server import copy_models, remember

from triton_kit.cli import run


@pytest.fixture
def repository(tmp_path, monkeypatch) -> Path:
    """The models in a project of their own."""
    (tmp_path / "shop").mkdir()
    place = copy_models(tmp_path / "shop").rename(tmp_path / "shop" / "model_repository")
    monkeypatch.chdir(tmp_path / "shop")
    return place


@pytest.fixture
def tk(stream_server, repository, capsys):
    """Run ``tk test`` against the running server; gives the exit code, stdout and stderr."""
    remember(stream_server, repository)

    def call(*args: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["test", *map(str, args), "--server", "streams"])
        return code, *capsys.readouterr()

    return call


def put(model: Path, name: str, value: object) -> None:
    (model / "tests").mkdir(exist_ok=True)
    (model / "tests" / name).write_text(json.dumps(value))


def test_the_responses_of_a_stream_are_recorded_and_asked_again(tk, repository):
    assert tk("counter", "--record", "--input", "COUNT=2")[0] == 0
    case = json.loads((repository / "counter" / "tests" / "case-1.json").read_text())
    assert [[t["data"] for t in response] for response in case["responses"]] == [
        [[1], ["1é "]],
        [[2], ["2é ", "2é "]],
    ]
    assert tk("counter")[:2] == (0, "passed  counter 1  case-1\n1 passed\n")


@pytest.mark.parametrize(
    ("responses", "said"),
    [
        pytest.param([{"NUMBER": [1]}, {"NUMBER": [3]}], "response 2: NUMBER[0] is 2, expected 3", id="another value"),
        pytest.param([{"NUMBER": [1]}], "2 responses, expected 1", id="one too many"),
        pytest.param([{"NUMBER": [n]} for n in (1, 2, 3)], "2 responses, expected 3", id="one too few"),
        pytest.param([], "2 responses, expected 0", id="none expected"),
    ],
)
def test_another_stream_fails_and_shows_where(tk, repository, responses, said):
    put(repository / "counter", "hand.json", {"inputs": {"COUNT": [2]}, "responses": responses, "partial": True})
    code, out, _ = tk("counter")
    assert code == 1
    assert f"        {said}" in out


def test_an_empty_stream_and_one_with_an_error_are_told_apart(tk, repository):
    put(repository / "counter", "empty.json", {"inputs": {"COUNT": [0]}, "responses": []})
    assert tk("counter")[0] == 0
    put(repository / "counter", "bad.json", {"inputs": {"COUNT": [1], "FAULT": ["error:1"]}, "responses": []})
    code, out, _ = tk("counter", "--format", "json")
    assert code == 1
    bad, empty = json.loads(out)["cases"]
    assert bad["error"] == "number 1 is missing"
    assert empty["passed"]


def test_a_stream_of_one_response_may_be_written_as_outputs(tk, repository):
    put(repository / "counter", "one.json", {"inputs": {"COUNT": [1]}, "outputs": {"NUMBER": [1]}, "partial": True})
    assert tk("counter")[0] == 0


@pytest.mark.parametrize("model", ["total_direct", "total_oldest"])
def test_a_sequence_is_a_case_and_starts_anew_each_time(tk, repository, model):
    put(
        repository / model,
        "three.json",
        {"requests": [{"inputs": {"IN": [n]}, "outputs": {"TOTAL": [total]}} for n, total in ((1, 1), (2, 3), (4, 7))]},
    )
    for _ in range(2):
        assert tk(model)[:2] == (0, f"passed  {model} 1  three\n1 passed\n")
    put(
        repository / model,
        "three.json",
        {"requests": [{"inputs": {"IN": [n]}, "outputs": {"TOTAL": [n]}} for n in (1, 2)]},
    )
    code, out, _ = tk(model, "--format", "json")
    assert code == 1
    (difference,) = json.loads(out)["cases"][0]["differences"]
    assert difference["request"] == 1
    assert difference["message"].startswith("request 2: TOTAL[0, 0] is 3, expected 2")


def test_random_sequences_are_recorded_whole(tk, repository):
    assert tk("total_oldest", "--record", "--random", 2)[0] == 0
    case = json.loads((repository / "total_oldest" / "tests" / "random-1.json").read_text())
    given = [r["inputs"][0]["data"][0] for r in case["requests"]]
    totals = [r["outputs"][0]["data"][0] for r in case["requests"]]
    assert len(given) == 3
    assert totals == [sum(given[: i + 1]) for i in range(3)]
    assert tk("total_oldest")[1].endswith("2 passed\n")


@pytest.mark.parametrize(
    ("case", "said"),
    [
        pytest.param({"requests": []}, "requests is not a list of requests", id="no request"),
        pytest.param({"requests": [{"inputs": {"IN": [1]}}]}, "is not a case", id="no outputs"),
        pytest.param({"inputs": {"IN": [1]}, "outputs": {}, "responses": []}, "is not a case", id="both"),
        pytest.param({"inputs": {"IN": [1]}, "responses": {"TOTAL": [1]}}, "responses is not a list", id="no list"),
        pytest.param(
            {"requests": [{"inputs": {"IN": [1]}, "outputs": {}, "rtol": 1}]}, "rtol is not a key", id="a key too deep"
        ),
        pytest.param(
            {"inputs": {"IN": [1]}, "outputs": {"TOTAL": [1]}}, "takes sequences, and the case is not one", id="alone"
        ),
    ],
)
def test_what_is_not_a_sequence_is_said(tk, repository, case, said):
    put(repository / "total_oldest", "bad.json", case)
    code, out, _ = tk("total_oldest")
    assert code == 1
    assert said in out


def test_a_version_is_promoted_by_its_stream_on_a_server_of_its_own(embedded, repository, capsys):
    model = repository / "counter"
    shutil.copytree(model / "1", model / "2")
    text = (model / "2" / "model.py").read_text()
    (model / "2" / "model.py").write_text(text.replace("range(1, count + 1)", "range(1, count)"))
    (model / "config.pbtxt").write_text(
        (model / "config.pbtxt").read_text() + "version_policy { specific { versions: [ 1 ] } }\n"
    )
    put(model, "two.json", {"inputs": {"COUNT": [2]}, "responses": [{"NUMBER": [1]}, {"NUMBER": [2]}], "partial": True})
    assert run(["versions", "promote", "counter", "2", "--test", "--runtime", "local"]) == 1
    assert "two: 1 response, expected 2" in capsys.readouterr().err
    (model / "2" / "model.py").write_text(text)
    assert run(["versions", "promote", "counter", "2", "--test", "--runtime", "local"]) == 0


def test_two_versions_are_compared_stream_by_stream(embedded, repository, capsys):
    model = repository / "counter"
    shutil.copytree(model / "1", model / "2")
    text = (model / "2" / "model.py").read_text()
    (model / "2" / "model.py").write_text(text.replace("range(1, count + 1)", "range(1, count)"))
    (model / "config.pbtxt").write_text((model / "config.pbtxt").read_text() + "version_policy { all {} }\n")
    with serving(embedded, repository, "counter") as server:
        remember(server, repository)
        (repository / "two.json").write_text('[{"COUNT": [2]}]')
        ask = ["--server", "streams", "--format", "json", "--data", str(repository / "two.json")]
        assert run(["versions", "diff", "counter", "1", "2", *ask]) == 1
        found = json.loads(capsys.readouterr().out)["outputs"]
    assert found["requests"] == 1
    assert [d["message"] for d in found["differences"]] == ["1 response, expected 2"]
