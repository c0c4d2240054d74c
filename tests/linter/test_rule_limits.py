"""Rules at the edges of what they allow, where a page shows one case on each side."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import lint_example

from triton_kit.linter.rules.platforms import shipped
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


def test_a_runtime_in_one_of_the_versions_is_there(tmp_path: Path) -> None:
    example = """backend: "onnxruntime"
    runtime: "libmine.so"
    version_policy { all { } }
-- 1/model.onnx x FP32 [4] -> y FP32 [4]
-- 2/model.onnx x FP32 [4] -> y FP32 [4]
-- 2/libmine.so
"""
    assert [d.message for d in lint_example(example, tmp_path / "there").diagnostics if "runtime" in d.message] == []
    gone = lint_example(example.replace("-- 2/libmine.so\n", ""), tmp_path / "gone").diagnostics
    assert "the backend 'onnxruntime' has no runtime 'libmine.so'" in [d.message for d in gone]


@pytest.mark.parametrize("backend", shipped())
def test_a_backend_of_an_official_image_is_known(backend: str, tmp_path: Path) -> None:
    assert found(f'backend: "{backend}"\n-- 1/model.onnx x FP32 [4] -> y FP32 [4]', tmp_path, "unknown-backend") == []


@pytest.mark.parametrize(
    ("states", "said"),
    [("s", ["'s' is not an input of the model"]), ("k", [])],
    ids=["of the older version", "of the newest version"],
)
def test_a_state_is_looked_up_in_the_newest_version(states: str, said: list[str], tmp_path: Path) -> None:
    example = f"""backend: "onnxruntime"
    max_batch_size: 8
    version_policy {{ all {{ }} }}
    sequence_batching {{ state {{ input_name: "{states}" output_name: "t" data_type: TYPE_FP32 dims: [ 2 ] }} }}
-- 1/model.onnx s FP32 [-1, 2] -> t FP32 [-1, 2]
-- 2/model.onnx k FP32 [-1, 2] -> t FP32 [-1, 2]
-- 3/model.onnx k FP32 [-1, 2] -> t FP32 [-1, 2]
"""
    report = lint_example(example, tmp_path / "r")
    assert [d.message for d in report.diagnostics if "is not an input of the model" in d.message] == said


def test_outputs_of_a_stream_and_of_a_plain_model_are_not_joined(tmp_path: Path) -> None:
    example = """platform: "ensemble"
    input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
    output { name: "a" data_type: TYPE_FP32 dims: [ 4 ] }
    output { name: "b" data_type: TYPE_FP32 dims: [ 4 ] }
    ensemble_scheduling { step {
      model_name: "d" input_map { key: "x" value: "in" }
      output_map { key: "y" value: "a" } output_map { key: "z" value: "b" }
    } }
-- ../d/config.pbtxt
model_transaction_policy { decoupled: true }
-- ../d/1/model.onnx x FP32 [4] -> y FP32 [4], z FP32 [4]
"""
    assert found(example, tmp_path, "decoupled-branches-meet") == []


@pytest.mark.parametrize("order", [("gone", "in"), ("in", "gone")], ids=["first", "last"])
def test_what_an_output_waits_for_is_named_wherever_it_is_among_the_inputs(
    order: tuple[str, str], tmp_path: Path
) -> None:
    read = " ".join(f'input_map {{ key: "{key}" value: "{name}" }}' for key, name in zip("xw", order, strict=True))
    example = f"""platform: "ensemble"
    input {{ name: "in" data_type: TYPE_FP32 dims: [ 4 ] }}
    output {{ name: "out" data_type: TYPE_FP32 dims: [ 4 ] }}
    ensemble_scheduling {{ step {{ model_name: "a" {read} output_map {{ key: "y" value: "out" }} }} }}
-- ../a x FP32 [4], w FP32 [4] -> y FP32 [4]
"""
    report = lint_example(example, tmp_path / "r")
    assert [d.message for d in report.diagnostics if "gone" in d.message] == [
        "'gone' is read by step 0, and nothing gives it, so that output 'out' is never there"
    ]


def test_a_control_of_a_sequence_model_without_a_position_is_marked_where_it_is_written(tmp_path: Path) -> None:
    example = """backend: "pytorch"
max_batch_size: 4
input { name: "INPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "OUTPUT__0" data_type: TYPE_FP32 dims: [ 4 ] }
sequence_batching {
  control_input { name: "start" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } }
}
-- 1/model.pt forward(a: Tensor, b: Tensor) -> Tensor
"""
    report = lint_example(example, tmp_path / "r")
    assert [d.span.line for d in report.diagnostics if d.rule == "pytorch-sequence-names"] == [6]


def test_a_saved_model_takes_batches_only_where_all_of_its_tensors_do(tmp_path: Path) -> None:
    example = """-- tk validate --release 24.10
platform: "tensorflow_savedmodel"
    input { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] }
    output { name: "z" data_type: TYPE_FP32 dims: [ 2 ] }
-- 1/model.savedmodel x FP32 [-1, 4] -> z FP32 [3, 2]
"""
    assert found(example, tmp_path, "tensorflow-dims") == ["output 'z' is [2], and the model has [3, 2]"]


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        (
            "net.tensorflow",
            "",
            "the backend 'tensorflow' is taken from the model's name, and then no platform is filled in",
        ),
        ("net", 'backend: "tensorflow"', "the backend 'tensorflow' needs a platform with a file name of its own"),
    ],
    ids=["by the model's name", "written"],
)
def test_a_platform_is_asked_for_where_the_backend_does_not_tell_it(
    name: str, written: str, said: str, tmp_path: Path
) -> None:
    example = f"""backend: "python"
-- ../{name}/config.pbtxt
{written}
-- ../{name}/1/f
"""
    assert found(example, tmp_path, "platform-of-another-backend") == [said]


def test_a_warmup_is_compared_behind_an_optional_input_that_it_leaves_out(tmp_path: Path) -> None:
    example = """backend: "python"
    input { name: "maybe" data_type: TYPE_FP32 dims: [ 4 ] optional: true }
    input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
    output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
    model_warmup {
      name: "w" batch_size: 1
      inputs { key: "x" value { data_type: TYPE_INT32 dims: [ 4 ] zero_data: true } }
    }
-- 1/model.py
class TritonPythonModel:
    def execute(self, requests):
        return answers(requests)
"""
    assert found(example, tmp_path, "warmup-disagrees") == [
        "may kill the server: the warm-up input 'x' is TYPE_INT32, the input TYPE_FP32"
    ]
