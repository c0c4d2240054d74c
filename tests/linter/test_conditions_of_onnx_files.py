"""Each part of what a rule asks of an ONNX file counts: the cases in which one part alone decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import lint_example
from short_examples import ONNX, WARMUP, Case, X, Y, named, said, with_rules

STRICT = "-- tk validate --strict\n"
ORT = 'backend: "onnxruntime"\n'
OTHER = named(X, "q")
SEQUENCE = "max_batch_size: 8\nsequence_batching {{ {} }}\n"
START = 'control_input { name: "s" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } }'
STATE = 'state { input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ 4 ] }'
KERNELS = "x INT16 [4] -> " + ", ".join(f"y{i} INT16 [4]" for i in range(7))
KERNELS = "x INT16 [4] -> " + ", ".join(f"y{i} INT16 [4]" for i in range(7))
CASES: dict[str, Case] = {
    "no inputs of a model that needs one": (
        "onnx-input-count",
        (STRICT + ORT + Y + "-- 1/model.onnx x FP32 [4] -> y FP32 [4]"),
        ["the configuration has 0 inputs, the model 1: 'x'"],
    ),
    "an input of a model that needs none": (
        "onnx-input-count",
        (STRICT + ORT + named(X, "w") + Y + "-- 1/model.onnx w FP32 [4] = initializer -> y FP32 [4]"),
        ["the configuration has 1 input, the model 0: none"],
    ),
    "no inputs of a model that needs none, before a version that needs one": (
        "onnx-input-count",
        (
            STRICT + ONNX + Y + "-- 1/model.onnx w FP32 [4] = initializer -> y FP32 [4]\n"
            "-- 2/model.onnx x FP32 [4] -> y FP32 [4]"
        ),
        ["the configuration has 0 inputs, the model 1: 'x'"],
    ),
    "an unknown input beside a control": (
        "onnx-input-count",
        (ORT + SEQUENCE.format(START) + OTHER + Y + "-- 1/model.onnx s INT32 [-1, 1] -> y FP32 [-1, 4]"),
        ["the configuration has 1 input and 1 control, the model 1: 's'"],
    ),
    "an unknown input beside a state": (
        "onnx-input-count",
        (ORT + SEQUENCE.format(STATE) + OTHER + Y + "-- 1/model.onnx i FP32 [-1, 4] -> y FP32 [-1, 4], o FP32 [-1, 4]"),
        ["the configuration has 1 input and 1 state, the model 1: 'i'"],
    ),
    "an unknown input before a version that lacks more than that": (
        "onnx-input-count",
        (
            ONNX + OTHER + Y + "-- 1/model.onnx x FP32 [4] -> y FP32 [4]\n"
            "-- 2/model.onnx x FP32 [4], w FP32 [4], v FP32 [4] -> y FP32 [4]"
        ),
        ["the configuration has 1 input, the model 3: 'x', 'w', 'v'"],
    ),
    "lacking the batch dimension in one of two": (
        "onnx-dims",
        (
            ORT
            + X
            + named(X, "w", "[ 5 ]")
            + named(Y, "y", "[ -1, 4 ]")
            + "-- 1/model.onnx x FP32 [-1, 4], w FP32 [6] -> y FP32 [-1, 4]"
        ),
        ["input 'x' is [-1, 4] in the model, not [4]", "input 'w' is [6] in the model, not [5]"],
    ),
    "lacking the batch dimension in the other of two": (
        "onnx-dims",
        (
            ORT
            + named(X, "w", "[ 5 ]")
            + X
            + named(Y, "y", "[ -1, 4 ]")
            + "-- 1/model.onnx x FP32 [-1, 4], w FP32 [6] -> y FP32 [-1, 4]"
        ),
        ["input 'w' is [6] in the model, not [5]", "input 'x' is [-1, 4] in the model, not [4]"],
    ),
    "lacking a first dimension that is fixed": (
        "onnx-dims",
        (
            ORT
            + X
            + named(X, "w")
            + named(Y, "y", "[ 2, 4 ]")
            + "-- 1/model.onnx x FP32 [2, 4], w FP32 [2, 4] -> y FP32 [2, 4]"
        ),
        ["input 'x' is [2, 4] in the model, not [4]", "input 'w' is [2, 4] in the model, not [4]"],
    ),
    "lacking two dimensions": (
        "onnx-dims",
        (
            ORT
            + X
            + named(X, "w")
            + named(Y, "y", "[ -1, 3, 4 ]")
            + "-- 1/model.onnx x FP32 [-1, 3, 4], w FP32 [-1, 3, 4] -> y FP32 [-1, 3, 4]"
        ),
        ["input 'x' is [-1, 3, 4] in the model, not [4]", "input 'w' is [-1, 3, 4] in the model, not [4]"],
    ),
    "lacking the batch dimension in both": (
        "onnx-dims",
        (
            ORT
            + X
            + named(X, "w")
            + named(Y, "y", "[ -1, 4 ]")
            + "-- 1/model.onnx x FP32 [-1, 4], w FP32 [-1, 4] -> y FP32 [-1, 4]"
        ),
        [
            (
                "max_batch_size is not given, and dims leave out the batch dimension that the model has in 'x' [-1,"
                " 4], 'w' [-1, 4]"
            )
        ],
    ),
    "sizes that the file does not give in the second version": (
        "onnx-sizes-unknown",
        (
            ONNX + X + named(Y, "y", "[ -1 ]") + "-- 1/model.onnx x FP32 [4] -> y FP32 [-1]\n"
            "-- 2/model.onnx x FP32 [4] -> y FP32 [-1] opset 18 operator OptionalGetElement"
        ),
        ["output 'y' is [-1] by the model's file, and the server may know more of its sizes"],
    ),
    "a version without nodes before one without a kernel": (
        "onnx-no-kernel",
        (ONNX + "-- 1/model.onnx x INT16 [4] ->\n-- 2/model.onnx x INT16 [4] -> y INT16 [4] operator Max"),
        ["a node Max has no implementation in ONNX Runtime 1.19.2 for INT16 in opset 17"],
    ),
    "a version that is too new before one without a kernel": (
        "onnx-no-kernel",
        (
            ONNX + "-- 1/model.onnx x INT16 [4] -> y INT16 [4] opset 99\n"
            "-- 2/model.onnx x INT16 [4] -> y INT16 [4] operator Max"
        ),
        ["a node Max has no implementation in ONNX Runtime 1.19.2 for INT16 in opset 17"],
    ),
    "an older version with an opset that is too new": (
        "onnx-too-new",
        (
            ONNX + "-- 1/model.onnx x FP32 [4] -> y FP32 [4] opset 99 operator my:Op\n"
            "-- 2/model.onnx x FP32 [4] -> y FP32 [4]"
        ),
        ["the opset 99 is newer than ONNX Runtime of this release reads, 21"],
    ),
    "one unknown input of three where one is needed": (
        "onnx-input-count",
        (ORT + X + OTHER + named(X, "r") + Y + "-- 1/model.onnx x FP32 [4], w FP32 [4] -> y FP32 [4]"),
        [],
    ),
    "a size of 0 behind another": (
        "onnx-dims",
        (ORT + named(X, "x", "[ 4, 0 ]") + Y + "-- 1/model.onnx x FP32 [5, 5] -> y FP32 [5, 5]"),
        ["output 'y' is [5, 5] in the model, not [4]"],
    ),
    "no file in the first version": (
        "no-outputs",
        (STRICT + ONNX + X + "-- 1/\n-- 2/model.onnx x FP32 [4] -> y FP32 [4]"),
        ["the model has inputs and no outputs"],
    ),
    "no file in the last version, which completion asks": (
        "no-outputs",
        (ONNX + X + "-- 1/model.onnx x FP32 [4] -> y FP32 [4]\n-- 2/"),
        [],
    ),
    "a ragged input before one whose dims differ": (
        "onnx-dims",
        (
            ORT
            + "max_batch_size: 8\n"
            + named(X, "x", "[ -1 ]").replace("}", "allow_ragged_batch: true }")
            + named(X, "w", "[ 5 ]")
            + Y
            + "-- 1/model.onnx x FP32 [-1], w FP32 [-1, 4] -> y FP32 [-1, 4]"
        ),
        ["input 'w' is [-1, 4] in the model, so [4] behind the batch of max_batch_size 8, not [5]"],
    ),
    "a name of which none lacks before a version that lacks three": (
        "onnx-input-count",
        (
            ONNX + X + OTHER + Y + "-- 1/model.onnx x FP32 [4] -> y FP32 [4]\n"
            "-- 2/model.onnx x FP32 [4], w FP32 [4], v FP32 [4], u FP32 [4] -> y FP32 [4]"
        ),
        ["the configuration has 2 inputs, the model 4: 'x', 'w', 'v', 'u'"],
    ),
    "a node with a kernel before one without": (
        "onnx-no-kernel",
        (ONNX + "-- 1/model.onnx " + KERNELS + " operator Identity Max"),
        ["a node Max has no implementation in ONNX Runtime 1.19.2 for INT16 in opset 17"],
    ),
    "a correlation id with values": (
        "onnx-control",
        (
            ORT
            + SEQUENCE.format(START.replace("CONTROL_SEQUENCE_START", "CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64"))
            + X
            + Y
            + "-- 1/model.onnx x FP32 [-1, 4], s FP32 [-1, 1] -> y FP32 [-1, 4]"
        ),
        [],
    ),
    "an unknown input beside one that the model has": (
        "onnx-input-count",
        ORT + X + named(X, "w") + Y + "-- 1/model.onnx x FP32 [4] -> y FP32 [4]",
        [],
    ),
    "a control that the model lacks beside an unknown input": (
        "onnx-input-count",
        ORT + SEQUENCE.format(START) + X + named(X, "w") + Y + "-- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]",
        ["the configuration has 2 inputs and 1 control, the model 1: 'x'"],
    ),
    "weights elsewhere in the second version": (
        "onnx-external-data-elsewhere",
        ONNX + "-- weights.bin\n0123456789abcdef\n-- 1/model.onnx x FP32 [4] -> y FP32 [4]\n"
        "-- 2/model.onnx x FP32 [4] -> y FP32 [4] external ../weights.bin",
        ["the model has external data in '../weights.bin', which leads outside the model's directory"],
    ),
    "random values for an input that is not a shape": (
        "warmup-disagrees",
        ORT + X + Y + WARMUP.replace("zero_data", "random_data"),
        [],
    ),
}


@pytest.mark.parametrize(("rule", "block", "wanted"), CASES.values(), ids=with_rules(CASES))
def test_one_part_of_what_is_asked_of_an_onnx_file_decides(
    rule: str, block: str, wanted: list[str], tmp_path: Path
) -> None:
    assert said(block, rule, tmp_path) == wanted


@pytest.mark.parametrize(
    ("rule", "operators"),
    [
        ("onnx-invalid-graph", "Aa Bb Cc Dd Ee Ff Gg"),
        ("onnx-no-kernel", "Max Min Relu Clip Neg Trilu"),
        ("onnx-unknown-operator", " ".join(f"com.microsoft:{one}" for one in "ABCDEFG")),
    ],
)
def test_five_nodes_of_a_graph_are_named_and_no_more(rule: str, operators: str, tmp_path: Path) -> None:
    block = f"{ONNX}-- 1/model.onnx {KERNELS} operator {operators}"
    assert len(said(block, rule, tmp_path)) == 5


@pytest.mark.parametrize(
    ("real", "help_"),
    [
        ("[-1, 4]", "write max_batch_size, or the complete shape [-1, 4]"),
        ("[2, 4]", "write [2, 4]"),
        ("[1, 4]", "write [1, 4]"),
        ("[-1, 5]", "write [-1, 5]"),
        ("[-1, 4, 4]", "write [-1, 4, 4]"),
    ],
)
def test_a_batch_is_suggested_where_it_alone_is_missing(real: str, help_: str, tmp_path: Path) -> None:
    """Of onnx-dims."""
    block = f"{ORT}{X}{named(Y, 'y', real)}-- 1/model.onnx x FP32 {real} -> y FP32 {real}"
    found = [d for d in lint_example(block, tmp_path / "r").diagnostics if d.rule == "onnx-dims"]
    assert [d.help for d in found] == [help_]
