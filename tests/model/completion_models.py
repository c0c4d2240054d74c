"""A repository of varied models, whose completion by a real server is compared with ours."""

from __future__ import annotations

from pathlib import Path

from example_files import onnx_file

BATCHING = "x FP32 [-1, 4] -> y FP32 [-1, 4]"
FIXED = "x FP32 [2, 4] -> y FP32 [2, 4]"
IO = """input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
"""
PYTHON = """import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        tensors = [pb_utils.get_input_tensor_by_name(r, "x").as_numpy() for r in requests]
        return [pb_utils.InferenceResponse(output_tensors=[pb_utils.Tensor("y", t)]) for t in tensors]
"""
COMPLETING = PYTHON.replace(
    "    def execute",
    """    @staticmethod
    def auto_complete_config(config):
        config.add_input({"name": "x", "data_type": "TYPE_FP32", "dims": [4]})
        config.add_output({"name": "y", "data_type": "TYPE_FP32", "dims": [4]})
        config.set_max_batch_size(4)
        config.set_dynamic_batching()
        return config

    def execute""",
)
CONFIGS: dict[str, tuple[str | None, str]] = {
    "onnx_bare": (None, BATCHING),
    "onnx_fixed": (None, FIXED),
    "onnx_scalar": (None, "x FP32 [] -> y FP32 []"),
    "onnx_scalar_batch": ("max_batch_size: 4\n", "x FP32 [-1] -> y FP32 [-1]"),
    "onnx_two_inputs": (None, "b FP32 [-1, 4], a FP32 [-1, 2] -> y FP32 [-1, 4]"),
    "onnx_outputs_only": ('output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }\n', BATCHING),
    "onnx_batch_of_1": ("max_batch_size: 1\n", BATCHING),
    "onnx_listed": (f"max_batch_size: 8\n{IO}", BATCHING),
    "onnx_dynamic": (f"max_batch_size: 8\n{IO}dynamic_batching {{ max_queue_delay_microseconds: 100 }}\n", BATCHING),
    "onnx_preferred": (f"max_batch_size: 8\n{IO}dynamic_batching {{ preferred_batch_size: [ 2, 4 ] }}\n", BATCHING),
    "onnx_sequence": (
        f"max_batch_size: 8\n{IO}sequence_batching {{ oldest {{ max_candidate_sequences: 4 }} }}\n",
        BATCHING,
    ),
    "onnx_direct": (f"max_batch_size: 8\n{IO}sequence_batching {{ direct {{ }} }}\n", BATCHING),
    "onnx_groups": (
        "instance_group [ { count: 3 }, { kind: KIND_CPU }, { name: 'mine' count: 1 kind: KIND_MODEL } ]\n",
        BATCHING,
    ),
    "onnx_versions": ("version_policy { all { } }\n", BATCHING),
    "onnx_specific": ("version_policy { specific { versions: [ 1 ] } }\n", BATCHING),
    "onnx_policy_empty": ("version_policy { }\n", BATCHING),
    "onnx_platform": ('platform: "onnxruntime_onnx"\nname: "onnx_platform"\n', BATCHING),
    "onnx_backend": ('backend: "onnxruntime"\n', BATCHING),
    "onnx_pinned": ("optimization { input_pinned_memory { enable: false } graph { level: 1 } }\n", BATCHING),
    "onnx_warmup": (
        'model_warmup { batch_size: 1 inputs { key: "x" value { data_type: TYPE_FP32 dims: 4 zero_data: true } } }',
        BATCHING,
    ),
    "onnx_parameters": ('parameters { key: "intra_op_thread_count" value { string_value: "1" } }\n', BATCHING),
    "onnx_cache": (f"max_batch_size: 8\n{IO}response_cache {{ enable: true }}\n", BATCHING),
    "python_plain": (f'backend: "python"\nmax_batch_size: 8\n{IO}', PYTHON),
    "python_completing": ('backend: "python"\n', COMPLETING),
    "python_bare": (None, COMPLETING),
    "python_decoupled": (f'backend: "python"\n{IO}model_transaction_policy {{ decoupled: true }}\n', PYTHON),
    "ensemble": (
        'platform: "ensemble"\nmax_batch_size: 8\n' + IO + "ensemble_scheduling { step { "
        'model_name: "onnx_listed" model_version: -1 input_map { key: "x" value: "x" }'
        ' output_map { key: "y" value: "y" } } }\n',
        "",
    ),
}


def make_repository(root: Path) -> None:
    """Write all of them."""
    for name, (config, model) in CONFIGS.items():
        version = root / name / "1"
        version.mkdir(parents=True)
        if config is not None:
            (root / name / "config.pbtxt").write_text(config, encoding="utf-8")
        if "->" in model:
            (version / "model.onnx").write_bytes(onnx_file(model))
        elif model:
            (version / "model.py").write_text(model, encoding="utf-8")
