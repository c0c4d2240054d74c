"""A configuration with every default written out, as a server hands it out, is one like any other."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import lint_example

ALL = """-- tk validate --release 25.11
backend: "%s"
runtime: ""
version_policy { latest { num_versions: 1 } }
max_batch_size: 8
input {
  name: "x" data_type: TYPE_FP32 format: FORMAT_NONE dims: [ 4 ] is_shape_tensor: false allow_ragged_batch: false
  optional: false is_non_linear_format_io: false
}
output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] label_filename: "" is_shape_tensor: false }
batch_input [ ]
batch_output [ ]
optimization {
  graph { level: 0 } priority: PRIORITY_DEFAULT
  cuda { graphs: false busy_wait_events: false graph_spec [ ] output_copy_stream: false }
  execution_accelerators { gpu_execution_accelerator [ ] cpu_execution_accelerator [ ] }
  input_pinned_memory { enable: true } output_pinned_memory { enable: true }
  gather_kernel_buffer_threshold: 0 eager_batching: false
}
dynamic_batching {
  preferred_batch_size: [ ] max_queue_delay_microseconds: 0 preserve_ordering: false priority_levels: 0
  default_priority_level: 0 default_queue_policy { timeout_action: REJECT max_queue_size: 0 }
}
instance_group [ {
  name: "m" kind: KIND_CPU count: 1 gpus: [ ] secondary_devices [ ] profile: [ ] passive: false host_policy: ""
} ]
model_warmup [ ]
model_operations { op_library_filename: [ ] }
model_transaction_policy { decoupled: false }
response_cache { enable: false }
-- %s"""

FILES = {
    "python": "1/model.py\nclass TritonPythonModel:\n    def execute(self, requests):\n        return [1]",
    "onnxruntime": "1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]",
    "openvino": "1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]",
}


@pytest.mark.parametrize("backend", FILES)
def test_defaults_that_are_written_are_no_finding(backend: str, tmp_path: Path) -> None:
    found = lint_example(ALL % (backend, FILES[backend]), tmp_path / "r").diagnostics
    assert not [f"{d.rule}: {d.message}" for d in found]


@pytest.mark.parametrize(
    ("queue", "said"),
    [
        ("default_queue_policy { max_queue_size: 4 }", False), ("preserve_ordering: true", False),
        ("priority_levels: 2 default_priority_level: 1", False), ("max_queue_delay_microseconds: 100", True),
        ("default_queue_policy { max_queue_size: 0 } preserve_ordering: false", True),
    ],
    ids=["a queue size", "an order", "priorities", "a delay", "defaults"],
)  # fmt: skip
def test_a_queue_has_an_effect_without_batches(queue: str, said: bool, tmp_path: Path) -> None:
    found = lint_example(f"backend: 'python'\ndynamic_batching {{ {queue} }}", tmp_path / "r").diagnostics
    assert ("dynamic-batching-without-batches" in {d.rule for d in found}) is said


def test_what_an_unknown_backend_may_complete_is_a_question_with_completion_and_an_error_without(
    tmp_path: Path,
) -> None:
    text = 'backend: "mine"\ninput { name: "x" }\noutput { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }\n-- 1/a\nx'
    found = {d.rule: str(d.severity) for d in lint_example(text, tmp_path / "r").diagnostics}
    assert found == {"unknown-backend": "note", "tensor-without-type": "warning", "tensor-without-dims": "warning"}
    strict = f"-- tk validate --strict\n{text}"
    found = {d.rule: str(d.severity) for d in lint_example(strict, tmp_path / "s").diagnostics}
    assert found["tensor-without-type"] == "error"


def test_a_model_without_a_version_is_not_said_to_batch_nothing(tmp_path: Path) -> None:
    text = 'backend: "dali"\nmax_batch_size: 8\ninput { name: "x" dims: [ -1 ] allow_ragged_batch: true }'
    (tmp_path / "m").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "m" / "config.pbtxt").write_text(text)
    from triton_kit import lint

    (found,) = lint(tmp_path / "m").diagnostics
    assert found.rule == "no-version-directory"
    assert "1/.gitkeep" in (found.help or "")


@pytest.mark.parametrize(
    ("content", "help_"),
    [
        (b"tree\nversion=v3\n", 'write backend: "fil"'),
        (b"just a text\n", "model.bin is a text file, which no backend takes"),
        (b"PK\x03\x04............archive/data.pkl", "it holds saved weights"),
        (bytes(64), "model.bin is nothing but zero bytes"),
    ],
    ids=["a forest", "a text", "saved weights", "zeros"],
)
def test_the_remedy_for_a_file_of_another_name_looks_at_the_file(content: bytes, help_: str, tmp_path: Path) -> None:
    from triton_kit import lint

    (tmp_path / "m" / "1").mkdir(parents=True)
    (tmp_path / "m" / "config.pbtxt").write_text('default_model_filename: "model.bin"')
    (tmp_path / "m" / "1" / "model.bin").write_bytes(content)
    found = [d for d in lint(tmp_path / "m").diagnostics if d.rule == "unexpected-platform"]
    assert [d.help for d in found if (d.help or "").startswith(help_)], found
