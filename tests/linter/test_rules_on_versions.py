"""What a rule says of a version is not hidden by an earlier one of which it says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from short_examples import BOTH, CLASS, COMPLETES, ONNX, PYTHON, WARMUP, Case, X, Y, said, with_rules

TEXT = "saved_model.pb of version {} is a text file, not a SavedModel"
VERSIONS: dict[str, Case] = {
    "an ONNX file that cannot be read": (
        "onnx-data-type",
        ONNX + X + "-- 1/model.onnx\nno model\n-- 2/model.onnx x INT64 [4] -> y INT64 [4]",
        ["input 'x' is TYPE_INT64 in the model, not TYPE_FP32"],
    ),
    "an ONNX file with an output that is not written": (
        "onnx-data-type",
        ONNX + X + Y + "-- 1/model.onnx x FP32 [4] -> z FP32 [4], y FP32 [4]\n"
        "-- 2/model.onnx x INT64 [4] -> z INT64 [4], y FP32 [4]",
        ["input 'x' is TYPE_INT64 in the model, not TYPE_FP32"],
    ),
    "an ONNX file with an output that is not written, and dims": (
        "onnx-dims",
        ONNX + X + Y + "-- 1/model.onnx x FP32 [4] -> z FP32 [4], y FP32 [4]\n"
        "-- 2/model.onnx x FP32 [5] -> z FP32 [4], y FP32 [4]",
        ["input 'x' is [5] in the model, not [4]"],
    ),
    "a SavedModel that does not exist, before an ambiguous one": (
        "tensorflow-signature-ambiguous",
        '-- tk validate --release 25.02\nplatform: "tensorflow_savedmodel"\n'
        + BOTH
        + "-- 1/\n-- 2/model.savedmodel x FP32 [-1, 4] -> y FP32 [-1, 4] signatures encode decode",
        ["the SavedModel of version 2 has no signature serving_default; its signatures are encode, decode"],
    ),
    "an ONNX file with a sequence": (
        "onnx-dims",
        ONNX + X + Y + "-- 1/model.onnx x sequence -> y FP32 [4]\n-- 2/model.onnx x FP32 [5] -> y FP32 [4]",
        ["input 'x' is [5] in the model, not [4]"],
    ),
    "an ONNX file with as many inputs": (
        "onnx-input-count",
        ONNX + X + Y + "-- 1/model.onnx x FP32 [4] -> y FP32 [4]\n-- 2/model.onnx x FP32 [4], w FP32 [4] -> y FP32 [4]",
        ["the configuration has 1 input, the model 2: 'x', 'w'"],
    ),
    "an ONNX file with another name for its input": (
        "onnx-input-count",
        ONNX + X + Y + "-- 1/model.onnx x FP32 [4], w FP32 [4] = initializer -> y FP32 [4]\n"
        "-- 2/model.onnx x FP32 [4], w FP32 [4] -> y FP32 [4]",
        ["the configuration has 1 input, the model 2: 'x', 'w'"],
    ),
    "a directory without a model file in it": (
        "model-file-missing",
        ONNX + "-- 1/model.onnx/other\n-- 2/",
        ["the model file 2/model.onnx does not exist", "the directory 1/model.onnx holds no model.onnx"],
    ),
    "Python that completes in a way that cannot be read": (
        "python-unknown-tensor",
        PYTHON
        + BOTH
        + X
        + Y
        + "-- 1/model.py\n"
        + COMPLETES.format(bases="(Base)", asked="other")
        + "-- 2/model.py\n"
        + COMPLETES.format(bases="", asked="other"),
        ["'other' is not an input of the configuration", "'other' is not an input of the configuration"],
    ),
    "Python with a base class": (
        "python-execute-missing",
        PYTHON + BOTH + "-- 1/model.py\nclass TritonPythonModel(Base):\n    pass\n"
        "-- 2/model.py\nclass TritonPythonModel:\n    def initialize(self, args):\n        pass\n",
        ["TritonPythonModel has no method execute"],
    ),
    "a Python model that decides by itself to be decoupled": (
        "python-warmup-unanswered",
        PYTHON
        + BOTH
        + X
        + Y
        + WARMUP
        + "-- 1/model.py\nclass TritonPythonModel:\n    def auto_complete_config(config):\n"
        + "        config.set_model_transaction_policy({'decoupled': True})\n        return config\n"
        + "    def execute(self, requests):\n        return None\n-- 2/model.py\n"
        + CLASS
        + "        return None\n",
        ["hangs the server: the model is warmed up, and its execute returns no responses"],
    ),
    "a Python model that yields": (
        "python-warmup-unanswered",
        PYTHON
        + BOTH
        + X
        + Y
        + WARMUP
        + "-- 1/model.py\n"
        + CLASS
        + "        yield None\n-- 2/model.py\n"
        + CLASS
        + "        return None\n",
        ["hangs the server: the model is warmed up, and its execute returns no responses"],
    ),
    "TorchScript that takes a dictionary": (
        "pytorch-input-count",
        'backend: "pytorch"\n'
        + BOTH
        + X.replace('"x"', '"INPUT__0"')
        + Y.replace('"y"', '"OUTPUT__0"')
        + "-- 1/model.pt "
        "forward(x: Dict[str, Tensor]) -> Tensor\n-- 2/model.pt forward(x: Tensor, y: Tensor) -> Tensor",
        ["the configuration has 1 input, and forward takes 2 arguments: 'x', 'y'"],
    ),
    "TorchScript with an argument that is no tensor": (
        "pytorch-input-count",
        'backend: "pytorch"\n'
        + BOTH
        + X.replace('"x"', '"INPUT__0"')
        + Y.replace('"y"', '"OUTPUT__0"')
        + "-- 1/model.pt "
        "forward(x: Tensor, s: float) -> Tensor\n-- 2/model.pt forward(x: Tensor, y: Tensor) -> Tensor",
        ["the configuration has 1 input, and forward takes 2 arguments: 'x', 'y'"],
    ),
    "TorchScript that takes a dictionary, before another type": (
        "pytorch-argument-type",
        'backend: "pytorch"\n' + BOTH + "-- 1/model.pt "
        "forward(x: Dict[str, Tensor]) -> Tensor\n-- 2/model.pt forward(x: Tensor, y: float) -> Tensor",
        ["the argument 'y' of forward is float, which Triton cannot give"],
    ),
    "TorchScript whose arguments are the inputs' names": (
        "pytorch-input-order",
        'backend: "pytorch"\n'
        + BOTH
        + X.replace('"x"', '"INPUT__0"')
        + X.replace('"x"', '"INPUT__2"')
        + "-- 1/model.pt "
        "forward(INPUT__0: Tensor, INPUT__2: Tensor) -> Tensor\n-- 2/model.pt forward(x: Tensor, y: Tensor) -> Tensor",
        ["input 'INPUT__2' is position 2, and forward has 2 arguments, counted from 0"],
    ),
    "TorchScript with a list of results": (
        "pytorch-output-order",
        'backend: "pytorch"\n'
        + BOTH
        + X.replace('"x"', '"INPUT__0"')
        + Y.replace('"y"', '"OUTPUT__0"')
        + Y.replace('"y"', '"OUTPUT__2"')
        + "-- 1/model.pt forward(x: Tensor) -> List[Tensor]\n"
        "-- 2/model.pt forward(x: Tensor) -> Tuple[Tensor, Tensor]",
        ["output 'OUTPUT__2' is position 2, and forward has 2 outputs, counted from 0"],
    ),
    "an OpenVINO model with as many inputs": (
        "openvino-input-count",
        'backend: "openvino"\n' + BOTH + X + Y + "-- 1/model.xml x FP32 [4] -> y FP32 [4]\n"
        "-- 2/model.xml x FP32 [4], w FP32 [4] -> y FP32 [4]",
        ["the configuration has 1 input, the model 2: 'x', 'w'"],
    ),
    "a SavedModel that is a file": (
        "tensorflow-unreadable",
        '-- tk validate --release 25.02\nplatform: "tensorflow_savedmodel"\n' + BOTH + "-- 1/model.savedmodel\nfile\n"
        "-- 2/model.savedmodel/saved_model.pb\nno model",
        [
            "the model file 1/model.savedmodel is a file, and a SavedModel is a directory",
            TEXT.format(2),
        ],
    ),
    "a SavedModel that cannot be read": (
        "tensorflow-unreadable",
        '-- tk validate --release 25.02\nplatform: "tensorflow_savedmodel"\n'
        + BOTH
        + "-- 1/model.savedmodel/saved_model.pb\nno model\n-- 2/model.savedmodel\nfile",
        [
            TEXT.format(1),
            "the model file 2/model.savedmodel is a file, and a SavedModel is a directory",
        ],
    ),
    "a SavedModel that does not exist": (
        "tensorflow-unreadable",
        '-- tk validate --release 25.02\nplatform: "tensorflow_savedmodel"\n'
        + BOTH
        + "-- 1/\n-- 2/model.savedmodel\nfile",
        ["the model file 2/model.savedmodel is a file, and a SavedModel is a directory"],
    ),
    "vLLM without arguments": (
        "vllm-arguments-missing",
        'backend: "vllm"\n' + BOTH + "-- 1/\n-- 2/model.json\nno model",
        ["1/ holds no model.json", "2/model.json is not a JSON object"],
    ),
    "a forest that does not exist": (
        "fil-features",
        'backend: "fil"\n' + BOTH + 'input { name: "input__0" data_type: TYPE_FP32 dims: [ 4 ] }\n'
        "-- 1/\n-- 2/xgboost.model 5 features",
        ["the forest has 5 features, and its input 4"],
    ),
}


@pytest.mark.parametrize(("rule", "block", "wanted"), VERSIONS.values(), ids=with_rules(VERSIONS))
def test_a_version_of_which_nothing_is_said_does_not_hide_the_next(
    rule: str, block: str, wanted: list[str], tmp_path: Path
) -> None:
    assert said(block, rule, tmp_path) == wanted
