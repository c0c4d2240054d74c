"""What is looked at later is judged too: a second file, entry, step or state behind one that is as it should be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from model_files import openvino_ir
from short_examples import BOTH, CLASS, ONNX, PYTHON, Case, X, Y, said, step, with_rules

OV = 'backend: "openvino"\n' + BOTH
IR = [("x", "FP32", [4])], [("y", "FP32", [4])]
ONE_NAME = openvino_ir([*IR[0], ("w", "FP32", [4])], IR[1]).replace(' names="w"', "")
ONE_BATCH = "<port".join(
    part if i < 2 else re.sub("<rt_info>.*?</rt_info>", "", part)
    for i, part in enumerate(openvino_ir([("x", "FP32", [1, 4])], [("y", "FP32", [1, 4])], layout="NC").split("<port"))
)
STATES = PYTHON + 'max_batch_size: 8\nsequence_batching {{ state {{ input_name: "i" output_name: "o" {} }} }}\n'
SHAPED = 'platform: "ensemble"\n{}ensemble_scheduling {{ step [ {} ] }}\n'

CASES: dict[str, Case] = {
    "weights of the second version": (
        "openvino-unreadable",
        OV + "-- 1/model.xml\n" + openvino_ir(*IR) + "-- 2/model.xml\n" + openvino_ir(*IR, weights=8),
        ["the weights 2/model.bin do not exist"],
    ),
    "outputs behind inputs of which one has no name": (
        "openvino-unknown-tensor",
        OV + X + X.replace('"x"', '"q"') + Y.replace('"y"', '"z"') + "-- 1/model.xml\n" + ONE_NAME,
        ["'z' is not an output of the model"],
    ),
    "a layout with a batch at the input alone": (
        "openvino-dims",
        OV + X + Y.replace("[ 4 ]", "[ 1, 4 ]") + "-- 1/model.xml\n" + ONE_BATCH,
        ["input 'x' is [4], and the model has [1, 4]"],
    ),
    "the second file of two": (
        "unused-file-name",
        ONNX + 'cc_model_filenames { key: "sm80" value: "a" }\ncc_model_filenames { key: "8.0" value: "gone" }\n'
        "-- 1/model.onnx x FP32 [4] -> y FP32 [4]",
        ["'sm80' is not a compute capability", "the file 'gone' is not in version '1'"],
    ),
    "a Python file in the first version of two": (
        "python-file-missing",
        "-- tk validate --release 24.10\n"
        + PYTHON
        + BOTH
        + "-- 1/model.py\n"
        + CLASS
        + "        return [None for _ in requests]\n-- 2/",
        ["hangs the server: the model file 2/model.py does not exist"],
    ),
    "a warm-up input from a file behind one of zeros": (
        "warmup-file",
        PYTHON + X + X.replace('"x"', '"w"') + Y + 'model_warmup { name: "w" batch_size: 1'
        ' inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } }'
        ' inputs { key: "w" value { data_type: TYPE_FP32 dims: [ 4 ] input_data_file: "gone" } } }\n'
        "-- 1/model.py\n" + CLASS + "        return [None for _ in requests]\n",
        ["the file warmup/gone does not exist"],
    ),
    "a library of the backend in one version of two": (
        "backend-not-installed",
        '-- tk validate --image-backends python\nbackend: "mine"\n' + BOTH + "-- 1/f\n-- 2/libtriton_mine.so",
        [],
    ),
    "dimension -1 of a state": ("idle-sequence-setting", STATES.format("data_type: TYPE_FP32 dims: [ -1, 1, 2 ]"), []),
    "dimension -2 of a state": (
        "idle-sequence-setting",
        STATES.format("data_type: TYPE_FP32 dims: [ 1, -2 ]"),
        ["dimension -2 of state 0 is not a size"],
    ),
    "an initial state of one variable dimension of two": (
        "initial-state-file",
        STATES.format(
            'data_type: TYPE_FP32 dims: [ 2, -1 ] initial_state { name: "a" data_type: TYPE_FP32 dims: [ 2, -1 ]'
            ' data_file: "f" }'
        )
        + "-- initial_state/f\nabc",
        [],
    ),
    "weights outside of the second version": (
        "onnx-external-data-elsewhere",
        ONNX + "-- 1/model.onnx x FP32 [4] -> y FP32 [4]\n"
        "-- 2/model.onnx x FP32 [4] -> y FP32 [4] external ../weights.bin\n-- weights.bin\n0123456789abcdef",
        ["the model has external data in '../weights.bin', which leads outside the model's directory"],
    ),
    "a size of 0 before a reshape of another size": (
        "reshape-changes-size",
        PYTHON
        + "max_batch_size: 8\n"
        + X.replace("[ 4 ]", "[ 0, 4 ]").replace("}", "reshape { shape: [ 3 ] } }")
        + X.replace('"x"', '"w"').replace("}", "reshape { shape: [ 5 ] } }"),
        ["dims [4] and reshape [5] of 'w' hold different numbers of elements"],
    ),
    "a step that waits for one of the two that it reads": (
        "ensemble-output-not-written",
        SHAPED.format(X + Y, step("a", {"x": "x", "w": "gone"}, {"y": "y"}))
        + "-- ../a x FP32 [4], w FP32 [4] -> y FP32 [4]",
        ["'gone' is read by step 0, and nothing gives it, so that output 'y' is never there"],
    ),
    "a step that waits for the other one": (
        "ensemble-output-not-written",
        SHAPED.format(X + Y, step("a", {"w": "gone", "x": "x"}, {"y": "y"}))
        + "-- ../a x FP32 [4], w FP32 [4] -> y FP32 [4]",
        ["'gone' is read by step 0, and nothing gives it, so that output 'y' is never there"],
    ),
    "a step without an input behind one with an unknown one": (
        "step-input-not-mapped",
        SHAPED.format(X + Y, step("a", {"q": "x"}, {"y": "m"}) + ", " + step("b", {"x": "x"}, {"y": "y"}))
        + "-- ../a x FP32 [4] -> y FP32 [4]\n-- ../b x FP32 [4], w FP32 [4] -> y FP32 [4]",
        ["step 1 gives 'b' no 'w'"],
    ),
    "a refused model behind the same one again": (
        "step-model-refused",
        SHAPED.format(
            X + Y,
            ", ".join(
                [
                    step("a", {"x": "x"}, {"y": "m"}),
                    step("a", {"x": "x"}, {"y": "n"}),
                    step("b", {"x": "x"}, {"y": "y"}),
                ]
            ),
        )
        + "-- ../a/config.pbtxt\nmax_batch_size: -3\n-- ../a/1/model.onnx x FP32 [4] -> y FP32 [4]\n"
        "-- ../b/config.pbtxt\nmax_batch_size: -3\n-- ../b/1/model.onnx x FP32 [4] -> y FP32 [4]",
        [
            "'a', 'b' will not load, and the ensemble with them",
        ],
    ),
}


@pytest.mark.parametrize(("rule", "block", "wanted"), CASES.values(), ids=with_rules(CASES))
def test_the_later_one_is_judged_too(rule: str, block: str, wanted: list[str], tmp_path: Path) -> None:
    assert said(block, rule, tmp_path) == wanted
