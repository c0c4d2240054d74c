"""What tk add, render, fmt, validate, graph and versions suggest works, in the state in which they say it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from ensemble_graphs import write_members
from scaffold_models import write_onnx
from suggestions import commands_in, variants_in

from triton_kit.cli import run

Run = Callable[..., tuple[int, str]]

NOT_HERE = ("serve", "infer")
"""Commands that need a server."""


@pytest.fixture
def tk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a project beside model files of many kinds; gives its exit code and all that it printed."""
    monkeypatch.chdir(tmp_path)
    for name, more in FILES.items():
        write_onnx(tmp_path / name, **more)
    Path("names.txt").write_text("a\nb\nc\nd\n")
    Path("libtriton_mine.so").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, 62) + bytes(44))
    assert run(["init", "p", "--release", "24.10"]) == 0
    monkeypatch.chdir(tmp_path / "p")
    capsys.readouterr()

    def go(*args: object) -> tuple[int, str]:
        code = run([str(a) for a in args])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return go


FILES: Mapping[str, dict[str, object]] = {
    "a.onnx": {},
    "fixed.onnx": {"shape": (1, 4)},
    "bf16.onnx": {"dtype": 16},
    "two.onnx": {"outputs": 2},
}
A = ("--from", "../a.onnx")
TENSORS = ("--input", "x:FP32:3", "--output", "y:FP32:3")
PYTHON = ("--backend", "python", *TENSORS)
MINE = ("--library", "../libtriton_mine.so", *TENSORS)

REFUSED: Mapping[str, tuple[tuple[str, ...], int]] = {
    "sizes to aim at without batching": ((*A, "--preferred", "2,4"), 2),
    "a delay without batching": ((*A, "--delay-us", "100"), 2),
    "sizes over the largest batch": ((*A, "--batching", "dynamic", "--preferred", "8"), 1),
    "batching without batches": (("--from", "../fixed.onnx", "--batching", "dynamic"), 1),
    "batches of one fixed item": (("--from", "../fixed.onnx", "--max-batch-size", "8"), 1),
    "a type of a later release": (("--from", "../bf16.onnx"), 1),
    "a library for another backend": ((*MINE, "--backend", "python"), 2),
    "calls without BLS": ((*PYTHON, "--calls", "other"), 2),
    "BLS of a model that is not Python": ((*A, "--bls"), 1),
    "a stream from a model that has none": ((*A, "--decoupled"), 1),
    "an environment for a model that is not Python": ((*A, "--env", "../a.onnx"), 1),
    "an accelerator for another backend": ((*PYTHON, "--accelerator", "openvino"), 1),
    "an accelerator with parameters": ((*A, "--accelerator", "openvino:fp16"), 1),
    "labels for one of two outputs": (("--from", "../two.onnx", "--labels", "../names.txt"), 1),
    "a map without an ensemble": ((*A, "--map", "m.x=y"), 2),
    "a step of a model that is not an ensemble": ((*A, "--step", "m x=y -> y=z"), 1),
    "instances of an ensemble": (("--ensemble", "same", "--instances", "2"), 1),
    "a file of an ensemble": ((*A, "--ensemble", "same"), 2),
    "another backend for a file": ((*A, "--backend", "pytorch"), 1),
    "a backend that takes no file": ((*A, "--backend", "ensemble"), 1),
    "a move without a file": (("--move", *PYTHON), 0),
}
"""What tk add refuses, and how many changes of the command it offers."""


@pytest.mark.parametrize("case", REFUSED)
def test_each_way_that_tk_add_offers_adds_the_model(tk: Run, case: str) -> None:
    options, offered = REFUSED[case]
    write_members(Path("model_repository"))
    command = ["add", "new", *options]
    code, said = tk(*command)
    assert code == 2, said
    ways = variants_in(said, command, {"MODEL,MODEL": "same,count"})
    assert len(ways) == offered, said
    for i, way in enumerate(ways):
        if "--ensemble" in way and "--map" in way:
            way = [*way[: way.index("--map")], "--map", "count.x=same.y", *way[way.index("--map") + 2 :]]
            way = [word for word in way if word not in A]
        way[1] = f"new{i}"
        assert tk(*way)[0] == 0, (way, tk(*way)[1])


def test_each_way_to_feed_an_input_wires_the_ensemble(tk: Run) -> None:
    write_members(Path("model_repository"))
    command = ["add", "new", "--ensemble", "split,same"]
    code, said = tk(*command)
    assert code == 2
    ways = [line.split()[1] for line in said.splitlines() if line.strip().startswith("--map ")]
    assert len(ways) == 3
    for i, way in enumerate(ways):
        assert tk("add", f"new{i}", *command[2:], "--map", way)[0] == 0


def follow(tk: Run, said: str, fill: Mapping[str, str] | None = None, *, exit_code: int = 0) -> list[list[str]]:
    """Run all that is suggested and needs no server, in its order; gives it."""
    commands = [one for one in commands_in(said, fill) if one[0] not in NOT_HERE]
    for one in commands:
        code, answer = tk(*one)
        assert code == exit_code, (one, answer)
    return commands


def test_what_comes_next_after_adding(tk: Run) -> None:
    _, said = tk("add", "my.model", *A)
    assert [words[0] for words in commands_in(said)] == ["validate", "serve", "infer"]
    assert follow(tk, said) == [["validate", "model_repository/my.model"]]


def test_what_comes_next_in_a_new_project(tk: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _, said = tk("init", "q")
    assert "cd q" in said
    monkeypatch.chdir("q")
    write_onnx(Path("model.onnx"))
    assert [one[0] for one in follow(tk, said, {"NAME": "m"})] == ["add", "validate"]


def test_without_a_project_one_can_be_made(tk: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = tk("add", "m", "--from", "a.onnx")
    assert code == 2
    assert follow(tk, said, {"DIR": "new"}) == [["init", "new"]]
    [way] = [["add", "m", "--from", "a.onnx", "--repository", "new/model_repository"]]
    assert tk(*way)[0] == 0


def edit(name: str, old: str, new: str) -> None:
    path = Path("model_repository", name)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


RENDERS = {
    "all": (),
    "one": ("m",),
    "one by its path": ("model_repository/m",),
    "an environment": ("m", "--env", "prod"),
    "a value": ("m", "--set", "config.optimization.graph.level=1"),
    "a repository": ("--repository", "model_repository"),
    "values from a file": ("m", "--values", "more values.yaml"),
}


@pytest.mark.parametrize("case", RENDERS)
@pytest.mark.parametrize("edited", [False, True], ids=["as rendered", "edited by hand"])
def test_what_a_check_of_rendered_files_suggests(tk: Run, case: str, edited: bool) -> None:
    tk("add", "m", *A)
    Path("model_repository/m/model.prod.yaml").write_text("config: {instance_group: [{count: 2}]}\n")
    Path("more values.yaml").write_text("max_batch_size: 3\n")
    edit("m/model.yaml", "max_batch_size: 4", "max_batch_size: 2")
    if edited:
        edit("m/config.pbtxt", "backend:", "# mine\nbackend:")
    command = ("render", *RENDERS[case])
    code, said = tk(*command, "--check")
    assert code == 1
    found = follow(tk, said)
    assert [one[-1] for one in found] == (["--diff", "--force"] if edited else [command[-1]])
    assert tk(*command, "--check")[0] == 0


@pytest.mark.parametrize("case", RENDERS)
def test_what_rendering_over_an_edit_suggests(tk: Run, case: str) -> None:
    tk("add", "m", *A)
    Path("model_repository/m/model.prod.yaml").write_text("config: {instance_group: [{count: 2}]}\n")
    Path("more values.yaml").write_text("max_batch_size: 3\n")
    edit("m/model.yaml", "max_batch_size: 4", "max_batch_size: 2")
    edit("m/config.pbtxt", "backend:", "# mine\nbackend:")
    code, said = tk("render", *RENDERS[case])
    assert code == 2
    assert len(follow(tk, said)) == 2


def write_typo(name: str = "typo") -> None:
    folder = Path("model_repository", name)
    (folder / "1").mkdir(parents=True)
    (folder / "1/model.py").write_text("class TritonPythonModel:\n    def execute(self, requests): ...\n")
    (folder / "config.pbtxt").write_text('backend: "python"\nmax_batchsize: 4\n')


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("typo",),
        ("model_repository/typo",),
        ("model_repository/typo/config.pbtxt", "--strict", "--gpus", "0"),
        ("--release", "24.10", "--image-backends", "python", "--rate-limit", "on"),
        ("--select", "unknown-field", "--ignore", "batching", "--model-control", "explicit"),
        ("--default-max-batch-size", "8", "--namespacing", "--rate-limit-resource", "R:4"),
    ],
    ids=lambda options: " ".join(options) or "no options",
)
def test_the_fix_that_a_report_offers_fixes_it(tk: Run, options: tuple[str, ...]) -> None:
    write_typo()
    code, said = tk("validate", *options)
    assert code == 1
    found = follow(tk, said)
    assert [one[-1] for one in found] == ["--fix"]
    assert set(options) <= set(found[0])
    assert tk("validate", *options)[0] == 0


def test_a_finding_in_a_rendered_file_names_what_renders_it(tk: Run) -> None:
    tk("add", "m", *A)
    edit("m/model.yaml", "dims: [4]", "dims: [5]")
    tk("render", "--force")
    for command in (("validate", "m"), ("validate", "m", "--fix")):
        code, said = tk(*command)
        assert code == 1
        edit("m/model.yaml", "dims: [5]", "dims: [4]")
        assert follow(tk, said) == [["render", "model_repository/m"]] * (said.count("run: tk render"))
        assert tk("validate", "m")[0] == 0
        edit("m/model.yaml", "dims: [4]", "dims: [5]")
        tk("render", "--force")


def test_a_baseline_that_is_missing_can_be_written(tk: Run) -> None:
    write_typo()
    command = ["validate", "--baseline", "known.txt"]
    code, said = tk(*command)
    assert code == 2
    [way] = [[*command, "--update-baseline"]]
    assert "write it with --update-baseline" in said
    assert tk(*way)[0] == 0
    assert tk(*command)[0] == 0


def test_a_broken_member_of_an_ensemble_is_shown_by_what_is_suggested(tk: Run) -> None:
    write_typo()
    code, said = tk("add", "new", "--ensemble", "typo")
    assert code == 1
    assert follow(tk, said, exit_code=1) == [["validate", "model_repository/typo"]]


@pytest.mark.parametrize("named", ["m", "model_repository/m"])
def test_a_new_version_can_be_served_by_what_is_suggested(tk: Run, named: str) -> None:
    tk("add", "m", *A, "--version-policy", "specific:1")
    code, said = tk("versions", "add", named, "../a.onnx")
    assert code == 0
    assert follow(tk, said) == [["versions", "promote", "model_repository/m", "2"]]


def test_a_promotion_over_an_edit_suggests_what_works(tk: Run) -> None:
    tk("add", "m", *A)
    edit("m/config.pbtxt", "backend:", "# mine\nbackend:")
    code, said = tk("versions", "promote", "m", "1")
    assert code == 2
    assert len(follow(tk, said)) == 2
    assert tk("versions", "promote", "m", "1")[0] == 0


@pytest.mark.parametrize("command", ["validate", "fmt", "graph", "render", "versions"])
def test_the_name_that_was_meant_works(tk: Run, command: str) -> None:
    tk("add", "ranker", *A)
    code, said = tk(command, "rankre")
    assert code == 2
    meant = said.partition("did you mean ")[2].partition("?")[0]
    assert tk(command, meant)[0] == 0


def test_a_promotion_before_rendering_suggests_what_works(tk: Run) -> None:
    tk("add", "m", *A)
    edit("m/model.yaml", "max_batch_size: 4", "max_batch_size: 2")
    code, said = tk("versions", "promote", "m", "1")
    assert code == 2
    assert follow(tk, said) == [["render", "model_repository/m"]]
    assert tk("versions", "promote", "m", "1")[0] == 0
