"""What ``tk add`` says of a model: guesses, labels, what is missing, and that a dry run decides as the real one."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from scaffold_models import write_onnx

from triton_kit.cli import run
from triton_kit.repository.text_format.document import parse

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tk(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model_repository").mkdir()

    def go(*args: object) -> tuple[int, str, str]:
        code = run([str(a) for a in args])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


def write_graph(path: Path, shape: Sequence[int | str] | None = None, *, zip_map: bool = False) -> Path:
    """An ONNX file from ``x`` to ``y``, of unknown rank without a shape; or a classifier of scikit-learn."""
    import onnx
    from onnx import TensorProto, helper

    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    if zip_map:
        nodes = [helper.make_node("ZipMap", ["x"], ["scores"], domain="ai.onnx.ml", classlabels_int64s=[0, 1])]
        row = helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
        output = helper.make_value_info("scores", helper.make_sequence_type_proto(row))
    else:
        nodes = [helper.make_node("Relu", ["x"], ["y"])]
        output = helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "g", [x], [output])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def write_library(path: Path) -> Path:
    """The head of a shared library for x86-64."""
    path.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, 62) + bytes(44))
    return path


def test_an_input_of_unknown_rank_is_a_guess(tk: Run, tmp_path: Path) -> None:
    write_graph(tmp_path / "m.onnx")
    code, _, err = tk("add", "m", "--from", "m.onnx")
    assert code == 0
    assert "the sizes [1] of input x are a guess: the model's file does not say how many dimensions it has" in err
    code, _, err = tk("add", "said", "--from", "m.onnx", "--input", "x:FP32:1", "--output", "y:FP32:1")
    assert code == 0
    assert "guess" not in err


def test_a_known_rank_is_not_a_guess(tk: Run, tmp_path: Path) -> None:
    write_graph(tmp_path / "m.onnx", ["n", "k"])
    code, _, err = tk("add", "m", "--from", "m.onnx")
    assert code == 0
    assert "guess" not in err


def test_a_zip_map_has_the_option_of_skl2onnx_for_its_remedy(tk: Run, tmp_path: Path) -> None:
    write_graph(tmp_path / "m.onnx", ["n", 2], zip_map=True)
    code, _, err = tk("add", "m", "--from", "m.onnx")
    assert code == 2
    assert "output 'scores' has a type that Triton has no name for" in err
    assert 'convert_sklearn(..., options={"zipmap": False})' in err


def test_a_library_is_a_backend_of_ones_own(tk: Run, tmp_path: Path) -> None:
    write_library(tmp_path / "libtriton_mine.so")
    write_onnx(tmp_path / "m.onnx")
    tensors = ("--input", "x:FP32:3", "--output", "y:FP32:3")
    assert tk("add", "alone", "--library", "libtriton_mine.so", *tensors)[0] == 0
    assert tk("add", "with-file", "--library", "libtriton_mine.so", "--from", "m.onnx", *tensors)[0] == 0
    config = parse(Path("model_repository/with-file/config.pbtxt").read_bytes()).message.to_dict()
    assert (config["backend"], config["default_model_filename"]) == ("mine", "m.onnx")
    code, _, err = tk("add", "x", "--library", "libtriton_mine.so", "--backend", "onnxruntime", "--from", "m.onnx")
    assert code == 2
    assert "leave out --backend, or leave out --library" in err


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("a\nb\nc\nd\n", ""),
        ("a\nb\nc\nd", ""),
        ("a\nb\n", "names.txt has 2 labels, and output y0 has 4 values: the last ones get no label"),
        ("a\nb\nc\nd\ne\n", "names.txt has 5 labels, and output y0 has 4 values: the last labels are never used"),
        ("", "names.txt has 0 labels, and output y0 has 4 values: the last ones get no label"),
    ],
    ids=["as many", "without a line break at the end", "too few", "too many", "none"],
)
def test_labels_are_counted(tk: Run, tmp_path: Path, labels: str, said: str) -> None:
    write_onnx(tmp_path / "m.onnx")
    (tmp_path / "names.txt").write_text(labels)
    code, _, err = tk("add", "m", "--from", "m.onnx", "--labels", "names.txt")
    assert code == 0
    assert (said in err) if said else ("label" not in err)


def test_labels_of_an_output_of_any_size_are_not_counted(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "m.onnx", shape=("n", "classes"))
    (tmp_path / "names.txt").write_text("a\n")
    code, _, err = tk("add", "m", "--from", "m.onnx", "--labels", "names.txt")
    assert code == 0
    assert "label" not in err


def test_labels_of_an_output_that_is_not_there_name_the_nearest(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "m.onnx")
    (tmp_path / "names.txt").write_text("a\n")
    code, _, err = tk("add", "m", "--from", "m.onnx", "--labels", "yy0=names.txt")
    assert code == 2
    assert "the model has no output yy0\n  hint: did you mean y0?" in err


@pytest.mark.parametrize("backend", ["onnxruntime", "tensorrt", "pytorch", "openvino", "dali", "tensorrtllm"])
def test_a_model_without_its_file_is_said_to_be_refused_until_it_is_there(tk: Run, backend: str) -> None:
    code, _, err = tk("add", "m", "--backend", backend, "--input", "x:FP32:3", "--output", "y:FP32:3")
    assert code == 0
    assert "m has no model file yet: until 1/" in err
    refused = tk("validate", "model_repository/m")[0]
    assert refused == (0 if backend == "tensorrtllm" else 1)


def test_what_is_complete_is_not_said_to_wait(tk: Run) -> None:
    code, _, err = tk("add", "m", "--backend", "python", "--input", "x:FP32:3", "--output", "y:FP32:3")
    assert code == 0
    assert "warning" not in err
    assert tk("validate", "model_repository/m")[0] == 0


def _external(folder: Path) -> None:
    write_onnx(folder / "m.onnx", external=True)
    (folder / "m.data").unlink()


def _bf16(folder: Path) -> None:
    write_onnx(folder / "m.onnx", dtype=16)


DECISIONS: dict[str, tuple[Callable[[Path], object], tuple[str, ...], str]] = {
    "a good model": (lambda folder: write_onnx(folder / "m.onnx"), ("--from", "m.onnx"), ""),
    "weights beside the file": (
        lambda folder: write_onnx(folder / "m.onnx", external=True),
        ("--from", "m.onnx", "--move"),
        "",
    ),
    "a type that the release lacks": (_bf16, ("--from", "m.onnx"), "add --release 26.03"),
    "that type for a release that has it": (_bf16, ("--from", "m.onnx", "--release", "26.03"), ""),
    "weights that are not there": (_external, ("--from", "m.onnx"), "m.onnx needs m.data, which does not exist"),
    "what the linter refuses": (
        lambda _: None,
        ("--backend", "fil", "--input", "x:FP32:3", "--output", "y:FP32:3"),
        "input 'x' is none that a forest has [fil-tensor]",
    ),
    "what the template refuses": (
        lambda folder: write_onnx(folder / "m.onnx"),
        ("--from", "m.onnx", "--set", "max_batch=3"),
        "max_batch is not a value of template onnxruntime",
    ),
}


@pytest.mark.parametrize("case", DECISIONS)
def test_a_dry_run_decides_as_the_real_run_and_writes_nothing(tk: Run, tmp_path: Path, case: str) -> None:
    prepare, options, said = DECISIONS[case]
    prepare(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    code, out, err = tk("add", "m", *options, "--dry-run")
    assert sorted(tmp_path.rglob("*")) == before
    assert bool(out) == (code == 0)
    assert said in err
    assert (code != 0) == bool(said)
    real, _, real_err = tk("add", "m", *options)
    assert real == code
    if code:
        assert real_err == err
        assert not (tmp_path / "model_repository/m").exists()
    else:
        assert (tmp_path / "model_repository/m/config.pbtxt").read_text().strip() in out


def test_several_files_are_added_with_one_report_and_the_good_ones_stay(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "good.onnx")
    _bf16(tmp_path)
    write_onnx(tmp_path / "export/model.onnx")
    (tmp_path / "there.onnx").write_bytes((tmp_path / "good.onnx").read_bytes())
    (tmp_path / "model_repository/there/1").mkdir(parents=True)
    files = ("good.onnx", "m.onnx", "export/model.onnx", "there.onnx")
    code, out, err = tk("add", *files, "--instances", 2)
    assert code == 1
    assert [line for line in out.splitlines() if line.endswith("is added")] == [
        "model_repository/good/ is added",
        "model_repository/export/ is added",
    ]
    assert "error: m.onnx is left out: m.onnx: input 'x' is BF16" in err
    assert "error: there.onnx is left out: model_repository/there exists already" in err
    assert "\n2 models added, 2 files left out\n\nNext:\n  tk validate model_repository\n" in err
    for name in ("good", "export"):
        config = parse(Path(f"model_repository/{name}/config.pbtxt").read_bytes()).message.to_dict()
        assert config["instance_group"] == [{"count": 2}]


def test_several_files_may_follow_from_as_a_shell_writes_them(tk: Run, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_onnx(tmp_path / f"{name}.onnx")
    code, _, err = tk("add", "--from", "a.onnx", "b.onnx", "c.onnx", "--dry-run")
    assert (code, list((tmp_path / "model_repository").iterdir())) == (0, [])
    assert "3 models would be added" in err
    assert tk("add", "--from", "a.onnx", "b.onnx", "c.onnx")[0] == 0
    assert {p.name for p in (tmp_path / "model_repository").iterdir()} == {"a", "b", "c"}


def test_one_file_alone_is_its_model(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "ranker.onnx")
    code, out, err = tk("add", "ranker.onnx")
    assert (code, out.splitlines()[0]) == (0, "model_repository/ranker/ is added")
    assert "tk infer ranker --random" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("m", "n", "--from", "a.onnx"), "m does not exist"),
        (("a.onnx", "n"), "n does not exist"),
        (("a.onnx", "notes.md"), "notes.md is not a model file that tk recognises"),
        (("a.onnx", "b.onnx", "--format", "json"), "--format json is about one model"),
        (("a.onnx", "b.onnx", "--ensemble", "x"), "--ensemble goes with one name"),
    ],
)
def test_words_that_are_neither_one_name_nor_files_are_refused(
    tk: Run, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    for name in ("a", "b"):
        write_onnx(tmp_path / f"{name}.onnx")
    (tmp_path / "notes.md").write_text("notes")
    code, out, err = tk("add", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert list((tmp_path / "model_repository").iterdir()) == []


def test_a_name_that_is_also_a_file_is_a_name(tk: Run, tmp_path: Path) -> None:
    write_onnx(tmp_path / "a.onnx")
    (tmp_path / "m").write_text("something else")
    assert tk("add", "m", "--from", "a.onnx")[0] == 0
    assert (tmp_path / "model_repository/m/config.pbtxt").is_file()
