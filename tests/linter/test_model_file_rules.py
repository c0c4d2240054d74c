"""Configurations against model files of PyTorch, TensorFlow, OpenVINO and Python: what is taken and what is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import lint_example
from model_files import served

from triton_kit.linter.diagnostic import Diagnostic

OUT = "output { name: 'OUTPUT__0' data_type: TYPE_FP32 dims: [ 4 ] }\n"
TWO = "input { name: '%s' data_type: TYPE_FP32 dims: [ 4 ] }\ninput { name: '%s' data_type: TYPE_FP32 dims: [ 4 ] }\n"
PT = 'backend: "pytorch"\n'
TF = 'platform: "tensorflow_savedmodel"\n'
OV = 'backend: "openvino"\n'


def found(block: str, tmp_path: Path) -> tuple[Diagnostic, ...]:
    """What is said of an example by 24.10, the release of the server that the examples were tried on."""
    return lint_example(f"-- tk validate --release 24.10\n{block}", tmp_path / "repository").diagnostics


def x(dims: str, name: str = "x", kind: str = "FP32", more: str = "") -> str:
    return f"input {{ name: '{name}' data_type: TYPE_{kind} dims: [ {dims} ] {more} }}\n"


def y(dims: str, name: str = "y", kind: str = "FP32", more: str = "") -> str:
    return f"output {{ name: '{name}' data_type: TYPE_{kind} dims: [ {dims} ] {more} }}\n"


SEQUENCE = """max_batch_size: 4
sequence_batching {
  control_input { name: "START__1" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } }
  state { input_name: "STATE__2" output_name: "STATE__1" data_type: TYPE_FP32 dims: [ 1 ] }
}
"""


@pytest.mark.parametrize(
    "block",
    [
        PT + TWO % ("INPUT__0", "INPUT__1") + OUT + "-- 1/model.pt forward(a: Tensor, b: Tensor) -> Tensor",
        PT + TWO % ("b", "a") + OUT + "-- 1/model.pt forward(a: Tensor, b: Tensor) -> Tensor",
        PT + TWO % ("image", "size") + OUT + "-- 1/model.pt forward(x: Dict[str, Tensor]) -> Tensor",
        PT + TWO % ("a", "b") + OUT + "-- 1/model.pt forward(a: Tensor, b: List[Tensor]) -> Optional[Tensor]",
        PT + x("4", "anything") + y("4", "whatever") + "-- 1/model.pt forward(a: Tensor) -> Tensor",
        PT
        + x("-1", "TEXT__0", "STRING")
        + y("-1", "OUT__0", "STRING")
        + "-- 1/model.pt forward(t: List[str]) -> List[str]",
        PT + SEQUENCE + x("4", "INPUT__0") + OUT + "-- 1/model.pt forward(a: Tensor, s: Tensor, t: Tensor) -> "
        "Tuple[Tensor, Tensor]",
        TF + "-- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4]",
        TF
        + "max_batch_size: 8\n"
        + x("4")
        + y("2")
        + "-- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 2], z FP16 [-1]",
        TF + x("4") + y("2") + "-- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 2]",
        TF + x("-1, 4") + y("-1, 2") + "-- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 2]",
        TF + x("7, 4") + y("-1, 2") + "-- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 2]",
        TF
        + x("5", more="reshape { shape: [ 5, 1 ] }")
        + y("2")
        + "-- 1/model.savedmodel x FP32 [-1, 5, 1] -> y FP32 [-1, 2]",
        TF
        + "max_batch_size: 8\n"
        + x("4", "x_tensor")
        + y("2")
        + 'parameters { key: "TF_SIGNATURE_DEF" value { string_value: "b" } }\n'
        "-- 1/model.savedmodel x_tensor FP32 [-1, 4] -> y FP32 [-1, 2] signatures a b",
        'platform: "tensorflow_graphdef"\n' + x("4") + y("2") + "-- 1/model.graphdef x other -> y z",
        OV + "-- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]",
        OV + x("1, 4") + y("1, 4") + "-- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]",
        OV + "max_batch_size: 8\n" + x("-1") + y("4") + "-- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]",
        OV + x("3, 4") + y("9, 4") + "-- 1/model.xml x FP32 [-1, 4] -> y FP32 [-1, 4]",
        OV + x("1, 4", kind="UINT8") + y("1, 4", kind="FP16") + "-- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]",
        OV + x("7") + y("7") + 'parameters { key: "RESHAPE_IO_LAYERS" value { string_value: "Yes" } }\n'
        "-- 1/model.xml x FP32 [4] -> y FP32 [4]",
        OV + 'default_model_filename: "model.onnx"\n-- 1/model.onnx x FP32 [1, 4] -> y FP32 [1, 4]',
    ],
)
def test_nothing_is_said_of_what_agrees(block: str, tmp_path: Path) -> None:
    assert [f"{d.rule}: {d.message}" for d in found(block, tmp_path)] == []


@pytest.mark.parametrize(
    ("block", "rule", "said"),
    [
        (
            PT + x("4", "INPUT__0") + OUT + "-- 1/model.pt forward(a: Tensor, scale: float=1.) -> Tensor",
            "pytorch-argument-type",
            "the argument 'scale' of forward is float, which Triton cannot give",
        ),
        (
            PT + TWO % ("INPUT__0", "INPUT__2") + OUT + "-- 1/model.pt forward(a: Tensor, b: Tensor) -> Tensor",
            "pytorch-input-order",
            "input 'INPUT__2' is position 2, and forward has 2 arguments, counted from 0",
        ),
        (
            PT + TWO % ("INPUT__0", "OTHER__0") + OUT + "-- 1/model.pt forward(a: Tensor, b: Tensor) -> Tensor",
            "pytorch-input-order",
            "input 'OTHER__0' is position 0, as 'INPUT__0' is",
        ),
        (
            PT + x("4", "a") + y("4", "OUTPUT__1") + "-- 1/model.pt forward(a: Tensor) -> Tensor",
            "pytorch-output-order",
            "output 'OUTPUT__1' is position 1, and forward has 1 output, counted from 0",
        ),
        (
            PT
            + x("4", "a")
            + y("4", "OUTPUT__0")
            + "-- 1/model.pt forward(a: Tensor) -> Tuple[Tensor, Dict[str, int]]",
            "pytorch-result-type",
            "forward gives Tuple[Tensor, Dict[str, int]], which Triton cannot answer with",
        ),
        (
            TF + "max_batch_size: 8\n" + x("4") + y("-1") + "-- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 2]",
            "tensorflow-dims",
            "output 'y' is [-1], and the model has [2] beside the batch dimension",
        ),
        (
            TF + x("-1, 5") + y("-1, 2") + "-- 1/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 2]",
            "tensorflow-dims",
            "input 'x' is [-1, 5], and the model has [-1, 4]",
        ),
        (
            TF + "-- 1/model.savedmodel\na file",
            "tensorflow-unreadable",
            "the model file 1/model.savedmodel is a file, and a SavedModel is a directory",
        ),
        (
            'platform: "tensorflow_graphdef"\n' + x("4") + y("2", "yy") + "-- 1/model.graphdef x -> y z",
            "tensorflow-unknown-tensor",
            "'yy' is not an output of the model",
        ),
        (
            OV + "max_batch_size: 8\n" + x("1, 4") + y("4") + "-- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]",
            "openvino-dims",
            "input 'x' is [1, 4], and the model has [4] beside the batch dimension",
        ),
        (
            OV + "max_batch_size: 8\n" + x("4") + y("-1") + "-- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]",
            "openvino-dims",
            "output 'y' is [-1], and the model has [4] beside the batch dimension",
        ),
        (
            OV + "max_batch_size: 8\n" + x("4") + y("5") + "-- 1/model.xml x FP32 [1, 4] -> y FP32 [128, 5]",
            "openvino-dims",
            "max_batch_size is 8, and output 'y', [128, 5] in the model, does not begin with the batch",
        ),
        (
            OV + "max_batch_size: 8\n" + x("4") + y("128, 5") + "-- 1/model.xml x FP32 [-1, 4] -> y FP32 [128, 5]",
            "openvino-dims",
            "max_batch_size is 8, and output 'y', [128, 5] in the model, does not begin with the batch",
        ),
    ],
)
def test_what_does_not_agree_is_said_once(block: str, rule: str, said: str, tmp_path: Path) -> None:
    assert [(d.rule, d.message) for d in found(block, tmp_path)] == [(rule, said)]


@pytest.mark.parametrize("shapes", ["[1, 4] -> y FP32 [1, 5]", "[2, 4] -> y FP32 [8, 5]", "[1, 4] -> y FP32 [-1, 5]"])
def test_an_output_of_openvino_may_begin_with_the_batch_of_the_inputs_or_of_the_configuration(
    shapes: str, tmp_path: Path
) -> None:
    assert not found(OV + "max_batch_size: 8\n" + x("4") + y("5") + f"-- 1/model.xml x FP32 {shapes}", tmp_path)


def test_complete_shapes_are_the_remedy_for_an_output_without_a_batch(tmp_path: Path) -> None:
    files = "-- 1/model.xml x FP32 [1, 4] -> y FP32 [128, 1]"
    (d,) = found(OV + "max_batch_size: 8\n" + x("4") + y("128, 1") + files, tmp_path)
    assert d.help == "write max_batch_size: 0, and the complete shapes: x [1, 4], y [128, 1]"
    assert not found(OV + x("1, 4") + y("128, 1") + files, tmp_path / "after")


def test_versions_that_share_a_mistake_say_it_once(tmp_path: Path) -> None:
    block = (
        PT
        + "version_policy { all { } }\n"
        + x("4", "INPUT__0")
        + OUT
        + "-- 1/model.pt forward(a: Tensor, b: Tensor) -> Tensor\n-- 2/model.pt forward(a: Tensor, b: Tensor) -> Tensor"
    )
    assert [d.rule for d in found(block, tmp_path)] == ["pytorch-input-count"]


def test_weights_of_an_ir_must_be_there_and_whole(tmp_path: Path) -> None:
    from model_files import openvino_ir

    from triton_kit import lint

    model = tmp_path / "m" / "1"
    model.mkdir(parents=True)
    (tmp_path / "m" / "config.pbtxt").write_text(OV)
    text = openvino_ir([("x", "FP32", (1, 4))], [("y", "FP32", (1, 4))], weights=100)
    (model / "model.xml").write_text(text)
    assert [d.message for d in lint(tmp_path).diagnostics] == ["the weights 1/model.bin do not exist"]
    (model / "model.bin").write_bytes(bytes(99))
    (diagnostic,) = lint(tmp_path).diagnostics
    assert diagnostic.message == "the weights 1/model.bin have 99 bytes, and the model needs 100"
    (model / "model.bin").write_bytes(bytes(100))
    assert lint(tmp_path).ok


def test_a_saved_model_changed_between_two_runs_is_read_again(tmp_path: Path) -> None:
    from triton_kit import lint

    folder = tmp_path / "m" / "1" / "model.savedmodel"
    folder.mkdir(parents=True)
    (tmp_path / "m" / "config.pbtxt").write_text(TF + x("4") + y("4"))
    (folder / "saved_model.pb").write_bytes(served([("x", "FP64", (-1, 4))], [("y", "FP32", (-1, 4))]))
    assert [d.rule for d in lint(tmp_path, release="24.10").diagnostics] == ["tensorflow-data-type"]
    (folder / "saved_model.pb").write_bytes(served([("x", "FP32", (-1, 4))], [("y", "FP32", (-1, 4))]))
    assert lint(tmp_path, release="24.10").ok


PY = (
    'backend: "python"\n'
    + x("4", "image")
    + y("4", "label")
    + "-- 1/model.py\nimport triton_python_backend_utils as pb\n"
)
CLASS = "class TritonPythonModel:\n    def execute(self, requests):\n"


@pytest.mark.parametrize(
    "code",
    [
        CLASS + "        return [pb.get_input_tensor_by_name(r, 'image') for r in requests]",
        CLASS + "        return [pb.get_input_tensor_by_name(r, self.name) for r in requests]",
        CLASS + "        return [pb.InferenceRequest(inputs=[pb.Tensor('other', a)]) for r in requests]",
        CLASS + "        return [pb.get_input_tensor_by_name(r, 'more') for r in requests]\n    @staticmethod\n"
        "    def auto_complete_config(c):\n"
        "        c.add_input({'name': 'more', 'data_type': 'TYPE_FP32', 'dims': [4]})\n        return c",
        CLASS + "        return [pb.get_input_tensor_by_name(r, 'more') for r in requests]\n    @staticmethod\n"
        "    def auto_complete_config(c):\n        for i in found(): c.add_input(i)\n        return c",
        "class Base: ...\nclass TritonPythonModel(Base):\n    pass",
        "class TritonPythonModel:\n    execute = other",
        "class TritonPythonModel: ...\nTritonPythonModel.execute = other",
    ],
)
def test_nothing_is_said_of_code_that_may_be_right(code: str, tmp_path: Path) -> None:
    assert [d.message for d in found(PY + code, tmp_path)] == []


def test_a_tensor_that_the_configuration_lacks_is_shown_in_the_code(tmp_path: Path) -> None:
    code = CLASS + "        return [pb.get_input_tensor_by_name(r, 'imge') for r in requests]"
    (diagnostic,) = found(PY + code, tmp_path)
    assert (diagnostic.file.name, diagnostic.span.line, diagnostic.span.column) == ("model.py", 4, 48)
    assert (diagnostic.message, diagnostic.help) == (
        "'imge' is not an input of the configuration",
        "did you mean 'image'?",
    )


def test_a_batch_input_counts_as_an_argument(tmp_path: Path) -> None:
    block = (
        PT
        + "max_batch_size: 4\n"
        + x("4", "INPUT__0")
        + OUT
        + 'batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" '
        'data_type: TYPE_FP32 source_input: "INPUT__0" }\n-- 1/model.pt forward(a: Tensor, n: Tensor) -> Tensor'
    )
    assert "pytorch-input-count" not in [d.rule for d in found(block, tmp_path)]
