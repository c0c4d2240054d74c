"""Each part of what a rule asks counts: the cases in which one part alone decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from short_examples import CLASS, COMPLETES, PYTHON, REQUESTS, WARMUP, Case, X, Y, named, said, step, with_rules

LARGE = (
    "-- tk validate --release 26.03\n" + PYTHON + "max_batch_size: 8\n"
    'input {{ name: "x" data_type: TYPE_FP32 dims: {0} reshape {{ shape: {0} }} }}\n'
)
STRINGS = (
    'input {{ name: "s" data_type: TYPE_STRING dims: [ {0} ] }}\nmodel_warmup {{ name: "w" batch_size: 1'
    ' inputs {{ key: "s" value {{ data_type: TYPE_STRING dims: [ {0} ] input_data_file: "f" }} }} }}\n'
)
INITIAL = (
    PYTHON + 'max_batch_size: 8\nsequence_batching {{ state {{ input_name: "i" output_name: "o" data_type: TYPE_FP32'
    ' dims: [ {} ] initial_state {{ name: "a" data_type: TYPE_FP32 dims: [ {} ] zero_data: true }} }} }}\n'
)


def steps(*each: str) -> str:
    return f'platform: "ensemble"\n{X}{Y}ensemble_scheduling {{ step [ {", ".join(each)} ] }}\n'


CASES: dict[str, Case] = {
    "a refused model behind one that loads": (
        "step-model-refused",
        (
            steps(step("a", {"x": "x"}, {"y": "m"}), step("b", {"x": "m"}, {"y": "y"}))
            + "-- ../a x FP32 [4] -> y FP32 [4]\n"
            "-- ../b/config.pbtxt\nmax_batch_size: -3\n"
            "-- ../b/1/model.onnx x FP32 [4] -> y FP32 [4]"
        ),
        ["'b' will not load, and the ensemble with it"],
    ),
    "a model of two repositories before one of none": (
        "step-model-missing",
        (
            steps(step("c", {"x": "x"}, {"y": "m"}), step("b", {"x": "m"}, {"y": "y"}))
            + "-- ../../second/c x FP32 [4] -> y FP32 [4]\n-- ../../third/c x FP32 [4] -> y FP32 [4]"
        ),
        ["2 repositories have a model 'c', and none is chosen", "the repository has no model 'b'"],
    ),
    "a step whose tensors are not known before one whose are": (
        "step-maps-unknown-tensor",
        (
            steps(step("a", {"q": "x"}, {"r": "m"}), step("b", {"q": "m"}, {"y": "y"}))
            + '-- ../a/config.pbtxt\nbackend: "python"\n-- ../a/1/model.py\n'
            + COMPLETES.format(bases="", asked="x").replace(
                '{"name": "more", "data_type": "TYPE_FP32", "dims": [4]}', "more()"
            )
            + "-- ../b x FP32 [4] -> y FP32 [4]"
        ),
        ["'q' is not an input of 'b'"],
    ),
    "sizes behind one of any size": (
        "element-count-overflow",
        (LARGE.format("[ -1, 4294967296, 4294967296 ]")),
        [],
    ),
    "sizes before one of any size": (
        "element-count-overflow",
        (LARGE.format("[ 4294967296, 4294967296, -1 ]")),
        ["the sizes of 'x' multiply to over 64 bits", "the sizes of 'x' multiply to over 64 bits"],
    ),
    "a file of two strings": (
        "warmup-strings",
        (PYTHON + STRINGS.format(2) + "-- warmup/f\n\2\0\0\0ab\1\0\0\0"),
        [],
    ),
    "a file of one string for two": (
        "warmup-strings",
        (PYTHON + STRINGS.format(2) + "-- warmup/f\n\5\0\0\0abcd"),
        ["may kill the server: warmup/f holds 1 string, where 's' needs 2"],
    ),
    "a file that ends in the length of a string": (
        "warmup-strings",
        (PYTHON + STRINGS.format(1) + "-- warmup/f\n\1\0\0\0a\0\0"),
        ["may kill the server: warmup/f does not hold strings with their lengths, where 's' needs 1"],
    ),
    "numbers before a file of strings": (
        "warmup-strings",
        (PYTHON + X + WARMUP.replace('"w"', '"v"') + STRINGS.format(1) + "-- warmup/f\nabc"),
        ["may kill the server: warmup/f does not hold strings with their lengths, where 's' needs 1"],
    ),
    "a placeholder in a parameter that has a default": (
        "unfilled-placeholder",
        ('backend: "tensorrtllm"\nparameters { key: "x" value { string_value: "${x}" } }'),
        ["'${x}' is a placeholder that was not filled in; the backend takes the default"],
    ),
    "one passive group of two": (
        "warmup-disagrees",
        (PYTHON + X + "instance_group [ { passive: true }, { count: 1 } ]\n" + WARMUP.replace("FP32", "INT32")),
        ["may kill the server: the warm-up input 'x' is TYPE_INT32, the input TYPE_FP32"],
    ),
    "a size of a sample where the input takes any": (
        "warmup-disagrees",
        (PYTHON + named(X, "x", "[ -1 ]") + WARMUP),
        [],
    ),
    "an unknown input of a step beside one that is missing": (
        "step-input-not-mapped",
        (steps(step("a", {"q": "x", "x": "x"}, {"y": "y"})) + "-- ../a x FP32 [4], w FP32 [4] -> y FP32 [4]"),
        [],
    ),
    "a configuration that cannot be opened before a version that is not there": (
        "step-version-not-loaded",
        (
            steps(
                step("a", {"x": "x"}, {"y": "m"}).replace("-1", "7"),
                step("b", {"x": "m"}, {"y": "y"}).replace("-1", "7"),
            )
            + "-- ../a/config.pbtxt fifo\n-- ../a/1/f\n-- ../b x FP32 [4] -> y FP32 [4]"
        ),
        ["version 7 of 'b' is not loaded"],
    ),
    "a configuration that cannot be opened before a shape that differs": (
        "ensemble-shape-differs",
        (
            steps(step("a", {"x": "x"}, {"y": "m"}), step("b", {"x": "x"}, {"y": "y"}))
            + "-- ../a/config.pbtxt fifo\n-- ../a/1/f\n-- ../b x FP32 [4] -> y FP32 [5]"
        ),
        ["'y' is [4] as the ensemble's output and [5] as the output 'y' of 'b'"],
    ),
    "a state that is whole in one of two sizes": (
        "initial-state-disagrees",
        (INITIAL.format("-1, 2", "3, 3")),
        ["the initial state of 'i' has dims [3, 3] where the state has [-1, 2]"],
    ),
    "a state that is of one variable size": (
        "initial-state-disagrees",
        (INITIAL.format("-1, 2", "3, 2")),
        [],
    ),
    "an initial state that is not a size": (
        "initial-state-disagrees",
        (INITIAL.format("-1", "-1")),
        ["the initial state of 'i' has dims [-1] where the state has [-1]"],
    ),
    "an initial state of another rank": (
        "initial-state-disagrees",
        (INITIAL.format("2", "2, 2")),
        ["the initial state of 'i' has dims [2, 2] where the state has [2]"],
    ),
    "a batch of one size before shapes that differ": (
        "ensemble-shape-differs",
        (
            "max_batch_size: 4\n"
            + steps(step("a", {"x": "x"}, {"y": "y"}))
            + '-- ../a/config.pbtxt\nbackend: "onnxruntime"\nmax_batch_size: 8\n'
            + named(X, "x", "[ 5 ]")
            + Y
            + "-- ../a/1/model.onnx x FP32 [-1, 5] -> y FP32 [-1, 4]"
        ),
        ["'x' is [4] as the ensemble's input and [5] as the input 'x' of 'a' ([-1, 4] and [-1, 5] with the batch)"],
    ),
    "a batch that the ensemble writes into dims": (
        "ensemble-shape-differs",
        (
            steps(step("a", {"x": "x"}, {"y": "y"})).replace("dims: [ 4 ]", "dims: [ -1, 4 ]")
            + '-- ../a/config.pbtxt\nbackend: "onnxruntime"\nmax_batch_size: 8\n'
            + X
            + Y
            + "-- ../a/1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]"
        ),
        [],
    ),
    "a state of one variable dimension whose file is too small": (
        "initial-state-file",
        (INITIAL.format("-1, 2", "-1, 2").replace("zero_data: true", 'data_file: "f"') + "-- initial_state/f\nabc"),
        [],
    ),
    "a state of two variable dimensions and its file": (
        "initial-state-file",
        (
            INITIAL.format("-1, -1, 2", "-1, -1, 2").replace("zero_data: true", 'data_file: "f"')
            + "-- initial_state/f\nabc"
        ),
        [],
    ),
    "a file that is gone before one of strings": (
        "warmup-strings",
        (
            PYTHON
            + STRINGS.format(1).replace('"s"', '"r"').replace('"f"', '"g"').replace('"w"', '"v"')
            + STRINGS.format(1)
            + "-- warmup/f\nabc"
        ),
        ["may kill the server: warmup/f does not hold strings with their lengths, where 's' needs 1"],
    ),
    "a version that is loaded, by its number": (
        "step-version-not-loaded",
        (steps(step("a", {"x": "x"}, {"y": "y"}).replace("-1", "1")) + "-- ../a x FP32 [4] -> y FP32 [4]"),
        [],
    ),
    "a model without a version before one that is not loaded": (
        "step-version-not-loaded",
        (
            steps(
                step("a", {"x": "x"}, {"y": "m"}).replace("-1", "7"),
                step("b", {"x": "m"}, {"y": "y"}).replace("-1", "7"),
            )
            + '-- ../a/config.pbtxt\nbackend: "python"\n-- ../b x FP32 [4] -> y FP32 [4]'
        ),
        ["version 7 of 'b' is not loaded"],
    ),
    "a number with a zero at its end": (
        "number-in-another-base",
        ("max_batch_size: 10\n" + PYTHON),
        [],
    ),
    "zeros alone": (
        "number-in-another-base",
        ("max_batch_size: 000\n" + PYTHON),
        [],
    ),
    "one zero": (
        "number-in-another-base",
        ("max_batch_size: 0\n" + PYTHON),
        [],
    ),
    "a directory that begins with v": (
        "ignored-version-directory",
        (PYTHON + "-- 1/model.py\n" + CLASS + REQUESTS + "-- v2/f\n-- v2x/f\n-- x2/f\n-- 03/f"),
        ["'03', 'v2' are ignored: not a plain number"],
    ),
}


@pytest.mark.parametrize(("rule", "block", "wanted"), CASES.values(), ids=with_rules(CASES))
def test_one_part_alone_decides(rule: str, block: str, wanted: list[str], tmp_path: Path) -> None:
    assert said(block, rule, tmp_path) == wanted
