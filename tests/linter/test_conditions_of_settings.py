"""Each part of what a rule asks of settings counts: the cases in which one part alone decides."""

from __future__ import annotations

from pathlib import Path

import pytest
from short_examples import PYTHON, WARMUP, Case, X, Y, said, step, with_rules

ORT = 'backend: "onnxruntime"\n'
GPU = ORT + "instance_group [ { kind: KIND_GPU } ]\n"
SAVED = '-- tk validate --release 25.02\nplatform: "tensorflow_savedmodel"\nversion_policy { all { } }\n'
MODEL = "x FP32 [4] -> y FP32 [4]"
STATE = 'sequence_batching {{ state {{ input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ 1 ] {} }} }}\n'
INITIAL = 'initial_state { name: "a" data_type: TYPE_FP32 dims: [ 1 ] zero_data: true } '
RESOURCE = 'instance_group [ {{ rate_limiter {{ resources [ {{ name: "R" {} count: 4 }} ] }} }} ]\n'


def parameter(key: str, value: str) -> str:
    return f'parameters {{ key: "{key}" value {{ string_value: "{value}" }} }}\n'


def accelerator(name: str, key: str, value: str) -> str:
    one = f'gpu_execution_accelerator {{ name: "{name}" parameters {{ key: "{key}" value: "{value}" }} }}'
    return f"{GPU}optimization {{ execution_accelerators {{ {one} }} }}\n"


def graphs(upper: str, lower: str) -> str:
    spec = f"graph_spec {{ batch_size: 4 {upper} graph_lower_bound {{ {lower} }} }}"
    return f'backend: "tensorrt"\nmax_batch_size: 8\noptimization {{ cuda {{ graphs: true {spec} }} }}\n'


def sizes(name: str, dims: str) -> str:
    return f'input {{ key: "{name}" value {{ dim: [ {dims} ] }} }}'


def steps(*each: str, more: str = "") -> str:
    return f'platform: "ensemble"\n{X}{Y}{more}ensemble_scheduling {{ step [ {", ".join(each)} ] }}\n-- ../a {MODEL}'


CASES: dict[str, Case] = {
    "a limit of memory in letters": (
        "cuda-parameter",
        GPU + parameter("gpu_mem_limit", "x"),
        ["the parameter gpu_mem_limit is 'x', not a number"],
    ),
    "a limit of memory in the word of a boolean": (
        "cuda-parameter",
        GPU + parameter("gpu_mem_limit", "true"),
        ["the parameter gpu_mem_limit is 'true', not a number"],
    ),
    "a limit of memory in digits": ("cuda-parameter", GPU + parameter("gpu_mem_limit", "12"), []),
    "a boolean in another case": ("cuda-parameter", GPU + parameter("do_copy_in_default_stream", "True"), []),
    "a boolean that is none": (
        "cuda-parameter",
        GPU + parameter("do_copy_in_default_stream", "maybe"),
        ["the parameter do_copy_in_default_stream is 'maybe', not a number"],
    ),
    "a choice beyond the last": (
        "cuda-parameter",
        GPU + parameter("arena_extend_strategy", "2"),
        ["the parameter arena_extend_strategy is '2'"],
    ),
    "the last choice": ("cuda-parameter", GPU + parameter("arena_extend_strategy", "1"), []),
    "a boolean of TensorRT that is none": (
        "tensorrt-accelerator-parameter",
        accelerator("tensorrt", "trt_dla_enable", "maybe"),
        ["the parameter trt_dla_enable is 'maybe', not a boolean"],
    ),
    "a boolean of TensorRT in another case": (
        "tensorrt-accelerator-parameter",
        accelerator("tensorrt", "trt_dla_enable", "ON"),
        [],
    ),
    "an integer of TensorRT that is none": (
        "tensorrt-accelerator-parameter",
        accelerator("tensorrt", "max_workspace_size_bytes", "much"),
        ["the parameter max_workspace_size_bytes is 'much', not an integer"],
    ),
    "a workspace over 32 bits": (
        "tensorrt-accelerator-parameter",
        accelerator("tensorrt", "max_workspace_size_bytes", "3000000000"),
        [],
    ),
    "an integer over 31 bits": (
        "tensorrt-accelerator-parameter",
        accelerator("tensorrt", "trt_dla_core", "2147483648"),
        ["kills the server: the parameter trt_dla_core, 2147483648, is beyond its range"],
    ),
    "an integer of 31 bits": (
        "tensorrt-accelerator-parameter",
        accelerator("tensorrt", "trt_dla_core", "2147483647"),
        [],
    ),
    "the lowest integer": (
        "tensorrt-accelerator-parameter",
        accelerator("tensorrt", "trt_dla_core", "-2147483648"),
        [],
    ),
    "an integer below the lowest": (
        "tensorrt-accelerator-parameter",
        accelerator("tensorrt", "trt_dla_core", "-2147483649"),
        ["kills the server: the parameter trt_dla_core, -2147483649, is beyond its range"],
    ),
    "a boolean of CUDA that is none": (
        "cuda-accelerator-parameter",
        accelerator("cuda", "use_ep_level_unified_stream", "maybe"),
        ["the parameter use_ep_level_unified_stream is 'maybe', not a boolean"],
    ),
    "a lower bound over the graph": (
        "graph-spec",
        graphs("", "batch_size: 5"),
        ["the lower bound's batch of 5 is over the graph's, 4"],
    ),
    "a lower bound that is the graph": ("graph-spec", graphs("", "batch_size: 4"), []),
    "a size over the graph's": (
        "graph-spec",
        graphs(sizes("x", "4, 4"), "batch_size: 2 " + sizes("x", "4, 5")),
        ["the lower bound of 'x', [4, 5], is not below the graph's, [4, 4]"],
    ),
    "sizes that are the graph's": (
        "graph-spec",
        graphs(sizes("x", "4, 4"), "batch_size: 2 " + sizes("x", "4, 4")),
        [],
    ),
    "fewer sizes than the graph's": (
        "graph-spec",
        graphs(sizes("x", "4, 4"), "batch_size: 2 " + sizes("x", "4")),
        ["the lower bound of 'x', [4], is not below the graph's, [4, 4]"],
    ),
    "sizes that are none": (
        "graph-spec",
        graphs(sizes("x", "-1"), "batch_size: 2 " + sizes("x", "0")),
        ["dimension -1 of 'x' is not a size", "the lower bound of 'x', [0], is not below the graph's, [-1]"],
    ),
    "a lower bound without the graph's input": (
        "graph-spec",
        graphs(sizes("x", "4"), "batch_size: 2"),
        ["the lower bound is of no input, the graph of 'x'"],
    ),
    "a lower bound of an input that the graph lacks": (
        "graph-spec",
        graphs("", "batch_size: 2 " + sizes("w", "4")),
        ["the lower bound is of 'w', the graph of no input"],
    ),
    "the order of decoupled responses": (
        "decoupled-without-support",
        PYTHON + "model_transaction_policy { decoupled: true }\ndynamic_batching { preserve_ordering: true }",
        ["the order of decoupled responses is not preserved"],
    ),
    "a batch input of a model without versions": (
        "batch-io-unknown-source",
        PYTHON
        + "max_batch_size: 8\n"
        + X
        + 'batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_INT32 source_input: "q" }\n-- 0x/f',
        [],
    ),
    "a level of no backend": (
        "onnx-graph-level",
        "optimization { graph { level: 5 } }\n-- 1/model.bin\nx",
        [],
    ),
    "states of an ensemble": (
        "several-initial-states",
        steps(step("a", {"x": "x"}, {"y": "y"}), more=STATE.format(INITIAL * 2)),
        [],
    ),
    "two initial states": (
        "several-initial-states",
        PYTHON + STATE.format(INITIAL * 2),
        ["the state 'i' has 2 initial states"],
    ),
    "passive instances of an ensemble": (
        "warmup-of-passive-instances",
        steps(step("a", {"x": "x"}, {"y": "y"}), more="instance_group [ { passive: true } ]\n" + WARMUP),
        [],
    ),
    "a warm-up without instance groups": ("warmup-of-passive-instances", PYTHON + X + WARMUP, []),
    "a resource of a model that cannot be read": (
        "resource-global-and-local",
        "-- tk validate --rate-limit on\n"
        + PYTHON
        + RESOURCE.format("")
        + "-- ../a/config.pbtxt fifo\n"
        + "-- ../b/config.pbtxt\n"
        + PYTHON
        + RESOURCE.format("global: true")
        + "-- 1/model.py\nx\n-- ../b/1/model.py\nx",
        ["the resource 'R' is of each device here, global elsewhere"],
    ),
    "threads of a session in a word that is none": (
        "tensorflow-parameter",
        SAVED + parameter("TF_USE_PER_SESSION_THREADS", "maybe"),
        ["the parameter TF_USE_PER_SESSION_THREADS is 'maybe', not a boolean"],
    ),
    "threads of a session in another case": (
        "tensorflow-parameter",
        SAVED + parameter("TF_USE_PER_SESSION_THREADS", "True"),
        [],
    ),
    "a file of operations in one of two versions": (
        "tensorflow-parameter",
        SAVED
        + parameter("TF_INIT_OPS_FILE", "ops")
        + f"-- 1/ops\nx\n-- 1/model.savedmodel {MODEL}\n-- 2/model.savedmodel {MODEL}",
        ["the file of initialisation operations 2/ops does not exist"],
    ),
    "no file of operations": ("tensorflow-parameter", SAVED + parameter("TF_INIT_OPS_FILE", ""), []),
    "a secondary device of a number": (
        "secondary-device",
        'backend: "tensorrt"\ninstance_group [ { secondary_devices [ { kind: 5 } ] } ]',
        ["a secondary device of no kind"],
    ),
    "a placeholder in an accelerator": (
        "unfilled-placeholder",
        accelerator("tensorrt", "precision_mode", "${mode}"),
        ["'${mode}' is a placeholder that was not filled in"],
    ),
    "a placeholder in a parameter that is needed": (
        "unfilled-placeholder",
        'backend: "tensorrtllm"\n' + parameter("gpt_model_path", "${x}") + parameter("other", "${y}"),
        [
            "'${x}' is a placeholder that was not filled in",
            "'${y}' is a placeholder that was not filled in; the backend takes the default",
        ],
    ),
    "steps that wait for each other": (
        "ensemble-output-not-written",
        steps(step("a", {"x": "q"}, {"y": "y"}), step("a", {"x": "y"}, {"y": "q"}), step("a", {"x": "x"}, {"y": "z"})),
        ["the ensemble output 'y' is never written: its steps wait for each other"],
    ),
    "steps beside the output that wait for each other": (
        "ensemble-tensor-unused",
        steps(step("a", {"x": "p"}, {"y": "q"}), step("a", {"x": "q"}, {"y": "p"}), step("a", {"x": "x"}, {"y": "y"})),
        ["'q' is never there: its steps wait for each other", "'p' is never there: its steps wait for each other"],
    ),
    "bytes that are not UTF-8 beside a field that does not exist": (
        "text-not-utf8",
        "bogus: 1\n" + parameter("author", "\\377"),
        [],
    ),
    "dims that completion does not fill in": (
        "tensor-without-dims",
        "-- tk validate --strict\n" + ORT + X.replace("dims: [ 4 ]", "") + Y,
        ["input 'x' has no dims"],
    ),
    "no dims of a backend that nobody knows": (
        "tensor-without-dims",
        X.replace("dims: [ 4 ]", "") + Y + "-- 1/model.bin\nx",
        [],
    ),
    "a type that the file of the model has": (
        "tensor-without-type",
        ORT + X.replace("data_type: TYPE_FP32", "") + Y + f"-- 1/model.onnx {MODEL}",
        ["input 'x' has no data_type"],
    ),
}


@pytest.mark.parametrize(("rule", "block", "wanted"), CASES.values(), ids=with_rules(CASES))
def test_one_part_of_the_settings_decides(rule: str, block: str, wanted: list[str], tmp_path: Path) -> None:
    assert said(block, rule, tmp_path) == wanted
