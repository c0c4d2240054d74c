"""Each number and name that a rule knows counts: the cases on both sides of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from short_examples import CLASS, PYTHON, REQUESTS, Case, X, Y, named, said, with_rules

ORT = 'backend: "onnxruntime"\n'
PROFILE = 'backend: "tensorrt"\ninstance_group [ {{ profile: [ "{}" ] }} ]'
OV = 'backend: "openvino"\n'
GRAPH = '-- tk validate --release 25.02\nplatform: "tensorflow_graphdef"\n'
READY = "-- tk validate --release 26.03\n" + PYTHON + "-- 1/model.py\n" + CLASS + REQUESTS
FOREST = '-- tk validate --release 25.09\nbackend: "fil"\n{}-- 1/xgboost.model 4 features'
CONTROL = 'sequence_batching { control_input { name: "s" control { kind: CONTROL_SEQUENCE_START %s: [ %s ] } } }\n'
START = "-- 1/model.onnx x FP32 [-1, 4], s {} [-1, 1] -> y FP32 [-1, 4]"


def parameter(key: str, value: str) -> str:
    return f'parameters {{ key: "{key}" value {{ string_value: "{value}" }} }}\n'


def starts(values: str, numbers: str, kind: str) -> str:
    return ORT + "max_batch_size: 8\n" + CONTROL % (values, numbers) + X + Y + START.format(kind)


CASES: dict[str, Case] = {
    "the highest number of 32 bits": (
        "parameter-not-an-integer",
        ORT + parameter("execution_mode", "2147483647"),
        ["the execution_mode 2147483647 does not exist"],
    ),
    "a number over 32 bits": (
        "parameter-not-an-integer",
        ORT + parameter("intra_op_thread_count", "2147483648"),
        ["kills the server: the parameter intra_op_thread_count, 2147483648, is beyond 32 bits"],
    ),
    "the lowest number of 32 bits": (
        "parameter-not-an-integer",
        ORT + parameter("intra_op_thread_count", "-2147483648"),
        [],
    ),
    "a number below 32 bits": (
        "parameter-not-an-integer",
        ORT + parameter("intra_op_thread_count", "-2147483649"),
        ["kills the server: the parameter intra_op_thread_count, -2147483649, is beyond 32 bits"],
    ),
    "as many threads as can be counted": (
        "parameter-not-an-integer",
        ORT + parameter("inter_op_thread_count", "2147483647"),
        ["the parameter inter_op_thread_count asks for 2147483647 threads"],
    ),
    "one thread less": ("parameter-not-an-integer", ORT + parameter("inter_op_thread_count", "2147483646"), []),
    "a mode that there is": ("parameter-not-an-integer", ORT + parameter("execution_mode", "1"), []),
    "a mode that there is not": (
        "parameter-not-an-integer",
        ORT + parameter("execution_mode", "2"),
        ["the execution_mode 2 does not exist"],
    ),
    "the highest profile": ("bad-profile", PROFILE.format(2147483647), []),
    "a profile over the highest": (
        "bad-profile",
        PROFILE.format(2147483648),
        ["kills the server: the profile '2147483648' is beyond 32 bits"],
    ),
    "a profile below the lowest": (
        "bad-profile",
        PROFILE.format(-2147483649),
        ["kills the server: the profile '-2147483649' is beyond 32 bits"],
    ),
    "the lowest profile": (
        "bad-profile",
        PROFILE.format(-2147483648),
        ["the profile '-2147483648' is not the number of one"],
    ),
    "a batch output without a source": (
        "batch-io-source-count",
        PYTHON + "max_batch_size: 8\n" + Y + 'batch_output { kind: BATCH_SCATTER_WITH_INPUT_SHAPE target_name: "y" }',
        ["batch_output 0 has 0 source inputs where one is needed"],
    ),
    "the lowest digits": ("openvino-parameter", OV + parameter("INFERENCE_NUM_THREADS", "09"), []),
    "a negative number in octal": (
        "number-in-another-base",
        PYTHON + named(X, "x", "[ -010 ]"),
        ["010 is octal for -8"],
    ),
    "a number in hexadecimal": (
        "number-in-another-base",
        PYTHON + "max_batch_size: 0x10",
        ["0x10 is hexadecimal for 16"],
    ),
    "a frozen graph's input": ("tensorflow-unknown-tensor", GRAPH + X + Y + "-- 1/model.graphdef x -> y", []),
    "names that a frozen graph does not have": (
        "tensorflow-unknown-tensor",
        GRAPH + named(X, "a") + named(Y, "b") + "-- 1/model.graphdef x -> y",
        ["'a' is not an input of the model", "'b' is not an output of the model"],
    ),
    "an old name of a parameter": (
        "fil-removed-parameter",
        FOREST.format(parameter("output_class", "true")),
        ["output_class is the old name of is_classifier"],
    ),
    "an old name beside the new one": (
        "fil-removed-parameter",
        FOREST.format(parameter("output_class", "true") + parameter("is_classifier", "true")),
        [],
    ),
    "parameters that count no longer": (
        "fil-removed-parameter",
        FOREST.format(parameter("algo", "NAIVE") + parameter("threads_per_tree", "1")),
        ["algo has no effect from 25.09 on", "threads_per_tree has no effect from 25.09 on"],
    ),
    "a static method that the server asks": (
        "python-is-ready",
        READY + "    @staticmethod\n    def is_ready():\n        return 1 > 0\n",
        [],
    ),
    "a static method that needs an argument": (
        "python-is-ready",
        READY + "    @staticmethod\n    def is_ready(model):\n        return 1 > 0\n",
        ["is_ready is called without arguments from 26.03 on, and needs some: the model is never ready"],
    ),
    "a method that needs self alone": (
        "python-is-ready",
        READY + "    def is_ready(self):\n        return 1 > 0\n",
        [],
    ),
    "a method that needs more": (
        "python-is-ready",
        READY + "    def is_ready(self, more):\n        return 1 > 0\n",
        ["is_ready is called without arguments from 26.03 on, and needs some: the model is never ready"],
    ),
    "a method that is a property": (
        "python-is-ready",
        READY + "    @property\n    def is_ready(self):\n        return 1 > 0\n",
        ["is_ready is a property, and from 26.03 on the server calls what it gives: the model is never ready"],
    ),
    "a control of a boolean": ("onnx-control", starts("bool_false_true", "false, true", "BOOL"), []),
    "a control of another type than a boolean": (
        "onnx-control",
        starts("bool_false_true", "false, true", "INT32"),
        ["the control 's' is TYPE_INT32 in the model, not TYPE_BOOL"],
    ),
    "a control of an integer": ("onnx-control", starts("int32_false_true", "0, 1", "INT32"), []),
    "a control of another type than a float": (
        "onnx-control",
        starts("fp32_false_true", "0, 1", "INT32"),
        ["the control 's' is TYPE_INT32 in the model, not TYPE_FP32"],
    ),
    "dynamic batching of one request": (
        "dynamic-batching-without-batches",
        PYTHON + "max_batch_size: 1\ndynamic_batching { }",
        ["dynamic_batching has no effect with max_batch_size 1"],
    ),
    "dynamic batching of two requests": (
        "dynamic-batching-without-batches",
        PYTHON + "max_batch_size: 2\ndynamic_batching { }",
        [],
    ),
    "a batch of one of OpenVINO": (
        "openvino-dims",
        OV + "max_batch_size: 1\n" + X + Y + "-- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]",
        [],
    ),
    "a batch of one of ONNX": (
        "onnx-dims",
        ORT + "max_batch_size: 1\n" + X + Y + "-- 1/model.onnx x FP32 [1, 4] -> y FP32 [1, 4]",
        ["max_batch_size is 1, and the model has no dimension for the batch in 'x' [1, 4], 'y' [1, 4]"],
    ),
}


@pytest.mark.parametrize(("rule", "block", "wanted"), CASES.values(), ids=with_rules(CASES))
def test_each_side_of_what_a_rule_knows_decides(rule: str, block: str, wanted: list[str], tmp_path: Path) -> None:
    assert said(block, rule, tmp_path) == wanted
