"""Every name that a rule knows counts: what is said of all of them in one configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from short_examples import Case, X, Y, said, step, with_rules

GPU = 'backend: "onnxruntime"\ninstance_group [ { kind: KIND_GPU } ]\n'
OV = 'backend: "openvino"\n'
TF = '-- tk validate --release 24.10\nplatform: "tensorflow_savedmodel"\n'

TEXTS = [
    "precision_mode",
    "int8_calibration_table_name",
    "trt_engine_cache_path",
    "trt_engine_cache_prefix",
    "trt_timing_cache_path",
    "trt_tactic_sources",
    "trt_extra_plugin_lib_paths",
    "trt_profile_min_shapes",
    "trt_profile_max_shapes",
    "trt_profile_opt_shapes",
    "trt_ep_context_file_path",
]
NUMBERS = [
    "max_workspace_size_bytes",
    "trt_max_partition_iterations",
    "trt_min_subgraph_size",
    "trt_dla_core",
    "trt_builder_optimization_level",
    "trt_auxiliary_streams",
    "trt_ep_context_embed_mode",
]
BOOLEANS = [
    "int8_use_native_calibration_table",
    "trt_dla_enable",
    "trt_engine_cache_enable",
    "trt_dump_subgraphs",
    "trt_force_sequential_engine_build",
    "trt_context_memory_sharing_enable",
    "trt_layer_norm_fp32_fallback",
    "trt_timing_cache_enable",
    "trt_force_timing_cache",
    "trt_detailed_build_log",
    "trt_build_heuristics_enable",
    "trt_sparsity_enable",
    "trt_cuda_graph_enable",
    "trt_dump_ep_context_model",
]
WORDS = ("true", "on", "1", "false", "off", "0")
CUDA = [
    "device_id",
    "has_user_compute_stream",
    "user_compute_stream",
    "gpu_mem_limit",
    "arena_extend_strategy",
    "cudnn_conv_algo_search",
    "cudnn_conv_use_max_workspace",
    "enable_cuda_graph",
    "cudnn_conv1d_pad_to_nc1d",
    "tunable_op_enable",
    "tunable_op_tuning_enable",
    "tunable_op_max_tuning_duration_ms",
    "enable_skip_layer_norm_strict_mode",
    "prefer_nhwc",
    "use_tf32",
    "fuse_conv_bias",
    "sdpa_kernel",
    "gpu_external_alloc",
    "gpu_external_free",
    "gpu_external_empty_cache",
    "default_memory_arena_cfg",
]
CUDA_BOOLEANS = ("do_copy_in_default_stream", "use_ep_level_unified_stream")
MISNAMED = [
    "config.pb.txt",
    "config.pbtext",
    "config.pbtx",
    "config.pbtxt.txt",
    "config.prototxt",
    "model_config.pbtxt",
]
TF_NUMBERS = ("TF_NUM_INTRA_THREADS", "TF_NUM_INTER_THREADS", "MAX_SESSION_SHARE_COUNT")
SWITCHES = ("SKIP_OV_DYNAMIC_BATCHSIZE", "ENABLE_BATCH_PADDING", "RESHAPE_IO_LAYERS")
PLACEHOLDERS = ("{{ x }}", "${x}", "%x%", "@x@", "<MY_DIR>", "#name#")


def accelerator(name: str, given: dict[str, str]) -> str:
    listed = " ".join(f'parameters {{ key: "{key}" value: "{value}" }}' for key, value in given.items())
    one = f'gpu_execution_accelerator {{ name: "{name}" {listed} }}'
    return f"{GPU}optimization {{ execution_accelerators {{ {one} }} }}\n"


def parameters(given: dict[str, str]) -> str:
    return "".join(f'parameters {{ key: "{k}" value {{ string_value: "{v}" }} }}\n' for k, v in given.items())


def ensemble(field: str) -> str:
    scheduling = f"ensemble_scheduling {{ step [ {step('a', {'x': 'x'}, {'y': 'y'})} ] }}\n"
    return f'platform: "ensemble"\n{field}\n{X}{Y}{scheduling}-- ../a x FP32 [4] -> y FP32 [4]'


CASES: dict[str, Case] = {
    "texts of TensorRT": (
        "tensorrt-accelerator-parameter",
        accelerator("tensorrt", dict.fromkeys(TEXTS, "FP32")),
        [],
    ),
    "numbers of TensorRT": ("tensorrt-accelerator-parameter", accelerator("tensorrt", dict.fromkeys(NUMBERS, "1")), []),
    "numbers of TensorRT that are none": (
        "tensorrt-accelerator-parameter",
        accelerator("tensorrt", dict.fromkeys(NUMBERS, "x")),
        [f"the parameter {key} is 'x', not an integer" for key in NUMBERS],
    ),
    "booleans of TensorRT that are none": (
        "tensorrt-accelerator-parameter",
        accelerator("tensorrt", dict.fromkeys(BOOLEANS, "x")),
        [f"the parameter {key} is 'x', not a boolean" for key in BOOLEANS],
    ),
    "words for booleans": (
        "tensorrt-accelerator-parameter",
        accelerator("tensorrt", dict(zip(BOOLEANS, WORDS, strict=False))),
        [],
    ),
    "modes of TensorRT": (
        "tensorrt-accelerator-parameter",
        accelerator("tensorrt", {"precision_mode": "INT8"}),
        [],
    ),
    "a mode of a newer release": (
        "tensorrt-accelerator-parameter",
        accelerator("tensorrt", {"precision_mode": "BF16"}),
        ["the precision_mode 'BF16' does not exist"],
    ),
    "a mode of the release": (
        "tensorrt-accelerator-parameter",
        "-- tk validate --release 26.02\n" + accelerator("tensorrt", {"precision_mode": "BF16"}),
        [],
    ),
    "options of CUDA": ("cuda-accelerator-parameter", accelerator("cuda", dict.fromkeys(CUDA, "x")), []),
    "booleans of CUDA that are none": (
        "cuda-accelerator-parameter",
        accelerator("cuda", dict.fromkeys(CUDA_BOOLEANS, "x")),
        [f"the parameter {key} is 'x', not a boolean" for key in CUDA_BOOLEANS],
    ),
    "words for booleans of ONNX Runtime": (
        "parameter-not-a-boolean",
        GPU + parameters({"enable_mem_arena": "OFF", "enable_mem_pattern": "on"}),
        [],
    ),
    "configurations under other names": (
        "config-misnamed",
        "-- no config.pbtxt\n" + "".join(f"-- {name}\nx\n" for name in MISNAMED) + "-- 1/model.onnx\nx",
        [
            "'config.pb.txt' is never read: the server looks for config.pbtxt",
            "'config.pbtext' is never read: the server looks for config.pbtxt",
            "'config.pbtx' is never read: the server looks for config.pbtxt",
            "'config.pbtxt.txt' is never read: the server looks for config.pbtxt",
            "'config.prototxt' is never read: the server looks for config.pbtxt",
            "'model_config.pbtxt' is never read: the server looks for config.pbtxt",
        ],
    ),
    "numbers of TensorFlow that are none": (
        "tensorflow-parameter",
        TF + parameters(dict.fromkeys(TF_NUMBERS, "x")),
        [f"the parameter {key} is 'x', not an integer" for key in TF_NUMBERS],
    ),
    "switches of OpenVINO that are none": (
        "openvino-switch",
        OV + parameters(dict.fromkeys(SWITCHES, "x")),
        [f"the parameter {key} is 'x', which counts as no" for key in SWITCHES],
    ),
    "words of OpenVINO": (
        "openvino-parameter",
        OV + parameters({"HINT_BF16": "YES", "NUM_STREAMS": "NUMA", "PERFORMANCE_HINT": "CUMULATIVE_THROUGHPUT"}),
        [],
    ),
    "other words of OpenVINO": (
        "openvino-parameter",
        OV + parameters({"NUM_STREAMS": "AUTO", "PERFORMANCE_HINT": "THROUGHPUT"}),
        [],
    ),
    "numbers of OpenVINO": (
        "openvino-parameter",
        OV + parameters({"INFERENCE_NUM_THREADS": "4", "COMPILATION_NUM_THREADS": "x"}),
        ["the parameter COMPILATION_NUM_THREADS is 'x'"],
    ),
    **{
        f"an ensemble with {field.partition(' ')[0]}": (rule, ensemble(field), [message])
        for rule, field, message in (
            ("ensemble-forbidden-field", "instance_group [ { } ]", "an ensemble takes no instance_group"),
            ("ensemble-forbidden-field", "optimization { }", "an ensemble takes no optimization"),
            ("ensemble-forbidden-field", 'model_warmup { name: "w" }', "an ensemble takes no model_warmup"),
        )
    },
    **{
        f"a placeholder {text}": (
            "unfilled-placeholder",
            parameters({"x": text}),
            [f"'{text}' is a placeholder that was not filled in"],
        )
        for text in PLACEHOLDERS
    },
}


@pytest.mark.parametrize(("rule", "block", "wanted"), CASES.values(), ids=with_rules(CASES))
def test_each_name_that_a_rule_knows_counts(rule: str, block: str, wanted: list[str], tmp_path: Path) -> None:
    assert sorted(said(block, rule, tmp_path)) == sorted(wanted)
