"""What a finding says to do depends on what is there: a case for each remedy of a rule that has several."""

from __future__ import annotations

from pathlib import Path

import pytest
from short_examples import CLASS, PYTHON, REQUESTS, Case, X, Y, advised, named, step, with_rules

ORT = 'backend: "onnxruntime"\n'
TF = '-- tk validate --release 25.02\nplatform: "tensorflow_savedmodel"\n'
OV = 'backend: "openvino"\n'
BATCH = "max_batch_size: 8\n"
CODE = CLASS + REQUESTS
OPENS = (
    "import os\n" + CODE + "    def initialize(self, args):\n"
    "        open(os.path.join(os.path.dirname(__file__), '{}'))\n"
)
TWICE = "-- ../../second/c x FP32 [4] -> y FP32 [4]\n-- ../../third/c x FP32 [4] -> y FP32 [4]"
START = 'name: "s" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] }'
CONTROL = f"sequence_batching {{ control_input {{ {START} }} }}\n"
TENSOR = 'config.add_input({{"name": "x", "data_type": "{}", "dims": {}}})'


def steps(*each: str) -> str:
    return f'platform: "ensemble"\n{X}{Y}ensemble_scheduling {{ step [ {", ".join(each)} ] }}\n'


def onnx(inputs: str, outputs: str = "y FP32 [-1, 4]") -> str:
    return f"-- 1/model.onnx {inputs} -> {outputs}"


def completed(statement: str, config: str = X) -> str:
    return (
        PYTHON
        + config
        + "-- 1/model.py\n"
        + CODE
        + (f"    @staticmethod\n    def auto_complete_config(config):\n        {statement}\n        return config\n")
    )


CASES: dict[str, Case] = {
    "a file that is beside the directory": (
        "model-file-missing",
        ORT + "-- model.onnx\nx\n-- 1/notes\nx",
        ["move model.onnx into 1/"],
    ),
    "a file of another name": (
        "model-file-missing",
        ORT + "-- 1/resnet.onnx\nx\n-- 1/notes\nx",
        ['rename resnet.onnx to model.onnx, or write default_model_filename: "resnet.onnx"'],
    ),
    "two files of other names": (
        "model-file-missing",
        ORT + "-- 1/a.onnx\nx\n-- 1/b.onnx\nx",
        ["put the model file there; 1/ holds 'a.onnx', 'b.onnx'"],
    ),
    "no file at all": ("model-file-missing", ORT + "-- 1/", ["put the model file there; 1/ holds nothing"]),
    "code that is beside the directory": (
        "python-file-missing",
        PYTHON + "-- model.py\nx\n-- 1/notes\nx",
        ["move model.py into 1/"],
    ),
    "code of another name": (
        "python-file-missing",
        PYTHON + "-- 1/main.py\nx\n-- 1/notes\nx",
        ['rename main.py to model.py, or write default_model_filename: "main.py"'],
    ),
    "code of two other names": ("python-file-missing", PYTHON + "-- 1/a.py\nx\n-- 1/b.py\nx", ["put model.py there"]),
    "a module in the model's directory": (
        "python-relative-import",
        PYTHON + "-- helper.py\nx = 1\n-- 1/model.py\nfrom .helper import x\n" + CODE,
        ["it is in the model's directory: import it as helper, without the dot"],
    ),
    "a package in the model's directory": (
        "python-relative-import",
        PYTHON + "-- helper/f\n-- 1/model.py\nfrom .helper import x\n" + CODE,
        ["it is in the model's directory: import it as helper, without the dot"],
    ),
    "a module of nearly that name": (
        "python-relative-import",
        PYTHON + "-- 1/helpers.py\nx = 1\n-- 1/model.py\nfrom .helper import x\n" + CODE,
        ["did you mean 'helpers'?"],
    ),
    "a module of no such name": (
        "python-relative-import",
        PYTHON + "-- 1/other.py\nx = 1\n-- 1/model.py\nfrom .helper import x\n" + CODE,
        ["put helper.py into 1/"],
    ),
    "names that a module nearly has and does not have": (
        "python-relative-import",
        PYTHON + "-- 1/helper.py\nanswer = 1\n-- 1/model.py\nfrom .helper import answers, other\n" + CODE,
        ["did you mean 'answer'?", "define it in 1/helper.py"],
    ),
    "an import beyond the directory": (
        "python-relative-import",
        PYTHON + "-- 1/model.py\nfrom ..helper import x\n" + CODE,
        ["import it without the dots"],
    ),
    "an opened file of nearly that name": (
        "python-opened-file-missing",
        PYTHON + "-- 1/label.txt\nx\n-- 1/model.py\n" + OPENS.format("labels.txt"),
        ["did you mean 'label.txt'?"],
    ),
    "an opened file in the model's directory": (
        "python-opened-file-missing",
        PYTHON + "-- labels.txt\nx\n-- 1/model.py\n" + OPENS.format("labels.txt"),
        ["move labels.txt into 1/, or open it in the model's directory"],
    ),
    "an opened file in a directory that is not there": (
        "python-opened-file-missing",
        PYTHON + "-- 1/model.py\n" + OPENS.format("sub/labels.txt"),
        ["put it there"],
    ),
    "a model of two repositories": (
        "step-model-missing",
        steps(step("c", {"x": "x"}, {"y": "y"})) + TWICE,
        ["rename one of them"],
    ),
    "a model of two repositories with namespaces": (
        "step-model-missing",
        "-- tk validate --namespacing\n" + steps(step("c", {"x": "x"}, {"y": "y"})) + TWICE,
        ["name the repository's path in model_namespace"],
    ),
    "an input too many that the model has a value for": (
        "onnx-input-count",
        ORT + X + named(X, "w") + Y + onnx("x FP32 [4], w FP32 [4] = initializer", "y FP32 [4]"),
        ["write optional: true at 'w', which has a value in the model"],
    ),
    "an input too many": (
        "onnx-input-count",
        ORT + BATCH + CONTROL + X + named(X, "w") + Y + onnx("x FP32 [-1, 4]"),
        ["remove 'w'"],
    ),
    "an optional input that the model needs": (
        "onnx-input-count",
        ORT + X.replace("}", "optional: true }") + Y + onnx("x FP32 [4]", "y FP32 [4]"),
        ["leave optional out: the model needs that input"],
    ),
    "an input too few": ("onnx-input-count", ORT + X + Y + onnx("x FP32 [4], w FP32 [4]", "y FP32 [4]"), ["add 'w'"]),
    "an input twice": (
        "onnx-input-count",
        ORT + X + X + Y + onnx("x FP32 [4]", "y FP32 [4]"),
        ["list each input of the model once, and controls and states only under sequence_batching"],
    ),
    "dims with the batch": (
        "onnx-dims",
        ORT + BATCH + named(X, "x", "[ -1, 4 ]") + Y + onnx("x FP32 [-1, 4]"),
        ["write [4]: max_batch_size 8 adds the batch dimension"],
    ),
    "dims without the batch": (
        "onnx-dims",
        ORT + "max_batch_size: 0\n" + X + named(Y, "y", "[ -1, 4 ]") + onnx("x FP32 [-1, 4]"),
        ["write max_batch_size, or the complete shape [-1, 4]"],
    ),
    "dims without a first size": (
        "onnx-dims",
        ORT + "max_batch_size: 0\n" + X + Y + onnx("x FP32 [3, 4]", "y FP32 [4]"),
        ["write [3, 4]"],
    ),
    "another size": ("onnx-dims", ORT + BATCH + named(X, "x", "[ 5 ]") + Y + onnx("x FP32 [-1, 4]"), ["write [4]"]),
    "dims for a single value": (
        "onnx-dims",
        ORT + named(X, "x", "[ 4 ]") + Y + onnx("x FP32 []", "y FP32 [4]"),
        ["write [ 1 ]"],
    ),
    "an input too few of TensorFlow": (
        "tensorflow-input-count",
        TF + X + Y + "-- 1/model.savedmodel x FP32 [4], w FP32 [4] -> y FP32 [4]",
        ["add 'w'"],
    ),
    "an input twice of TensorFlow": (
        "tensorflow-input-count",
        TF + X + X + Y + "-- 1/model.savedmodel x FP32 [4] -> y FP32 [4]",
        ["list each input once"],
    ),
    "dims of a batch alone": (
        "tensorflow-dims",
        TF + BATCH + X + Y + "-- 1/model.savedmodel x FP32 [-1] -> y FP32 [-1, 4]",
        ["write dims: [1] and reshape { shape: [] }"],
    ),
    "dims of another size": (
        "tensorflow-dims",
        TF + BATCH + X + Y + "-- 1/model.savedmodel x FP32 [-1, 5] -> y FP32 [-1, 4]",
        ["write dims: [5]"],
    ),
    "an input twice of OpenVINO": (
        "openvino-input-count",
        OV + X + X + Y + "-- 1/model.xml x FP32 [4] -> y FP32 [4]",
        ["list each input once"],
    ),
    "OpenVINO's dims of a batch alone": (
        "openvino-dims",
        OV + BATCH + X + Y + "-- 1/model.xml x FP32 [1] -> y FP32 [1, 4]",
        ["write max_batch_size: 0"],
    ),
    "a type that is written": (
        "python-completion-contradicts",
        completed(TENSOR.format("TYPE_INT8", [4])),
        ["make both the same, or leave it out of config.pbtxt"],
    ),
    "dims in a tuple": (
        "python-completion-contradicts",
        completed(TENSOR.format("TYPE_FP32", (4,))),
        ["give a list"],
    ),
    "a batch below the written one": (
        "python-completion-contradicts",
        completed("config.set_max_batch_size(4)", BATCH + X),
        ["give the same number, or leave it out of one of the two"],
    ),
    "a batch that is not a number": (
        "python-completion-contradicts",
        completed('config.set_max_batch_size("4")', BATCH + X),
        ["give a number"],
    ),
    "dynamic batching of a sequence": (
        "python-completion-contradicts",
        completed("config.set_dynamic_batching()", BATCH + "sequence_batching { }\n" + X),
        ["keep one of the two"],
    ),
    "another policy": (
        "python-completion-contradicts",
        completed(
            'config.set_model_transaction_policy({"decoupled": False})',
            "model_transaction_policy { decoupled: true }\n",
        ),
        ["say the same in both places, or leave it out of config.pbtxt"],
    ),
    "steps without the platform of ensembles": (
        "backend-undeterminable",
        steps(step("a", {"x": "x"}, {"y": "y"})).partition("\n")[2] + "-- 1/f\nx",
        ['write platform: "ensemble"'],
    ),
    "a model file in the second directory": (
        "backend-undeterminable",
        X + Y + "-- 1/notes\nx\n-- 2/model.onnx\nx",
        ["write the backend's name; only '1', the first directory by name, is looked into"],
    ),
    "an ONNX file of another name": (
        "backend-undeterminable",
        X + Y + "-- 1/resnet.onnx\nx",
        ['rename resnet.onnx to model.onnx, or write backend: "onnxruntime" and default_model_filename'],
    ),
    "a file of no known name": (
        "backend-undeterminable",
        X + Y + "-- 1/notes\nx",
        ["write the backend's name, or give the model file its default name such as model.onnx"],
    ),
    "code of a name that is written": (
        "python-file-missing",
        PYTHON + 'default_model_filename: "a.py"\n-- 1/b.py\nx\n-- 1/notes\nx',
        ['rename b.py to a.py, or write default_model_filename: "b.py"'],
    ),
    "a platform that is a backend": ("unexpected-platform", 'platform: "python"', ['write backend: "python"']),
    "a platform of nearly that name": (
        "unexpected-platform",
        'platform: "onnxruntime_onxx"',
        ["did you mean 'onnxruntime_onnx'?"],
    ),
    "a platform of another backend": (
        "platform-of-another-backend",
        ORT + 'platform: "tensorrt_plan"',
        ['write platform: "onnxruntime_onnx", or leave one of the two out'],
    ),
    "a platform that is the backend": (
        "platform-of-another-backend",
        ORT + 'platform: "onnxruntime"',
        ['write platform: "onnxruntime_onnx", or leave one of the two out'],
    ),
}


@pytest.mark.parametrize(("rule", "block", "wanted"), CASES.values(), ids=with_rules(CASES))
def test_a_finding_says_what_to_do_about_what_is_there(
    rule: str, block: str, wanted: list[str], tmp_path: Path
) -> None:
    assert advised(block, rule, tmp_path) == wanted
