"""What a Triton server takes although it looks wrong: nothing is reported. Each case is named after its fact."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import lint_example

PYTHON = 'backend: "python"\n'
TENSORS = """
input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
"""
STEP = """step {
    model_name: "a" model_version: -1
    input_map { key: "x" value: "x" } output_map { key: "y" value: "y" }
  }"""
ENSEMBLE = f'platform: "ensemble"\n{TENSORS}ensemble_scheduling {{\n  {STEP}\n}}\n'
COMPOSED = "\n-- ../a x FP32 [4] -> y FP32 [4]"
BATCHING = "\n-- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]"
PLAIN = "\n-- 1/model.onnx x FP32 [4] -> y FP32 [4]"
START = """control_input {
    name: "s" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] }
  }"""

ACCEPTED = {
    "repo-root-files-ignored": "-- ../config.pbtxt\nthis is { no configuration\n-- ../README.md\nwords",
    "repo-namespacing-duplicates-ok": "-- tk validate --namespacing\nmax_batch_size: 0\n"
    "-- ../../second/m x FP32 [4] -> y FP32 [4]" + PLAIN,
    "cfg-custom-config-selection": "-- tk validate --config-name h100\nmax_batch_size: -1\n"
    "-- configs/h100.pbtxt\nmax_batch_size: 4" + BATCHING,
    "ens-explicit-mode-deps": "-- tk validate --model-control explicit --load-model m\n" + ENSEMBLE + COMPOSED,
    "repo-subdirs-of-model": "-- warmup/\n-- initial_state/\n-- configs/\n-- assets/\n-- old_2/" + BATCHING,
    "repo-hidden-files": PYTHON + "-- .DS_Store\nx\n-- 1/.keep\nx\n-- 1/model.py\n"
    "class TritonPythonModel:\n    def execute(self, requests): ...",
    "cfg-missing-autocomplete": "-- no config.pbtxt" + BATCHING,
    "cfg-empty-file-ok": "# nothing but a comment" + BATCHING,
    "parse-float": PYTHON
    + "max_batch_size: 4\nsequence_batching { direct { minimum_slot_utilization: .5 }\n"
    + 'control_input { name: "s" control { fp32_false_true: [ 0, 1e0 ] } }'
    + 'control_input { name: "e" control { kind: CONTROL_SEQUENCE_END fp32_false_true: [ -1., 1f ] } } }',
    "parse-separators": PYTHON + "max_batch_size: 4,\ninput { name: 'x'; data_type: TYPE_FP32, dims: [ 4 ], },"
    "output [ { name: 'y' data_type: TYPE_FP32 dims: 4; } ];",
    "parse-list-forms": PYTHON
    + "max_batch_size: 4 dynamic_batching { preferred_batch_size: 2 preferred_batch_size: [ 3, 4 ] }"
    + "input: [ { name: 'x' data_type: TYPE_FP32 dims: [ 2 ] dims: 2 } ] "
    + "input { name: 'z' data_type: TYPE_FP32 dims: 1 } "
    + "output [] parameters []",
    "parse-message-delimiters": PYTHON + "max_batch_size: 4\r\n\tdynamic_batching: <\r\n>\noutput < name: 'y'\n"
    "data_type: TYPE_FP32 dims: 4 >",
    "backend-default-filename-with-dir": 'default_model_filename: "net/small.onnx"\nbackend: "onnxruntime"\n'
    'platform: "onnxruntime_onnx"\n-- 1/net/small.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]',
    "max-batch-size-semantics": "max_batch_size: 0" + TENSORS + PLAIN,
    "config-unknown-parameters": 'parameters { key: "anything" value { string_value: "at all" } }' + BATCHING,
    "version-zero-valid": "-- 0/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]",
    "version-policy-default": "version_policy { }\n-- 2/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]" + BATCHING,
    "version-policy-latest": "version_policy { latest { num_versions: 7 } }" + BATCHING,
    "reshape-batching-rule": PYTHON
    + "max_batch_size: 8\ninput { name: 'x' data_type: TYPE_FP32 dims: [ 1 ] reshape { shape: [ ] } }"
    + "output { name: 'y' data_type: TYPE_FP32 dims: [ 2, 6 ] reshape { shape: [ 12 ] } }",
    "optional-default": ENSEMBLE
    + '-- ../a/config.pbtxt\nbackend: "onnxruntime"'
    + TENSORS
    + 'input { name: "w" data_type: TYPE_FP32 dims: [ 4 ] optional: true }\n'
    + "-- ../a/1/model.onnx x FP32 [4], w FP32 [4] = initializer -> y FP32 [4]",
    "label-content": PYTHON
    + "output { name: 'y' data_type: TYPE_FP32 dims: [ 10 ] label_filename: 'labels.txt' }\n-- labels.txt\ncat\n\ndog",
    "dyn-preferred-default": PYTHON + "max_batch_size: 8 dynamic_batching { }",
    "dyn-queue-size-default": PYTHON
    + "max_batch_size: 8 dynamic_batching { default_queue_policy { max_queue_size: 0 } }",
    "seq-oldest-preferred-default": PYTHON
    + "max_batch_size: 8 sequence_batching { oldest { max_candidate_sequences: 4 } }",
    "seq-idle-default": PYTHON + "max_batch_size: 8 sequence_batching { max_sequence_idle_microseconds: 0 direct { } }",
    "seq-strategy-absent": PYTHON + "max_batch_size: 8 sequence_batching { " + START + " }",
    "seq-iterative": PYTHON + "max_batch_size: 8 sequence_batching { iterative_sequence: true }",
    "response-cache-ensemble": ENSEMBLE + "response_cache { enable: true }" + COMPOSED,
    "busy-scheduling-default": PYTHON + "max_batch_size: 8",
    "inst-default-group": PYTHON + "instance_group [ ]",
    "inst-default-name": "instance_group [ { name: 'a b;c' }, { name: 'a b;c' } ]" + BATCHING,
    "inst-default-count": PYTHON + "instance_group { count: 0 kind: KIND_CPU }",
    "inst-kind-auto": "-- tk validate --gpus 0\n" + PYTHON + "instance_group { kind: KIND_AUTO }",
    "inst-gpu-default-ids": PYTHON + "instance_group { kind: KIND_GPU count: 2 }",
    "inst-passive": PYTHON + "instance_group [ { passive: true }, { count: 1 } ]",
    "rate-limiter-ignored": "-- tk validate --rate-limit off\n"
    + PYTHON
    + "instance_group { rate_limiter { resources [ { name: 'R' global: true count: 9 }, { name: 'R' count: 2 } ] } }",
    "rate-limiter-priority": PYTHON + "instance_group { rate_limiter { priority: 0 } }",
    "opt-pinned-default": PYTHON + "optimization { input_pinned_memory { enable: false } }",
    "opt-core-no-check": "optimization { }" + BATCHING,
    "opt-eager-batching": 'platform: "tensorrt_plan"\n'
    "optimization { eager_batching: true gather_kernel_buffer_threshold: 9 }",
    "warmup-controls": PYTHON
    + "max_batch_size: 4\nsequence_batching { "
    + START
    + " }"
    + TENSORS
    + "model_warmup { name: 'w' batch_size: 1\n"
    + "inputs { key: 'x' value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } }\n"
    + "inputs { key: 's' value { data_type: TYPE_INT32 dims: [ 1 ] zero_data: true } } }",
    "warmup-count": PYTHON + "model_warmup { name: 'w' batch_size: 1 count: 0 }",
    "warmup-name": PYTHON + "model_warmup { batch_size: 1 }\nmodel_warmup { batch_size: 1 }",
    "ens-max-inflight": "-- tk validate --release 25.11\n"
    + ENSEMBLE.replace("scheduling {", "scheduling { max_inflight_requests: 4")
    + COMPOSED,
    "ens-string-classification": ENSEMBLE.replace('"y" data_type', '"y" label_filename: "l.txt" data_type')
    + "-- l.txt\ncat"
    + COMPOSED,
    "ens-embedded": ENSEMBLE
    + "-- ../a/config.pbtxt\n"
    + ENSEMBLE.replace('model_name: "a"', 'model_name: "b"')
    + "-- ../a/1/\n-- ../b x FP32 [4] -> y FP32 [4]",
    "onnx-output-subset": "max_batch_size: 4"
    + TENSORS
    + "\n-- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4], z FP32 [-1, 2]",
    "onnx-dims-source": "max_batch_size: 4\n"
    "input { name: 'x' data_type: TYPE_FP32 dims: [ 2, 2 ] reshape { shape: 4 } }\n"
    "output { name: 'y' data_type: TYPE_FP32 dims: [ 4 ] }" + BATCHING,
    "onnx-batch-output-shape": "max_batch_size: 4\ninput { name: 'x' data_type: TYPE_FP32 dims: [ 4 ] }\n"
    "output { name: 'y' data_type: TYPE_FP32 dims: [ -1 ] }\n"
    "batch_output { target_name: 'y' kind: BATCH_SCATTER_WITH_INPUT_SHAPE source_input: 'x' }" + BATCHING,
    "onnx-auto-max-batch": "dynamic_batching { }" + BATCHING,
    "onnx-auto-scalar-io": "-- 1/model.onnx x FP32 [-1] -> y FP32 [-1]",
    "trt-static-only": 'platform: "tensorrt_plan"' + TENSORS,
    "pt-kind-model": 'platform: "pytorch_libtorch"\ninstance_group { kind: KIND_MODEL }'
    + TENSORS.replace('"x"', '"INPUT__0"').replace('"y"', '"OUTPUT__0"')
    + "-- 1/model.pt archive",
    "ov-auto": 'backend: "openvino"\ninput { name: "x" }',
    "py-io-not-compared": PYTHON + "input { name: 'x' data_type: TYPE_STRING dims: [ -1 ] }",
    "dali-auto": 'backend: "dali"\nmax_batch_size: 16\ninput { name: "x" }\n-- 1/model.dali\nx',
    "custom-backend": 'backend: "mine"\nmax_batch_size: 2' + TENSORS + "\n-- 1/anything.bin\nx",
}

SAID = {"custom-backend": ["unknown-backend"], "response-cache-ensemble": ["response-cache-of-server"]}
"""Where tk says something all the same: the server must have that backend, or that cache."""


@pytest.mark.parametrize("fact", ACCEPTED)
def test_nothing_is_said_of_what_the_server_takes(fact: str, tmp_path: Path) -> None:
    report = lint_example(ACCEPTED[fact], tmp_path / "repository")
    said = [f"{d.severity}: {d.message} [{d.rule}]" for d in report.diagnostics]
    assert [d.rule for d in report.diagnostics] == SAID.get(fact, []), "\n".join(said)
    assert report.ok
    assert "m" in report.models
