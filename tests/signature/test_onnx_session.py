"""Outputs whose sizes the file leaves open, as an ONNX Runtime session reports them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from triton_kit.backends.onnxruntime import session_dims
from triton_kit.cli import run
from triton_kit.runtime import onnx_session
from triton_kit.signature.onnx import asking
from triton_kit.signature.onnx.signature import UNOPTIMIZED, infer_missing, read

Dims = list[Any]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the test's own, and nobody who is asked but where the test says so."""
    monkeypatch.setenv("TK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(asking, "_askers", [])


def constant(name: str, values: Any) -> onnx.TensorProto:
    return numpy_helper.from_array(numpy.array(values, dtype=numpy.int64), name)


def saved(path: Path, nodes: list[onnx.NodeProto], x: Dims, y: Dims, *constants: onnx.TensorProto) -> Path:
    value = helper.make_tensor_value_info
    inputs, outputs = [value("x", TensorProto.FLOAT, x)], [value("y", TensorProto.FLOAT, y)]
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(constants))
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def reported(path: Path, level: str) -> tuple[int, ...]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
    (y,) = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]).get_outputs()
    return tuple(size if isinstance(size, int) else -1 for size in y.shape)


node = helper.make_node

GRAPHS: dict[str, tuple[list[onnx.NodeProto], Dims, Dims, list[onnx.TensorProto]]] = {
    "a size that any inference sees": ([node("Relu", ["x"], ["y"])], ["N", 1], ["N", "M"], []),
    "padding that is put together of constants": (
        [
            node("Concat", ["none", "some"], ["pads"], axis=0),
            node("Cast", ["pads"], ["cast"], to=TensorProto.INT64),
            node("Pad", ["x", "cast"], ["y"]),
        ],
        ["N", 6],
        ["A", "B"],
        [constant("none", [0, 0]), constant("some", [0, 2])],
    ),
    "a shape of which the rest is reshaped": (
        [
            node("Shape", ["x"], ["shape"]),
            node("Gather", ["shape", "first"], ["n"]),
            node("Unsqueeze", ["n", "axis"], ["batch"]),
            node("Concat", ["batch", "rest"], ["target"], axis=0),
            node("Reshape", ["x", "target"], ["y"]),
        ],
        ["N", 12],
        ["A", "B", "C"],
        [constant("first", 0), constant("axis", [0]), constant("rest", [3, 4])],
    ),
    "the shape of a value of fixed sizes": (
        [
            node("Slice", ["x", "zero", "two", "zero"], ["part"]),
            node("Shape", ["part"], ["shape"]),
            node("Tile", ["x", "shape"], ["y"]),
        ],
        [4, 3],
        ["A", "B"],
        [constant("zero", [0]), constant("two", [2])],
    ),
    "sizes of the input beside a fixed one, which a session leaves open": (
        [
            node("Shape", ["x"], ["shape"]),
            node("Slice", ["shape", "zero", "one"], ["batch"]),
            node("Concat", ["batch", "seven"], ["target"], axis=0),
            node("Expand", ["x", "target"], ["y"]),
        ],
        ["N", 1],
        ["A", "B"],
        [constant("zero", [0]), constant("one", [1]), constant("seven", [7])],
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_what_is_inferred_is_what_a_session_reports(tmp_path: Path, name: str) -> None:
    nodes, x, y, constants = GRAPHS[name]
    path = saved(tmp_path / "model.onnx", nodes, x, y, *constants)
    signature = infer_missing(path, read(path)).signature
    assert session_dims(signature.outputs[0].shape) == reported(path, "ORT_ENABLE_ALL")
    assert not signature.guessed
    unoptimized = infer_missing(path, read(path), level=UNOPTIMIZED).signature
    known = zip(session_dims(unoptimized.outputs[0].shape), reported(path, "ORT_DISABLE_ALL"), strict=True)
    assert all(here in (-1, there) for here, there in known)


def test_an_output_is_inferred_once_and_again_where_the_file_is_another(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.onnx", [node("Relu", ["x"], ["y"])], ["N", 1], ["N", "M"])
    first = infer_missing(path, read(path)).signature
    (kept,) = (tmp_path / "cache" / "onnx").iterdir()
    kept.write_text('{"y": ["TYPE_FP32", ["N", 9]]}', encoding="utf-8")
    assert first.outputs[0].shape == ("N", 1)
    assert infer_missing(path, read(path)).signature.outputs[0].shape == ("N", 9)
    kept.write_text("[", encoding="utf-8")
    assert infer_missing(path, read(path)).signature == first
    saved(path, [node("Relu", ["x"], ["y"])], ["N", 2], ["N", "M"])
    assert infer_missing(path, read(path)).signature.outputs[0].shape == ("N", 2)


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    path = saved(tmp_path / "model.onnx", [node("Relu", ["x"], ["y"])], ["N", 1], ["N", "M"])
    assert infer_missing(path, read(path)).signature.outputs[0].shape == ("N", 1)


def test_sizes_that_the_inputs_have_are_not_asked_about(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.onnx", [node("Relu", ["x"], ["y"])], ["N", 4], ["N", 4])
    assert infer_missing(path, read(path), always_ask=True) == read(path)
    assert not (tmp_path / "cache").exists()


def unknown(path: Path) -> Path:
    """A model of whose output nothing is inferred here, and everything by a session."""
    nodes = [node("SequenceConstruct", ["x"], ["s"]), node("ConcatFromSequence", ["s"], ["y"], axis=1)]
    return saved(path, nodes, ["N", 4], ["A", "B"])


def test_onnx_runtime_is_asked_in_a_process_of_its_own_and_its_answer_is_kept(tmp_path: Path) -> None:
    path = unknown(tmp_path / "model.onnx")
    guess = infer_missing(path, read(path)).signature
    assert guess.guessed == {"y"}
    asking.use(onnx_session.ask_session)
    asked = infer_missing(path, read(path)).signature
    assert not asked.guessed
    assert session_dims(asked.outputs[0].shape) == reported(path, "ORT_ENABLE_ALL")
    (tmp_path / "broken.onnx").write_bytes(path.read_bytes()[:-9])
    assert onnx_session.ask_session(tmp_path / "broken.onnx") is None
    assert len(list((tmp_path / "cache" / "onnx").iterdir())) == 3


def test_without_onnx_runtime_tk_says_what_is_a_guess(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(onnx_session, "_package", lambda: "")
    unknown(tmp_path / "file.onnx")
    (tmp_path / "repository").mkdir()
    assert run(["add", "m", "--from", "file.onnx", "--repository", "repository"]) == 0
    assert "the sizes [-1] of output y are a guess" in capsys.readouterr().err
    assert run(["validate", "repository"]) == 0
    assert "onnx-sizes-unknown" in capsys.readouterr().out


def test_dims_are_refused_that_the_file_allows_and_the_session_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes, x, y, constants = GRAPHS["padding that is put together of constants"]
    model = tmp_path / "repository" / "m"
    (model / "1").mkdir(parents=True)
    saved(model / "1" / "model.onnx", nodes, x, y, *constants)
    text = 'backend: "onnxruntime"\ninput { name: "x" data_type: TYPE_FP32 dims: [ -1, 6 ] }\n'
    text += 'output { name: "y" data_type: TYPE_FP32 dims: [ -1, -1 ] }\n'
    (model / "config.pbtxt").write_text(text, encoding="utf-8")
    assert run(["validate", os.fspath(tmp_path / "repository")]) == 1
    assert "output 'y' is [-1, 8] in the model, not [-1, -1]" in capsys.readouterr().out
    (model / "config.pbtxt").write_text(f"{text}optimization {{ graph {{ level: 2 }} }}\n", encoding="utf-8")
    assert run(["validate", os.fspath(tmp_path / "repository")]) == 0
