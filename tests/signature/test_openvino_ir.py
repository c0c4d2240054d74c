"""What an OpenVINO IR says of its tensors and its weights."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_files import openvino_ir

from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.openvino import IrModel, read_model

X = [("x", "FP32", (-1, 4)), ("n", "INT64", (1,))]
Y = [("y", "BOOL", (-1, 2)), ("z", "FP16", (3,))]


def ir(tmp_path: Path, text: str) -> IrModel:
    path = tmp_path / "model.xml"
    path.write_text(text, encoding="utf-8")
    return read_model(path)


@pytest.mark.parametrize("version", [10, 11])
def test_parameters_and_results_are_inputs_and_outputs(tmp_path: Path, version: int) -> None:
    found = ir(tmp_path, openvino_ir(X, Y, version=version, weights=64))
    assert (found.version, found.weights) == (version, 64)
    assert [(t.spec.name, t.spec.dtype, t.spec.shape, t.named) for t in (*found.inputs, *found.outputs)] == [
        ("x", "TYPE_FP32", (None, 4), version == 11),
        ("n", "TYPE_INT64", (1,), version == 11),
        ("y", "TYPE_BOOL", (None, 2), version == 11),
        ("z", "TYPE_FP16", (3,), version == 11),
    ]


def test_of_several_names_the_first_in_the_alphabet_is_the_tensor_s(tmp_path: Path) -> None:
    text = openvino_ir([("x", "FP32", (1,))], [("y", "FP32", (1,))]).replace(
        'names="x"', r'names="input:0,Func/a\,b,x"'
    )
    (tensor,) = ir(tmp_path, text).inputs
    assert tensor.spec.name == "Func/a,b"
    assert tensor.names == ("Func/a,b", "input:0", "x")


@pytest.mark.parametrize(
    ("layout", "batching"),
    [("", False), ("[N,C]", True), ("NC", True), ("N...", True), ("[C,N]", True), ("[C,H]", False), ("[batch]", False)],
)
def test_a_layout_with_n_makes_the_model_batch(tmp_path: Path, layout: str, batching: bool) -> None:
    found = ir(tmp_path, openvino_ir([("x", "FP32", (1, 4))], [("y", "FP32", (1, 2))], layout=layout))
    assert all(tensor.has_batch is batching for tensor in (*found.inputs, *found.outputs))


@pytest.mark.parametrize(
    ("declared", "shape"),
    [("...", None), ("", ()), ("?,3,1..10", (None, 3, None)), ("-1, 3", (None, 3)), ("9" * 30, (None,))],
)
def test_a_shape_is_what_the_parameter_declares(
    tmp_path: Path, declared: str, shape: tuple[int | None, ...] | None
) -> None:
    text = openvino_ir([("x", "FP32", (7,))], [("y", "FP32", (1,))]).replace('shape="7"', f'shape="{declared}"')
    assert ir(tmp_path, text).inputs[0].spec.shape == shape


def test_the_body_of_a_loop_is_not_the_model(tmp_path: Path) -> None:
    inner = openvino_ir([("inner", "FP32", (1,))], [("result", "FP32", (1,))])
    body = inner.partition("<layers>")[2].rpartition("</net>")[0]
    loop = f'<layer id="7" name="loop" type="Loop"><body><layers>{body}</body></layer>'
    text = openvino_ir([("x", "FP32", (1,))], [("y", "FP32", (1,))]).replace("<layers>", f"<layers>{loop}", 1)
    found = ir(tmp_path, text)
    assert [t.spec.name for t in (*found.inputs, *found.outputs)] == ["x", "y"]


@pytest.mark.parametrize(
    "text",
    [
        "<net>" * 100_000,
        "<net>" + "<a>" * 300 + "</a>" * 300 + "</net>",
        "<net/>" * 2,
        "<net><layers></net>",
        "<other/>",
    ],
)
def test_what_is_no_ir_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        ir(tmp_path, f'<?xml version="1.0"?>{text}')
    assert caught.value.reason in {"malformed", "foreign"}


IR = openvino_ir(X, Y, layout="[N,C]", weights=8)
PIECES = [
    "<",
    ">",
    "/",
    '"',
    "<layer>",
    "</layer>",
    "<port>",
    "<dim>",
    "&a;",
    "\0",
    "\u00e9",
    'id="0"',
    "<layers>",
    "9" * 40,
    "-1",
]


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from(PIECES), st.integers(0, 9)), min_size=1, max_size=5))
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, edits: list[tuple[float, str, int]]) -> None:
    text = IR
    for where, piece, removed in edits:
        at = int(where * len(text))
        text = text[:at] + piece + text[at + removed :]
    try:
        ir(tmp_path, text)
    except ModelFileError as error:
        assert error.reason in {"malformed", "foreign"}  # noqa: PT017
