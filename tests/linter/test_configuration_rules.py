"""Rules whose verdict hangs on the server's machine or release, in the cases that their pages do not show."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import lint_example

from triton_kit.linter.diagnostic import Severity

TENSORS = """
input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
"""
TENSORRT = 'backend: "tensorrt"\n' + TENSORS
OPENVINO = 'backend: "openvino"\n' + TENSORS


def said(example: str, root: Path) -> list[str]:
    """The findings about the model of an example, each as its severity and message."""
    return [f"{d.severity}: {d.message}" for d in lint_example(example, root / "r").diagnostics]


def test_a_frozen_graph_without_a_configuration_is_refused(tmp_path: Path) -> None:
    assert said("-- no config.pbtxt\n-- 1/model.graphdef\nx", tmp_path)[0] == (
        "error: config.pbtxt is missing, and a frozen TensorFlow graph does not describe its inputs and outputs"
    )


@pytest.mark.parametrize(
    ("path", "release", "refused"),
    [
        ("/opt/batchstrategy.so", "26.06", True),
        ("batchstrategy.so", "26.06", True),
        ("/models/m/../batchstrategy.so", "26.06", True),
        ("/models/m/batchstrategy.so", "26.06", False),
        ("batchstrategy.so", "26.05", False),
    ],
)
def test_a_batching_strategy_stays_in_the_model_from_26_06_on(
    path: str, release: str, refused: bool, tmp_path: Path
) -> None:
    example = f'backend: "python"\nmax_batch_size: 8\ndynamic_batching {{ }}\n{TENSORS}'
    example += f'parameters {{ key: "TRITON_BATCH_STRATEGY_PATH" value {{ string_value: "{path}" }} }}'
    found = said(f"-- tk validate --release {release}\n{example}", tmp_path)
    assert any("lies outside the model's directory" in line for line in found) is refused


@pytest.mark.parametrize(
    ("options", "group", "expected"),
    [
        ("--gpus 0", "", ["error: a TensorRT model does not run on a machine without a GPU"]),
        (
            "--gpus 0",
            "instance_group { count: 2 }",
            ["error: a TensorRT model does not run on a machine without a GPU"],
        ),
        ("--gpus 1", "instance_group { count: 2 }", []),
        ("", "instance_group { count: 2 }", []),
        (
            "--gpus 1 --release 24.10",
            "instance_group { kind: KIND_MODEL }",
            ["error: the backend 'tensorrt' does not run on KIND_MODEL"],
        ),
        ("--gpus 2 --release 26.06", "instance_group { kind: KIND_MODEL }", []),
    ],
)
def test_tensorrt_without_a_kind_wants_a_gpu(options: str, group: str, expected: list[str], tmp_path: Path) -> None:
    assert said(f"-- tk validate {options}\n{TENSORRT}{group}\n-- 1/model.plan engine", tmp_path) == expected


@pytest.mark.parametrize(
    ("options", "group", "expected"),
    [
        ("--gpus 0", "instance_group { count: 2 }", None),
        ("--gpus 1", "instance_group { count: 2 }", Severity.ERROR),
        ("", "instance_group { count: 2 }", Severity.WARNING),
        ("--gpus 1", "instance_group { kind: KIND_CPU }", None),
        ("--gpus 1", "", None),
    ],
)
def test_openvino_without_a_kind_wants_a_machine_without_gpus(
    options: str, group: str, expected: Severity | None, tmp_path: Path
) -> None:
    report = lint_example(f"-- tk validate {options}\n{OPENVINO}{group}", tmp_path / "r")
    found = [d.severity for d in report.diagnostics if d.rule == "kind-unsupported-by-backend"]
    assert found == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"multi_device_gpus": "0,1"}, None),
        ({"multi_device_gpus": "0"}, "names 1 GPU, and at least 2 are needed"),
        ({}, "names 0 GPUs, and at least 2 are needed"),
        ({"multi_device_gpus": "0,0"}, "'0' in multi_device_gpus is given twice"),
        ({"multi_device_gpus": "0,gpu1"}, "'gpu1' in multi_device_gpus is not the number of a GPU"),
        ({"multi_device_gpus": "0,7"}, "GPU 7 in multi_device_gpus does not exist"),
        ({"multi_device_gpus": "0,1", "multi_device_per_rank_engines": "true"}, "1/ holds no model.plan.rank1"),
    ],
)
def test_several_gpus_at_a_time_are_named_each_once(
    parameters: dict[str, str], expected: str | None, tmp_path: Path
) -> None:
    written = {"enable_multi_device": "true", **parameters}
    text = "\n".join(f'parameters {{ key: "{k}" value {{ string_value: "{v}" }} }}' for k, v in written.items())
    engines = "\n-- 1/model.plan engine\n-- 1/model.plan.rank0\nptrt"
    group = "instance_group { kind: KIND_MODEL }\n"
    found = said(f"-- tk validate --release 26.06 --gpus 4\n{TENSORRT}{group}{text}{engines}", tmp_path)
    assert [line for line in found if "error" in line and (expected is None or expected not in line)] == []
    assert bool(found) is (expected is not None)


@pytest.mark.parametrize(
    ("release", "opset", "refused"),
    [
        ("23.02", 18, True),
        ("23.03", 18, False),
        ("24.10", 22, True),
        ("25.03", 22, False),
        ("26.10", 26, False),
        ("26.10", 27, True),
    ],
)
def test_an_opset_is_held_against_the_onnx_runtime_of_the_release(
    release: str, opset: int, refused: bool, tmp_path: Path
) -> None:
    model = f"-- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4] opset {opset}"
    found = said(f"-- tk validate --release {release}\n{model}", tmp_path)
    assert any("is newer than ONNX Runtime of this release reads" in line for line in found) is refused
