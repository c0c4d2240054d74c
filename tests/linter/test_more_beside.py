"""More of what stands beside what is skipped: steps, states, controls, warm-ups and the versions of a model."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import lint_example
from short_examples import BOTH, CLASS, COMPLETES, ONNX, PYTHON, REQUESTS, Case, X, Y, said, with_rules

from triton_kit.repository.text_format.source import Span

TWO_STEPS = (
    'platform: "ensemble"\n' + X + Y + 'ensemble_scheduling { step [ { model_name: "a" model_version: -1'
    ' input_map { key: "x" value: "x" } output_map { key: "y" value: "z" } },'
    ' { model_name: "b" model_version: VERSION input_map { key: "x" value: "x" }'
    ' output_map { key: "y" value: "y" } } ] }\n'
)
STATE = (
    PYTHON + 'max_batch_size: 8\nsequence_batching { state { input_name: "i" output_name: "o" data_type: TYPE_STRING'
    ' dims: [ 1 ] initial_state { name: "a" data_type: TYPE_STRING dims: [ 1 ] data_file: "a.bin" } } }\n'
)

CASES: dict[str, Case] = {
    "a version without a file": (
        "onnx-unreadable",
        ONNX + "-- 1/\n-- 2/model.onnx\nno model",
        ["the model file 2/model.onnx is a text file, not an ONNX model"],
    ),
    "a version with an output that nobody wrote": (
        "onnx-data-type",
        ONNX + X + "-- 1/model.onnx x FP32 [4] -> z FP32 [4]\n-- 2/model.onnx x INT64 [4] -> z FP32 [4]",
        ["input 'x' is TYPE_INT64 in the model, not TYPE_FP32"],
    ),
    "a version with an output of any shape that nobody wrote": (
        "onnx-dims",
        ONNX + X + "-- 1/model.onnx x FP32 [4] -> z FP32 [4]\n-- 2/model.onnx x FP32 [5] -> z FP32 [4]",
        ["input 'x' is [5] in the model, not [4]"],
    ),
    "a version with a sequence in it": (
        "onnx-data-type",
        ONNX + X + Y + "-- 1/model.onnx x sequence -> y FP32 [4]\n-- 2/model.onnx x INT64 [4] -> y FP32 [4]",
        ["input 'x' is TYPE_INT64 in the model, not TYPE_FP32"],
    ),
    "a step whose model is refused": (
        "ensemble-shape-differs",
        TWO_STEPS.replace("VERSION", "-1") + '-- ../a/config.pbtxt\nbackend: "onnxruntime"\nmax_batch_size: -3\n'
        "-- ../a/1/model.onnx x FP32 [5] -> y FP32 [4]\n-- ../b x FP32 [5] -> y FP32 [4]",
        ["'x' is [4] as the ensemble's input and [5] as the input 'x' of 'b'"],
    ),
    "a step whose model cannot be read": (
        "step-version-not-loaded",
        TWO_STEPS.replace("VERSION", "7") + "-- ../a/config.pbtxt\nbackend: [\n-- ../a/1/f\n"
        "-- ../b x FP32 [4] -> y FP32 [4]",
        ["version 7 of 'b' is not loaded"],
    ),
    "a parameter that is no checksum": (
        "checksum-mismatch",
        PYTHON + 'model_repository_agents { agents [ { name: "checksum" parameters { key: "SHA:f" value: "0" }'
        ' parameters { key: "MD5:gone" value: "0" } } ] }',
        ["'SHA:f' is not a checksum", "the file 'gone' does not exist"],
    ),
    "a correlation id of no type": (
        "onnx-control",
        'backend: "onnxruntime"\nmax_batch_size: 8\n' + X + Y + "sequence_batching {"
        ' control_input { name: "i" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_FP32 } }'
        ' control_input { name: "s" control { int32_false_true: [ 0, 1 ] } } }\n'
        "-- 1/model.onnx x FP32 [-1, 4], i FP32 [-1, 1], s FP32 [-1, 1] -> y FP32 [-1, 4]",
        ["the control 's' is TYPE_FP32 in the model, not TYPE_INT32"],
    ),
    "one of two sizes of a warm-up": (
        "warmup-disagrees",
        PYTHON + X.replace("[ 4 ]", "[ 4, 5 ]") + Y + 'model_warmup { name: "w" batch_size: 1'
        ' inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4, 6 ] zero_data: true } } }\n'
        "-- 1/model.py\n" + CLASS + REQUESTS,
        ["may kill the server: the warm-up input 'x' has dims [4, 6], the input [4, 5]"],
    ),
    "an empty reshape of a product that wraps to 0": (
        "reshape-changes-size",
        "-- tk validate --release 25.12\n" + PYTHON + "max_batch_size: 8\n"
        'input { name: "w" data_type: TYPE_FP32 dims: [ 4294967296, 4294967296 ] reshape { shape: [ ] } }\n'
        + X.replace("}", "reshape { shape: [ 5 ] } }"),
        ["dims [4] and reshape [5] of 'x' hold different numbers of elements"],
    ),
    "one of two dims that is no integer": (
        "python-completion-unreadable",
        PYTHON + "-- 1/model.py\n" + COMPLETES.format(bases="", asked="x").replace("[4]", "[4, 1.5]"),
        ["the dims [4, 1.5] are not integers, and what auto_complete_config adds is dropped"],
    ),
    "dims that code may fill in": (
        "tensor-without-dims",
        PYTHON + X.replace("dims: [ 4 ]", "") + Y + "-- 1/model.py\n" + COMPLETES.format(bases="", asked="x"),
        [],
    ),
    "a state of strings": ("initial-state-file", STATE + "-- initial_state/a.bin\nabc", []),
    "an archive under its own name": (
        "archive-for-another-loader",
        '-- tk validate --release 26.03\nbackend: "pytorch"\n-- 1/model.pt2\n(an archive)',
        ["model.pt2 is handed to the loader of TorchScript"],
    ),
    "a second dimension of any size": (
        "batch-dimension-in-dims",
        PYTHON + "max_batch_size: 8\n" + X.replace("[ 4 ]", "[ -1, -1, 3 ]") + Y.replace("[ 4 ]", "[ -1, 10 ]"),
        [],
    ),
    "an output that is scattered": (
        "onnx-dims",
        'backend: "onnxruntime"\nmax_batch_size: 8\n'
        + X
        + Y.replace("[ 4 ]", "[ 5 ]")
        + 'batch_output { target_name: "y" kind: BATCH_SCATTER_WITH_INPUT_SHAPE source_input: "x" }\n'
        "-- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]",
        [],
    ),
    "a group of GPUs where there is none": (
        "tensorrt-without-gpu",
        '-- tk validate --gpus 0\nbackend: "tensorrt"\ninstance_group [ { kind: KIND_CPU }, { kind: KIND_AUTO } ]',
        ["a TensorRT model does not run on a machine without a GPU"],
    ),
    "groups that choose no GPU by themselves": (
        "tensorrt-without-gpu",
        '-- tk validate --gpus 0\nbackend: "tensorrt"\ninstance_group [ { kind: KIND_CPU }, { gpus: [ 0 ] } ]',
        [],
    ),
    "a batch of one": (
        "vllm-completion",
        'backend: "vllm"\nmax_batch_size: 1\n-- 1/model.json\n{"model": "facebook/opt-125m"}',
        ["max_batch_size is 1, and a vLLM model must have 0"],
    ),
    "two versions of PyTorch, of which the second fits": (
        "pytorch-output-order",
        'backend: "pytorch"\n'
        + BOTH
        + X.replace('"x"', '"INPUT__0"')
        + Y.replace('"y"', '"OUTPUT__1"')
        + "-- 1/model.pt forward(x: Tensor) -> Tensor\n-- 2/model.pt forward(x: Tensor) -> Tuple[Tensor, Tensor]",
        ["output 'OUTPUT__1' is position 1, and forward has 1 output, counted from 0"],
    ),
}


@pytest.mark.parametrize(("rule", "block", "wanted"), CASES.values(), ids=with_rules(CASES))
def test_what_is_beside_it_is_judged_by_itself(rule: str, block: str, wanted: list[str], tmp_path: Path) -> None:
    assert said(block, rule, tmp_path) == wanted


def test_a_raise_is_marked_to_its_last_line(tmp_path: Path) -> None:
    block = PYTHON + "-- 1/model.py\n" + CLASS + REQUESTS
    block += "    def initialize(self, args):\n        raise ValueError(\n            1\n        )\n"
    report = lint_example(block, tmp_path / "r")
    assert [d.span for d in report.diagnostics if d.rule == "python-initialize-fails"] == [
        Span(line=5, column=9, end_line=7, end_column=10)
    ]


def test_the_versions_that_are_listed_are_marked(tmp_path: Path) -> None:
    block = PYTHON + "version_policy { specific { versions: [ 7 ] } }\n-- 1/model.py\n" + CLASS + REQUESTS
    report = lint_example(block, tmp_path / "r")
    assert [d.span.line for d in report.diagnostics if d.rule == "policy-selects-no-version"] == [2]
