"""Each part of what the rules about operators of ONNX ask counts: the cases in which one part alone decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from short_examples import Case, said, with_rules

ORT = 'backend: "onnxruntime"\n'
CPU = ORT + "instance_group [ { kind: KIND_CPU } ]\n"
GPU = ORT + "instance_group [ { kind: KIND_GPU } ]\n"
LIBRARY = 'model_operations { op_library_filename: "a.so" }\n'
ACCELERATOR = 'optimization { execution_accelerators { cpu_execution_accelerator { name: "openvino" } } }\n'
LACKS = "a node {} has no implementation in ONNX Runtime 1.19.2 for DOUBLE in opset 17"
STRANGE = "a node {} is of the domain 'my', which ONNX Runtime 1.19.2 does not have"
FAULT = "the graph is invalid: a node {} has an operator that does not exist"


def doubles(operators: str) -> str:
    """A model of one output for each operator."""
    made = ", ".join(f"y{i} FP64 [4]" for i, _ in enumerate(operators.split()))
    return f"-- 1/model.onnx x FP64 [4] -> {made} operator {operators}"


CASES: dict[str, Case] = {
    "an operator for a GPU": ("onnx-no-kernel", GPU + doubles("Cos"), []),
    "an operator for a GPU on a CPU": ("onnx-no-kernel", CPU + doubles("Cos"), [LACKS.format("Cos")]),
    "an operator for a GPU on whatever there is": (
        "onnx-no-kernel",
        ORT + doubles("Cos"),
        [LACKS.format("Cos") + ", if an instance runs on a CPU"],
    ),
    "an operator behind one that there is": ("onnx-no-kernel", CPU + doubles("Relu Cos"), [LACKS.format("Cos")]),
    "an operator in a library": ("onnx-no-kernel", CPU + LIBRARY + doubles("Cos"), []),
    "an operator for an accelerator": ("onnx-no-kernel", CPU + ACCELERATOR + doubles("Cos"), []),
    "an operator that its domain lacks": (
        "onnx-unknown-operator",
        doubles("com.microsoft:Nope"),
        ["a node Nope is not an operator of com.microsoft in ONNX Runtime 1.19.2"],
    ),
    "an unknown operator in a library": ("onnx-unknown-operator", ORT + LIBRARY + doubles("my:Op"), []),
    "more operators than are reported": (
        "onnx-no-kernel",
        CPU + doubles("Cos Tan Acos Asin Atan Erf"),
        [LACKS.format(name) for name in ("Cos", "Tan", "Acos", "Asin", "Atan")],
    ),
    "more unknown operators than are reported": (
        "onnx-unknown-operator",
        doubles("my:A my:B my:C my:D my:E my:F"),
        [STRANGE.format(name) for name in "ABCDE"],
    ),
    "more faults than are reported": (
        "onnx-invalid-graph",
        doubles("A B C D E F"),
        [FAULT.format(name) for name in "ABCDE"],
    ),
}


@pytest.mark.parametrize(("rule", "block", "wanted"), CASES.values(), ids=with_rules(CASES))
def test_one_part_of_what_is_asked_of_operators_decides(
    rule: str, block: str, wanted: list[str], tmp_path: Path
) -> None:
    assert said(block, rule, tmp_path) == wanted
