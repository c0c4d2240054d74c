"""Warm-up samples that fail whatever is in them: in the code of a Python model, or as the shape that a model takes."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from short_examples import PYTHON, WARMUP, X, Y, said

from triton_kit import lint

HEAD = (
    "-- 1/model.py\nfrom other import answer\n"
    "import triton_python_backend_utils as pb_utils\nclass TritonPythonModel:\n"
)
ERROR = 'pb_utils.InferenceResponse(output_tensors=[], error=pb_utils.TritonError("no"))'
FAILS = {
    "an error for each request": (
        (
            "def execute(self, requests):\n    return [pb_utils.InferenceResponse([], pb_utils.TritonError('no')) "
            "for _ in requests]"
        ),
        "answers with an error",
    ),
    "an error by name, in a list that grows": (
        (
            "def execute(self, requests):\n    made = []\n    for request in requests:\n"
            f"        x = pb_utils.get_input_tensor_by_name(request, 'x')\n"
            f"        made.append({ERROR})\n    return made"
        ),
        "answers with an error",
    ),
    "an error made by a helper": (
        (
            f"def fail(self):\n    return {ERROR}\ndef execute(self, requests):\n"
            "    return [self.fail() for _ in requests]"
        ),
        "answers with an error",
    ),
    "one error way or the other": (
        (
            "def execute(self, requests):\n    if requests[0].request_id():\n        raise ValueError\n"
            f"    return [{ERROR}]"
        ),
        "answers with an error",
    ),
    "an exception": ("def execute(self, requests):\n    raise NotImplementedError", "raises"),
}
ANSWERS = {
    "an error in a handler": (
        "def execute(self, requests):\n    made = []\n    for request in requests:\n        try:\n"
        "            made.append(answer(request))\n        except Exception as error:\n"
        "            made.append(pb_utils.InferenceResponse([], pb_utils.TritonError(str(error))))\n    return made"
    ),
    "an error under a condition": (
        f"def execute(self, requests):\n    return [answer(r) if r.request_id() else {ERROR} for r in requests]"
    ),
    "no error": (
        "def execute(self, requests):\n    return [pb_utils.InferenceResponse([answer(r)], None) for r in requests]"
    ),
    "an error that is not a response": (
        "def execute(self, requests):\n    return [pb_utils.TritonError('no') for _ in requests]"
    ),
    "an exception that is handled": (
        "def execute(self, requests):\n    try:\n        raise KeyError\n    except KeyError:\n"
        "        return [answer(r) for r in requests]"
    ),
    "an initialize that may end the program": (
        "def initialize(self, args):\n    import other\n    self.error = other.make()\ndef execute(self, requests):\n"
        "    return [pb_utils.InferenceResponse([], self.error) for _ in requests]"
    ),
    "a coroutine": f"async def execute(self, requests):\n    return [{ERROR} for _ in requests]",
}


def code(body: str) -> str:
    return HEAD + "".join(f"    {line}\n" for line in body.splitlines())


@pytest.mark.parametrize("title", FAILS)
def test_an_execute_that_fails_whatever_happens_fails_its_warmup(title: str, tmp_path: Path) -> None:
    body, does = FAILS[title]
    found = said(PYTHON + X + Y + WARMUP + code(body), "python-warmup-unanswered", tmp_path)
    assert len(found) == 1
    assert found[0].startswith("may kill the server: the model is warmed up, and its execute ")
    assert found[0].endswith(" whatever happens")
    assert does in found[0] or "way or the other" in title


@pytest.mark.parametrize("title", ANSWERS)
def test_an_execute_that_may_answer_is_left_alone(title: str, tmp_path: Path) -> None:
    assert said(PYTHON + X + Y + WARMUP + code(ANSWERS[title]), "python-warmup-unanswered", tmp_path) == []


@pytest.mark.parametrize("title", FAILS)
def test_without_a_warmup_nothing_is_said_of_an_execute_that_fails(title: str, tmp_path: Path) -> None:
    assert said(PYTHON + X + Y + code(FAILS[title][0]), "python-warmup-unanswered", tmp_path) == []


def warmed_up(root: Path, operator: str, sizes: str) -> list[str]:
    """What is said of the warm-up of a model of one node that takes ``s``, and whether it takes it for a shape."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])
    s = helper.make_tensor_value_info("s", TensorProto.INT64, [2])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None if operator == "Cast" else ["a", "b"])
    inputs = ["s"] if operator in ("Cast", "ConstantOfShape") else ["x", "s"]
    attributes = {"to": TensorProto.FLOAT} if operator == "Cast" else {}
    nodes = [helper.make_node(operator, inputs, ["y"], **attributes)]
    graph = helper.make_graph(nodes, "g", [x, s], [y])
    folder = root / "repository" / "m" / "1"
    folder.mkdir(parents=True)
    onnx.save(
        helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), folder / "model.onnx"
    )
    (root / "repository" / "m" / "config.pbtxt").write_text(
        'backend: "onnxruntime"\nmodel_warmup { name: "w" batch_size: 1\n'
        '  inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 1, 4 ] random_data: true } }\n'
        f'  inputs {{ key: "s" value {{ data_type: TYPE_INT64 dims: [ 2 ] {sizes} }} }} }}\n'
    )
    return [d.message for d in lint(root / "repository").diagnostics if "warm-up" in d.message]


@pytest.mark.parametrize("operator", ["Reshape", "Expand", "ConstantOfShape"])
def test_a_shape_that_is_random_fails_its_warmup(operator: str, tmp_path: Path) -> None:
    assert warmed_up(tmp_path, operator, "random_data: true") == [
        "may kill the server: the warm-up input 's' is random, and the model takes it for a shape"
    ]


@pytest.mark.parametrize(
    ("operator", "sizes"),
    [
        pytest.param("Reshape", "zero_data: true", id="zeros keep the sizes"),
        pytest.param("Cast", "random_data: true", id="values that are no shape"),
    ],
)
def test_random_values_that_are_no_shape_are_left_alone(operator: str, sizes: str, tmp_path: Path) -> None:
    assert warmed_up(tmp_path, operator, sizes) == []


@pytest.mark.parametrize(
    ("dims", "size"),
    [
        pytest.param("4611686018427387904, 4", 1 << 66, id="more elements than 64 bits count"),
        pytest.param("4611686018427387904", 1 << 64, id="more bytes than 64 bits count"),
        pytest.param("70368744177664", 1 << 48, id="more than a process can have"),
    ],
)
def test_an_input_that_no_memory_holds_kills_the_server(dims: str, size: int, tmp_path: Path) -> None:
    sample = WARMUP.replace("dims: [ 4 ]", f"dims: [ {dims} ]")
    assert said(PYTHON + X + Y + sample, "warmup-dims", tmp_path) == [
        f"kills the server: the warm-up input 'x' is {size} bytes, more than a process can have"
    ]


def test_a_large_input_is_left_alone(tmp_path: Path) -> None:
    assert said(PYTHON + X + Y + WARMUP.replace("dims: [ 4 ]", "dims: [ 4294967296 ]"), "warmup-dims", tmp_path) == []
