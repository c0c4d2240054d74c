"""Each part of what a rule asks of other model files counts: the cases in which one part alone decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_files import openvino_ir
from short_examples import BOTH, Case, X, Y, named, said, with_rules

SAVED = '-- tk validate --release 25.02\nplatform: "tensorflow_savedmodel"\n'
OTHER = named(X, "q")
SEQUENCE = "max_batch_size: 8\nsequence_batching {{ {} }}\n"
START = 'control_input { name: "s" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } }'
STATE = 'state { input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ 4 ] }'
FOREST = 'parameters {{ key: "{0}" value {{ string_value: "{1}" }} }}\n'
COUNTED = 'batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_FP32 source_input: "x" }\n'
ARCHIVE = '-- tk validate --release 26.03\nbackend: "pytorch"\n' + BOTH
RUNTIME = (
    '-- tk validate --release 26.06\nbackend: "pytorch"\nruntime: "model.py"\n'
    'parameters {{ key: "TORCH_COMPILE_OPTIONAL_PARAMETERS" value {{ string_value: "{}" }} }}\n-- 1/model.py\nx'
)

CASES: dict[str, Case] = {
    "a tensor by its name in the graph": (
        "tensorflow-unknown-tensor",
        (
            SAVED
            + named(X, "serving_default_x:0")
            + named(Y, "serving_default_y")
            + named(Y, "other")
            + "-- 1/model.savedmodel x FP32 [4] -> y FP32 [4]"
        ),
        ["'other' is not an output of the model"],
    ),
    "a fixed first dimension before dims that differ": (
        "tensorflow-dims",
        (
            SAVED
            + "max_batch_size: 8\n"
            + X
            + named(X, "w", "[ 5 ]")
            + Y
            + "-- 1/model.savedmodel x FP32 [1, 4], w FP32 [-1, 4] -> y FP32 [-1, 4]"
        ),
        ["input 'w' is [5], and the model has [4] beside the batch dimension"],
    ),
    "one type that Triton does not have": (
        "tensorflow-data-type",
        (SAVED + X.replace("FP32", "INT32") + "-- 1/model.savedmodel x FP32 [4] -> y RESOURCE [4]"),
        [],
    ),
    "a classifier with a threshold": (
        "fil-classifier",
        (
            '-- tk validate --release 25.09\nbackend: "fil"\n'
            + FOREST.format("is_classifier", "true")
            + FOREST.format("threshold", "0.5")
            + "-- 1/xgboost.model 4 features"
        ),
        [],
    ),
    "a batch input that fills an argument": (
        "pytorch-input-count",
        (
            'backend: "pytorch"\nmax_batch_size: 8\n'
            + named(X, "INPUT__0")
            + COUNTED
            + "-- 1/model.pt forward(a: Tensor, b: Tensor) -> Tensor"
        ),
        [],
    ),
    "a batch input too many for the arguments": (
        "pytorch-input-count",
        (
            'backend: "pytorch"\nmax_batch_size: 8\n'
            + named(X, "INPUT__0")
            + COUNTED
            + "-- 1/model.pt forward(a: Tensor) -> Tensor"
        ),
        ["the configuration has 2 inputs with batch inputs, controls and states, and forward takes 1 argument: 'a'"],
    ),
    "a batch input that fills an input": (
        "tensorflow-input-count",
        (
            SAVED
            + "max_batch_size: 8\n"
            + X
            + COUNTED
            + Y
            + "-- 1/model.savedmodel x FP32 [-1, 4], n FP32 [-1] -> y FP32 [-1, 4]"
        ),
        [],
    ),
    "inputs of no rank beside one of a batch of its own": (
        "openvino-dims",
        (
            'backend: "openvino"\nmax_batch_size: 8\n'
            + X
            + named(X, "w")
            + Y
            + "-- 1/model.xml\n"
            + openvino_ir([("x", "FP32", None), ("w", "FP32", [1, 4])], [("y", "FP32", [3, 4])])
        ),
        [],
    ),
    "an archive in the last version alone": (
        "archive-for-another-loader",
        (ARCHIVE + "-- 1/model.pt\nx\n-- 2/model.pt2\n(an archive)"),
        ["model.pt2 is handed to the loader of TorchScript"],
    ),
    "an archive in the first version alone": (
        "archive-for-another-loader",
        (ARCHIVE + "-- 1/model.pt2\n(an archive)\n-- 2/model.pt\nx"),
        [],
    ),
    "a control that fills an argument": (
        "pytorch-input-count",
        (
            'backend: "pytorch"\n'
            + SEQUENCE.format(START.replace('"s"', '"s__1"'))
            + named(X, "INPUT__0")
            + "-- 1/model.pt forward(a: Tensor, b: Tensor) -> Tensor"
        ),
        [],
    ),
    "a control without a name fills none": (
        "pytorch-input-count",
        (
            'backend: "pytorch"\n'
            + SEQUENCE.format(START.replace('"s"', '""'))
            + named(X, "INPUT__0")
            + "-- 1/model.pt forward(a: Tensor, b: Tensor) -> Tensor"
        ),
        ["the configuration has 1 input, and forward takes 2 arguments: 'a', 'b'"],
    ),
    "a state that fills an argument": (
        "pytorch-input-count",
        (
            'backend: "pytorch"\n'
            + SEQUENCE.format(STATE)
            + named(X, "INPUT__0")
            + "-- 1/model.pt forward(a: Tensor, b: Tensor) -> Tensor"
        ),
        [],
    ),
    "a control that fills an input": (
        "tensorflow-input-count",
        (
            SAVED
            + SEQUENCE.format(START)
            + X
            + Y
            + "-- 1/model.savedmodel x FP32 [-1, 4], s INT32 [-1, 1] -> y FP32 [-1, 4]"
        ),
        [],
    ),
    "more inputs than the signature has": (
        "tensorflow-input-count",
        (SAVED + X + named(X, "w") + Y + "-- 1/model.savedmodel x FP32 [4] -> y FP32 [4]"),
        [],
    ),
    "an input under another name and one that lacks": (
        "tensorflow-input-count",
        (SAVED + OTHER + Y + "-- 1/model.savedmodel x FP32 [4], w FP32 [4] -> y FP32 [4]"),
        ["the configuration has 1 input, the signature serving_default 2: 'x', 'w'"],
    ),
    "an input under another name and one more": (
        "tensorflow-input-count",
        (SAVED + OTHER + X + Y + "-- 1/model.savedmodel x FP32 [4] -> y FP32 [4]"),
        [],
    ),
    "a size where the signature takes any": (
        "tensorflow-dims",
        (SAVED + "max_batch_size: 8\n" + X + Y + "-- 1/model.savedmodel x FP32 [-1, -1] -> y FP32 [-1, 4]"),
        [],
    ),
    "one of two sizes that differs": (
        "tensorflow-dims",
        (
            SAVED
            + "max_batch_size: 8\n"
            + named(X, "x", "[ 4, 5 ]")
            + Y
            + "-- 1/model.savedmodel x FP32 [-1, 4, 6] -> y FP32 [-1, 4]"
        ),
        ["input 'x' is [4, 5], and the model has [4, 6] beside the batch dimension"],
    ),
    "JSON that is not an object": (
        "pytorch-runtime-parameters",
        (RUNTIME.format("[]")),
        ["the parameter TORCH_COMPILE_OPTIONAL_PARAMETERS is '[]'"],
    ),
    "JSON with the key of the model": (
        "pytorch-runtime-parameters",
        (RUNTIME.format('{\\"model\\": 1}')),
        ["the parameter TORCH_COMPILE_OPTIONAL_PARAMETERS is '{\"model\": 1}'"],
    ),
    "JSON with another key": (
        "pytorch-runtime-parameters",
        (RUNTIME.format('{\\"mode\\": 1}')),
        [],
    ),
    "IR of a version that has no tensors before one with more": (
        "openvino-input-count",
        (
            'backend: "openvino"\n'
            + BOTH
            + X
            + Y
            + "-- 1/model.xml\n"
            + openvino_ir([], [("y", "FP32", [4])])
            + "-- 2/model.xml\n"
            + openvino_ir([("x", "FP32", [4]), ("w", "FP32", [4])], [("y", "FP32", [4])])
        ),
        ["the configuration has 1 input, the model 2: 'x', 'w'"],
    ),
    "another model file in an older version": (
        "archive-for-another-loader",
        (ARCHIVE + "-- 1/model.pt2\n(an archive)\n-- 2/model.pt\nx\n-- 2/model.pt2\n(an archive)"),
        [],
    ),
    "one dimension for the batch of two": (
        "tensorflow-dims",
        SAVED + X + named(X, "w") + Y + "-- 1/model.savedmodel x FP32 [-1, 4], w FP32 [4] -> y FP32 [-1, 4]",
        ["input 'x' is [4], and the model has [-1, 4]", "output 'y' is [4], and the model has [-1, 4]"],
    ),
    "a platform that does not exist beside a backend": (
        "unexpected-platform",
        'backend: "onnxruntime"\nplatform: "nonsense"',
        [],
    ),
    "a placeholder in another field than a parameter": (
        "unfilled-placeholder",
        'backend: "tensorrtllm"\n' + named(X, "${x}"),
        ["'${x}' is a placeholder that was not filled in"],
    ),
    "a placeholder in the key of a parameter": (
        "unfilled-placeholder",
        'backend: "tensorrtllm"\nparameters { key: "${x}" value { string_value: "x" } }',
        ["'${x}' is a placeholder that was not filled in"],
    ),
    "a placeholder beside a field that does not exist": (
        "unfilled-placeholder",
        'bogus: 1\nparameters { key: "x" value { string_value: "${x}" } }',
        [],
    ),
}


@pytest.mark.parametrize(("rule", "block", "wanted"), CASES.values(), ids=with_rules(CASES))
def test_one_part_of_what_is_asked_of_a_model_file_decides(
    rule: str, block: str, wanted: list[str], tmp_path: Path
) -> None:
    assert said(block, rule, tmp_path) == wanted
