"""``tk add --ensemble`` as a user sees it, and what it writes on a real server."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from ensemble_graphs import MEMBERS, write_members
from running_server import address, serving
from scaffold_models import write_onnx

from triton_kit.cli import run
from triton_kit.cli.support import terminal
from triton_kit.client import connect
from triton_kit.client.types import Inference
from triton_kit.linter.engine import lint
from triton_kit.repository.text_format.document import parse
from triton_kit.runtime.local import LocalRuntime

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    write_members(tmp_path / "model_repository")

    def go(*args: object) -> tuple[int, str, str]:
        code = run([str(a) for a in args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


def options_in(err: str) -> list[list[str]]:
    """The options that an error offers, by the input that they feed."""
    found: dict[str, list[str]] = {}
    for line in err.splitlines():
        if line.strip().startswith("--map "):
            _, value = shlex.split(line)
            found.setdefault(value.partition("=")[0], []).append(value)
    return list(found.values())


def test_what_is_ambiguous_comes_as_options_to_copy(tk: Run) -> None:
    steps = ("add", "both", "--ensemble", "split,add")
    code, out, err = tk(*steps)
    assert (code, out) == (2, "")
    assert "2 inputs could be fed in more than one way" in err
    assert options_in(err) == [
        ["add.a=split.y", "add.a=split.z", "add.a=a"],
        ["add.b=split.y", "add.b=split.z", "add.b=b"],
    ]
    assert not Path("model_repository/both").exists()
    code, out, err = tk(*steps, "--map", "add.a=split.y", "--map", "add.b=split.z")
    assert code == 0, err
    assert "  step    add    a=y b=z -> sum\n  batches of up to 8\n" in out
    assert lint("model_repository").ok


def test_a_model_that_is_used_twice_gets_names_that_can_be_copied(tk: Run) -> None:
    code, _, err = tk("add", "twice", "--ensemble", "same,same")
    assert code == 2
    assert "--map 'same#2.x=same.y'" in err
    assert tk("add", "twice", "--ensemble", "same,same", "--map", "same#2.x=same.y")[0] == 0
    assert tk("add", "thrice", "--ensemble", "p=same,q=same", "--map", "q.x=x", "--expose", "p.y=first")[0] == 0
    config = parse(Path("model_repository/thrice/config.pbtxt").read_bytes()).message.to_dict()
    assert [t["name"] for t in config["output"]] == ["first", "y"]
    assert [s["model_version"] for s in config["ensemble_scheduling"]["step"]] == [-1, -1]


def test_on_a_terminal_it_asks(tk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import typer

    asked: list[str] = []
    answers = iter([9, 2, 1])

    def prompt(text: str, **_: object) -> int:
        asked.append(text)
        return next(answers)

    monkeypatch.setattr(terminal, "interactive", lambda: True)
    monkeypatch.setattr(typer, "prompt", prompt)
    code, out, err = tk("add", "both", "--ensemble", "split,add")
    assert code == 0, err
    assert asked[0].splitlines()[:2] == ["add.a is FP32 [-1, 4]. What feeds it?", "  1  split.y"]
    assert asked[0].splitlines()[3] == "  3  a, an input of the ensemble"
    assert "a=z b=y -> sum" in out


BAD = {
    "a name like another": (("--ensemble", "samee"), "has no model samee", "did you mean same?"),
    "an empty step": (("--ensemble", "same,,add"), "an empty step is not a step", "write MODEL,NAME=MODEL@2"),
    "two steps of one name": (("--ensemble", "p=same,p=add"), "two steps are called p", "a name of its own"),
    "itself": (("--ensemble", "new"), "new would be a step of itself", "leave it out"),
    "a map of nothing": (("--ensemble", "same", "--map", "same.x"), "not of the form", "name both tensors"),
    "a map to no step": (("--ensemble", "same", "--map", "sam.x=a"), "sam.x names no step", "did you mean same?"),
    "a map to no input": (("--ensemble", "add", "--map", "add.c=x"), "c is not an input of add", "choose from: a, b"),
    "a map from no output": (
        ("--ensemble", "split,same", "--map", "same.x=split.x"),
        "x is not an output of split",
        "choose from: y, z",
    ),
    "a map twice": (("--ensemble", "same", "--map", "same.x=a", "--map", "same.x=b"), "same.x is mapped twice", ""),
    "another type": (
        ("--ensemble", "count,same", "--map", "same.x=count.n"),
        "same.x is FP32 [-1, 4], and count.n is INT32 [-1, 4]: the type differs",
        "put a step between them",
    ),
    "another shape": (
        ("--ensemble", "wide,same", "--map", "same.x=wide.y"),
        "same.x is FP32 [-1, 4], and wide.y is FP32 [-1, 8]: the shape differs",
        "put a step between them",
    ),
    "a batch that is too large": (
        ("--ensemble", "same,count", "--map", "count.x=same.y", "--max-batch-size", "9"),
        "--max-batch-size 9: same takes batches of up to 8",
        "lower it to 8",
    ),
    "a batch of single items": (
        ("--ensemble", "item,count", "--map", "count.x=item.y", "--max-batch-size", "2"),
        "--max-batch-size 2: item takes no batches",
        "give the model a batch dimension",
    ),
    "inputs of its own": (("--ensemble", "same", "--input", "x:FP32:4"), "--input does not go with", "see --map"),
    "another backend": (
        ("--ensemble", "same", "--backend", "python"),
        "python is not an ensemble",
        "leave out --backend",
    ),
    "a file": (("--ensemble", "same", "--from", "x.onnx"), "an ensemble has no file", "leave out --from"),
    "a map without an ensemble": (("--backend", "python", "--map", "a.b=c"), "--map goes with --ensemble", "add"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_meant_is_refused(tk: Run, case: str) -> None:
    options, message, hint = BAD[case]
    code, out, err = tk("add", "new", *options)
    assert (code, out) == (2, "")
    assert message in err
    assert hint in err
    assert not Path("model_repository/new").exists()


def test_a_circle_of_ensembles_is_refused_before_a_server_dies_of_it(tk: Run) -> None:
    assert tk("add", "inner", "--ensemble", "same")[0] == 0
    config = Path("model_repository/inner/config.pbtxt")
    config.write_text(config.read_text().replace('"same"', '"outer"'))
    code, _, err = tk("add", "outer", "--ensemble", "inner")
    assert code == 2
    assert "inner uses outer, which would use itself through it" in err


def test_a_member_that_will_not_load_is_named(tk: Run) -> None:
    Path("model_repository/same/config.pbtxt").write_text("max_batch_size: -1\n")
    code, _, err = tk("add", "new", "--ensemble", "same")
    assert code == 1
    assert "same will not load: " in err
    assert "fix it first: tk validate model_repository/same" in err


def test_dry_run_and_json_write_what_they_say(tk: Run) -> None:
    code, out, _ = tk("add", "new", "--ensemble", "count,float", "--dry-run")
    assert code == 0
    assert "model_version: -1" in out
    assert not Path("model_repository/new").exists()
    code, out, _ = tk("add", "new", "--ensemble", "count,float", "--format", "json")
    assert {f["path"] for f in json.loads(out)["files"]} == {"config.pbtxt", "model.yaml", "1/.gitkeep"}
    assert tk("render", "--check")[0] == 0


@pytest.mark.local
def test_every_kind_of_ensemble_loads_and_answers(tk: Run, embedded: LocalRuntime, tmp_path: Path) -> None:
    import numpy as np

    # A model that says nothing of itself: its file does.
    write_onnx(tmp_path / "model_repository/auto/1/model.onnx")
    # One with a first dimension of one size, which is not a batch to the server.
    write_onnx(tmp_path / "model_repository/fixed/1/model.onnx", shape=(2, 4))
    added = {
        "branches": ("split,p=same,q=count,r=float", "p.x=split.y", "q.x=split.z", "r.n=q.n"),
        "fan": ("p=same,q=same,add", "q.x=x", "add.a=p.y", "add.b=q.y"),
        "nested": ("fan,count", "count.x=fan.sum"),
        "deep": ("nested,float", "float.n=nested.n"),
        "unfed": ("same,plus", "plus.a=same.y"),
        "mixed": ("same,add.plain,q=same", "add.plain.a=same.y", "add.plain.b=x", "q.x=add.plain.sum"),
        "items": ("same,item,q=same", "item.x=same.y", "q.x=item.y"),
        "completed": ("auto,count", "count.x=auto.y0"),
        "whole": ("same,fixed", "fixed.x=same.y"),
    }
    for name, (steps, *maps) in added.items():
        code, _, err = tk("add", name, "--ensemble", steps, *(word for m in maps for word in ("--map", m)))
        assert code == 0, err
    assert lint("model_repository").ok
    whole = parse(Path("model_repository/whole/config.pbtxt").read_bytes()).message.to_dict()
    assert [t["dims"] for t in (*whole["input"], *whole["output"])] == [[-1, 4], [2, 4]]
    names = [m.name for m in MEMBERS if not m.decoupled] + ["auto", "fixed", *added]
    repository = tmp_path / "model_repository"
    with serving(embedded, repository, *names) as server, connect(address(server, "http"), timeout=60) as client:
        rows = np.arange(8, dtype=np.float32).reshape(2, 4)

        def answer(model: str, **given: object) -> dict[str, object]:
            return dict(client.infer(Inference(model=model, inputs=given)).outputs)  # type: ignore[arg-type]

        branches = answer("branches", x=rows)
        np.testing.assert_array_equal(branches["y"], rows)
        np.testing.assert_array_equal(branches["r_x"], -rows)
        np.testing.assert_array_equal(answer("fan", x=rows)["sum"], rows * 2)
        np.testing.assert_array_equal(answer("nested", x=rows)["n"], rows * 2)
        np.testing.assert_array_equal(answer("deep", x=rows)["float_x"], rows * 2)
        np.testing.assert_array_equal(answer("unfed", x=rows)["sum"], rows)
        np.testing.assert_array_equal(answer("mixed", x=rows)["y"], rows * 2)
        np.testing.assert_array_equal(answer("items", x=rows[0])["y"], rows[0])
        np.testing.assert_array_equal(answer("completed", x=rows)["n"], rows + 1)
        assert client.config("mixed").max_batch_size == 8
        assert client.config("completed").max_batch_size == 4
        assert client.config("items").max_batch_size == 0
        assert client.config("whole").max_batch_size == 0
        np.testing.assert_array_equal(answer("whole", x=rows)["y0"], rows + 1)
