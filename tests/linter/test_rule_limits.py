"""Rules at the edges of what they allow, where a page shows one case on each side."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import lint_example

from triton_kit.repository.text_format.source import Span


def found(example: str, root: Path, rule: str) -> list[str]:
    """What one rule says of the model of an example."""
    return [d.message for d in lint_example(example, root / "r").diagnostics if d.rule == rule]


def test_an_output_without_labels_does_not_hide_the_next_one(tmp_path: Path) -> None:
    example = """
    backend: "python"
    output { name: "scores" data_type: TYPE_FP32 dims: [ 2 ] }
    output { name: "class" data_type: TYPE_FP32 dims: [ 2 ] label_filename: "labels.txt" }
    """
    assert found(example, tmp_path, "label-file-missing") == [
        "the label file 'labels.txt' does not exist in the model's directory"
    ]


@pytest.mark.parametrize(
    ("largest", "batch", "tensors", "refused"),
    [
        (0, 0, True, False),
        (0, 1, True, True),
        (4, 0, True, True),
        (4, 1, True, False),
        (4, 4, True, False),
        (4, 5, True, True),
        (0, 1, False, False),
        (4, 5, False, True),
    ],
)
def test_a_cuda_graph_is_for_a_batch_that_the_model_takes_as_far_as_that_is_known(
    largest: int, batch: int, tensors: bool, refused: bool, tmp_path: Path
) -> None:
    example = f'backend: "tensorrt"\nmax_batch_size: {largest}\n'
    if tensors:
        example += 'input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }\n'
        example += 'output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }\n'
    example += f"""optimization {{ cuda {{ graphs: true graph_spec {{
      batch_size: {batch} input {{ key: "x" value {{ dim: [ 4 ] }} }}
    }} }} }}"""
    wanted = [f"a graph for a batch of {batch} where max_batch_size is {largest}"] if refused else []
    assert found(example, tmp_path, "graph-spec") == wanted


@pytest.mark.parametrize(("size", "refused"), [(2**63 - 1, False), (2**63, True)])
def test_elements_are_too_many_from_two_to_the_63_on(size: int, refused: bool, tmp_path: Path) -> None:
    half, rest = (2**62, 2) if size == 2**63 else (size, 1)
    example = f"""-- tk validate --release 26.03
    backend: "python"
    max_batch_size: 8
    input {{ name: "x" data_type: TYPE_FP32 dims: [ {half}, {rest} ] reshape {{ shape: [ {half}, {rest} ] }} }}
    """
    wanted = ["the sizes of 'x' multiply to over 64 bits"] * 2 if refused else []
    assert found(example, tmp_path, "element-count-overflow") == wanted


@pytest.mark.parametrize(
    ("backend", "kind", "refused"),
    [("onnxruntime", "KIND_GPU", True), ("onnxruntime", "KIND_CPU", False), ("tensorflow", "KIND_GPU", False)],
)
def test_an_accelerator_for_gpus_is_looked_at_where_an_onnx_model_may_be_on_one(
    backend: str, kind: str, refused: bool, tmp_path: Path
) -> None:
    example = f"""backend: "{backend}"
    instance_group [ {{ kind: {kind} }} ]
    optimization {{ execution_accelerators {{ gpu_execution_accelerator {{ name: "TensorRT" }} }} }}
    """
    wanted = ["'TensorRT' is not an accelerator that the onnxruntime backend has on GPUs"] if refused else []
    assert found(example, tmp_path, "unknown-gpu-accelerator") == wanted


def test_a_group_on_cpus_does_not_hide_the_gpu_of_the_next_one(tmp_path: Path) -> None:
    example = """-- tk validate --gpus 1
    instance_group [ { kind: KIND_CPU gpus: [ 1 ] }, { kind: KIND_GPU gpus: [ 0, 1 ] } ]
    """
    assert found(example, tmp_path, "no-such-gpu") == ["GPU 1 does not exist among 1 GPU"]


def test_what_a_python_model_adds_is_marked_from_its_first_line_to_its_last(tmp_path: Path) -> None:
    example = """backend: "python"
-- 1/model.py
class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        config.add_input(
            {"name": "x", "data_type": "TYPE_FP32"}
        )
        return config
    def execute(self, requests):
        return [None for _ in requests]
"""
    one = lint_example(example, tmp_path / "r").diagnostics[0]
    assert (one.rule, one.message) == ("python-completes-bad-tensor", "the input that is added has no 'dims'")
    assert one.span == Span(line=4, column=9, end_line=6, end_column=10)


@pytest.mark.parametrize(
    ("code", "column"),
    [("# coding: nope\npass", 1), ("x = '\0'", 1), ("x = )", 5)],
    ids=["unknown encoding", "null byte", "a bracket too many"],
)
def test_code_that_does_not_compile_is_marked_where_that_is_known_and_at_its_beginning_where_not(
    code: str, column: int, tmp_path: Path
) -> None:
    report = lint_example(f'backend: "python"\n-- 1/model.py\n{code}', tmp_path / "r")
    assert [(d.rule, d.span) for d in report.diagnostics] == [
        ("python-syntax", Span(line=1, column=column, end_line=1, end_column=column + 1))
    ]


def test_what_has_no_name_is_not_suggested(tmp_path: Path) -> None:
    example = """backend: "python"
    max_batch_size: 8
    input { data_type: TYPE_FP32 dims: [ 4 ] }
    batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_FP32 source_input: "x" }
    """
    report = lint_example(example, tmp_path / "r")
    assert [d.help for d in report.diagnostics if d.message == "'x' is not an input"] == [
        "there are none to choose from"
    ]
