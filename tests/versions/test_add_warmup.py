"""``tk add-warmup``: golden inputs that the server runs before a model is ready."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from running_server import serving
from scaffold_models import write_onnx
from versioned_models import killed_at, tree

from triton_kit import lint
from triton_kit.cli import run
from triton_kit.project.context import find_context
from triton_kit.repository.text_format.document import parse
from triton_kit.versions.model_folder import find_model_folder
from triton_kit.versions.warmup import add_warmup

CONFIG = """\
# what we serve
backend: "python"
max_batch_size: 4
input [
  { name: "x", data_type: TYPE_FP32, dims: [ 2 ] },  # two numbers
  { name: "a word", data_type: TYPE_STRING, dims: [ 1 ] }
]
output { name: "y" data_type: TYPE_FP32 dims: 2 }
"""
CODE = """\
import json
import os

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        with open(SEEN, "a") as seen:
            for request in requests:
                x = pb_utils.get_input_tensor_by_name(request, "x").as_numpy()
                word = pb_utils.get_input_tensor_by_name(request, "a word").as_numpy()
                seen.write(json.dumps([x.tolist(), [w.decode() for w in word.ravel().tolist()]]) + chr(10))
        return [
            pb_utils.InferenceResponse([pb_utils.Tensor("y", pb_utils.get_input_tensor_by_name(r, "x").as_numpy())])
            for r in requests
        ]
"""
CASES = {
    "one": {"inputs": {"x": [1.5, -2], "a word": ["grün"]}, "outputs": {"y": [1.5, -2]}},
    "many": {"inputs": {"x": [[3, 4], [5, 6]], "a word": [["a"], ["b"]]}, "outputs": {"y": [[3, 4], [5, 6]]}},
}


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    """Where the model notes what it was asked."""
    return tmp_path / "seen"


@pytest.fixture
def model(tmp_path, monkeypatch, seen) -> Path:
    place = tmp_path / "my shop" / "model_repository" / "m.1-x"
    (place / "1").mkdir(parents=True)
    (place / "tests").mkdir()
    (place / "1" / "model.py").write_text(CODE.replace("SEEN", repr(str(seen))))
    (place / "config.pbtxt").write_text(CONFIG)
    for name, case in CASES.items():
        (place / "tests" / f"{name}.json").write_text(json.dumps(case))
    monkeypatch.chdir(place.parents[1])
    return place


@pytest.fixture
def tk(capsys):
    """Run ``tk add-warmup`` on the model; gives the exit code, stdout and stderr."""

    def call(*args: object, name: str = "m.1-x") -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["add-warmup", name, *map(str, args)])
        return code, *capsys.readouterr()

    return call


def test_the_server_runs_them_before_the_model_is_ready(model, tk, seen, embedded):
    code, out, _ = tk("--count", 2)
    assert (code, out) == (0, "m.1-x is warmed up with many, one\n")
    assert (model / "config.pbtxt").read_text().startswith(CONFIG)
    assert lint(model).ok
    with serving(embedded, model.parent, "m.1-x"):
        asked = [json.loads(line) for line in seen.read_text().splitlines()]
    # A sample with a batch of two is two requests of its first row.
    assert asked.count([[[1.5, -2.0]], ["grün"]]) == 2
    assert asked.count([[[3.0, 4.0]], ["a"]]) == 4
    assert len(asked) == 6


def test_one_case_is_chosen_and_takes_the_place_of_the_others(model, tk):
    assert tk()[0] == 0
    before = tree(model)
    code, _, err = tk("--case", "one")
    assert (code, "has model_warmup already" in err, "--replace" in err) == (2, True, True)
    assert tree(model) == before
    code, out, _ = tk("--case", "one", "--replace", "--format", "json")
    assert (code, json.loads(out)["samples"]) == (0, ["one"])
    assert sorted(path.name for path in (model / "warmup").iterdir()) == ["one.0.x", "one.1.a_word"]
    assert "# two numbers" in (model / "config.pbtxt").read_text()
    assert lint(model).ok


def test_a_model_that_is_rendered_stays_so(tmp_path, monkeypatch, capsys, tk):
    monkeypatch.chdir(tmp_path)
    assert run(["init", "."]) == 0
    write_onnx(Path("a.onnx"))
    assert run(["add", "m", "--from", "a.onnx", "--set", "config.parameters.k.string_value=v"]) == 0
    yaml = Path("model_repository/m/model.yaml")
    yaml.write_text(yaml.read_text().replace("config:", "config:  # more"))
    Path("model_repository/m/tests").mkdir()
    for name in ("four", "more"):
        case = {"inputs": {"x": [1, 2, 3, 4]}, "outputs": {"y0": [2, 3, 4, 5]}}
        Path(f"model_repository/m/tests/{name}.json").write_text(json.dumps(case))
    assert run(["render"]) == 0
    assert tk(name="m")[0] == 0
    assert run(["render", "--check"]) == 0
    assert tk("--case", "more", "--replace", name="m")[0] == 0
    assert run(["render", "--check"]) == 0
    assert "# more" in yaml.read_text()
    message = parse(Path("model_repository/m/config.pbtxt").read_bytes()).message
    assert [sample.name for sample in message.model_warmup] == ["more"]
    assert message.has("parameters")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: [f.unlink() for f in (m / "tests").iterdir()], "has no cases"),
        (lambda m: (m / "tests" / "one.json").write_text('{"inputs": {"x": [1, 2]}, "outputs": {}}'), "a word"),
        (lambda m: (m / "config.pbtxt").write_text(CONFIG.replace("size: 4", "size: 1")), "a batch of 2 is over"),
        (lambda m: (m / "config.pbtxt").write_text(CONFIG + "sequence_batching { }\n"), "keeps sequences"),
        (lambda m: (m / "config.pbtxt").write_text(CONFIG + "max_batch"), "config.pbtxt:"),
        (lambda m: (m / "warmup").mkdir() or (m / "warmup" / "one.0.x").write_text("mine"), "no sample names it"),
        (lambda m: (m / "config.pbtxt").write_text(CONFIG.replace("data_type: TYPE_FP32, ", "")), "no data type"),
    ],
    ids=[
        "no cases",
        "an incomplete case",
        "too large a batch",
        "sequences",
        "a broken config",
        "a file of mine",
        "no data type",
    ],
)
def test_what_cannot_be_a_sample_is_refused_and_nothing_changes(model, tk, change, said):
    change(model)
    before, config = tree(model), (model / "config.pbtxt").read_text()
    code, out, err = tk()
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("error: ") == 1
    assert tree(model) == before
    assert (model / "config.pbtxt").read_text() == config


def test_what_a_server_would_refuse_is_not_written(model, tk):
    (model / "config.pbtxt").write_text(CONFIG.replace("TYPE_FP32 dims: 2", "TYPE_FP32 dims: 0"))
    before = tree(model)
    code, _, err = tk()
    assert code == 1
    assert "nothing was written" in err
    assert tree(model) == before


def test_killed_at_any_moment_the_model_loads(model):
    here = find_context()
    place = find_model_folder(here, "m.1-x")
    for number in range(60):
        if not killed_at(number, partial(add_warmup, here, place, (), count=1, replacing=True)):
            break
        assert lint(model).ok, f"killed before change {number}"
    else:
        raise AssertionError("it never came to its end")
    assert number > 10
    assert lint(model).ok
    left = tree(model) - {"warmup"} - {path for path in tree(model) if path.startswith("warmup/")}
    assert not [path for path in left if path.startswith(".tk-new")]
