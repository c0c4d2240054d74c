"""The numbers and texts at which rules begin to speak."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import lint_example
from short_examples import PYTHON, Case, X, said, with_rules

from triton_kit.linter.rules.pytorch.tensors import index

LIMITS: dict[str, Case] = {
    "a product that is as large as the number of bits": (
        "reshape-changes-size",
        PYTHON + 'input { name: "x" data_type: TYPE_FP32 dims: [ 128 ] reshape { shape: [ 256 ] } }',
        ["dims [128] and reshape [256] of 'x' hold different numbers of elements"],
    ),
    "products that are the same in 64 bits": (
        "reshape-changes-size",
        PYTHON + 'input { name: "x" data_type: TYPE_FP32 dims: [ 4611686018427387904, 8 ]'
        " reshape { shape: [ 2305843009213693952, 8 ] } }",
        [],
    ),
    "the default level of a graph": (
        "onnx-graph-level",
        'backend: "onnxruntime"\noptimization { graph { level: -1 } }',
        [],
    ),
    "a forest's output of any width": (
        "fil-outputs",
        (
            'backend: "fil"\noutput { name: "output__0" data_type: TYPE_FP32 dims: [ -1 ] }\nparameters'
            ' { key: "predict_proba" value { string_value: "true" } }\n-- 1/xgboost.model 4 features 3 classes'
        ),
        [],
    ),
    "digits with a letter behind": (
        "openvino-parameter",
        (
            'backend: "openvino"\nparameters { key: "INFERENCE_NUM_THREADS" value { string_value: "4x" } }\n'
            "-- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]"
        ),
        ["the parameter INFERENCE_NUM_THREADS is '4x'"],
    ),
    "a number in octal before other fields": (
        "number-in-another-base",
        "max_batch_size: 010\n" + PYTHON,
        ["010 is octal for 8"],
    ),
    "a library with more than its first bytes": (
        "library-no-library",
        'backend: "mine"\n-- libtriton_mine.so\n\x7fELF and more',
        [],
    ),
    "a position of ten digits": (
        "pytorch-input-order",
        'backend: "pytorch"\n'
        + X.replace('"x"', '"INPUT__0"')
        + X.replace('"x"', '"INPUT__1234567890"')
        + "-- 1/model.pt forward(a: Tensor, b: Tensor) -> Tensor",
        ["input 'INPUT__1234567890' is position 123456789, and forward has 2 arguments, counted from 0"],
    ),
    "a position with a letter behind": (
        "pytorch-input-order",
        'backend: "pytorch"\n'
        + X.replace('"x"', '"INPUT__0"')
        + X.replace('"x"', '"INPUT__1x"')
        + "-- 1/model.pt forward(a: Tensor, b: Tensor) -> Tensor",
        [
            "input 'INPUT__1x' is no argument of forward and no position, so the order in the configuration decides",
        ],
    ),
}


@pytest.mark.parametrize(("rule", "block", "wanted"), LIMITS.values(), ids=with_rules(LIMITS))
def test_it_is_reported_beyond_the_limit_and_not_before(
    rule: str, block: str, wanted: list[str], tmp_path: Path
) -> None:
    assert said(block, rule, tmp_path) == wanted


@pytest.mark.parametrize(
    "key",
    [
        "execution_mode",
        "intra_op_thread_count",
        "inter_op_thread_count",
        "enable_mem_arena",
        "enable_mem_pattern",
        "session.use_device_allocator_for_initializers",
        "memory.enable_memory_arena_shrinkage",
        "cudnn_conv_algo_search",
        "arena_extend_strategy",
        "gpu_mem_limit",
        "do_copy_in_default_stream",
    ],
)
def test_a_key_with_one_letter_more_is_nearly_one_that_the_backend_reads(key: str, tmp_path: Path) -> None:
    """Of onnx-parameter-misspelt."""
    block = f'backend: "onnxruntime"\nparameters {{{{ key: "{key}{{}}" value {{{{ string_value: "1" }}}} }}}}'
    helps = [
        [
            d.help
            for d in lint_example(block.format(more), tmp_path / more).diagnostics
            if d.rule == "onnx-parameter-misspelt"
        ]
        for more in ("s", "")
    ]
    assert helps == [[f"did you mean '{key}'?"], []]


@pytest.mark.parametrize(
    ("name", "position"),
    [
        ("INPUT__0", 0),
        ("INPUT__", 0),
        ("INPUT__12", 12),
        ("INPUT__1234567890", 123456789),
        ("INPUT__1x", None),
        ("INPUT", None),
        ("A__B__1", None),
        ("A___1", None),
    ],
)
def test_a_position_is_what_follows_the_first_two_underscores(name: str, position: int | None) -> None:
    """Of pytorch-sequence-names and the rules about the order of inputs and outputs."""
    assert index(name) == position


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("62", []),
        ("-62", []),
        ("-2147483648", []),
        ("2147483646", []),
        ("2147483647", ["the parameter intra_op_thread_count asks for 2147483647 threads"]),
        ("2147483648", ["kills the server: the parameter intra_op_thread_count, 2147483648, is beyond 32 bits"]),
        ("-2147483649", ["kills the server: the parameter intra_op_thread_count, -2147483649, is beyond 32 bits"]),
    ],
)
def test_a_parameter_is_a_number_of_32_bits(value: str, wanted: list[str], tmp_path: Path) -> None:
    block = f"""backend: "onnxruntime"
    parameters {{ key: "intra_op_thread_count" value {{ string_value: "{value}" }} }}
    """
    assert said(block, "parameter-not-an-integer", tmp_path) == wanted


@pytest.mark.parametrize(
    ("value", "beyond"),
    [("62", False), ("2147483647", False), ("2147483648", True), ("-2147483648", False), ("-2147483649", True)],
)
def test_a_profile_is_a_number_of_32_bits(value: str, beyond: bool, tmp_path: Path) -> None:
    block = f'platform: "tensorrt_plan"\ninstance_group [ {{ profile: [ "{value}" ] }} ]'
    report = lint_example(block, tmp_path / "r")
    wanted = [f"kills the server: the profile '{value}' is beyond 32 bits"] if beyond else []
    assert [d.message for d in report.diagnostics if d.rule == "bad-profile" and "beyond" in d.message] == wanted


@pytest.mark.parametrize(
    ("key", "value", "beyond"),
    [
        ("max_workspace_size_bytes", "9223372036854775807", False),
        ("max_workspace_size_bytes", "18446744073709551616", True),
        ("max_workspace_size_bytes", "-2147483649", True),
        ("max_workspace_size_bytes", "-2147483648", False),
        ("trt_max_partition_iterations", "62", False),
        ("trt_max_partition_iterations", "2147483647", False),
        ("trt_max_partition_iterations", "2147483648", True),
    ],
)
def test_a_number_of_an_accelerator_has_a_range(key: str, value: str, beyond: bool, tmp_path: Path) -> None:
    block = f"""backend: "onnxruntime"
    instance_group [ {{ kind: KIND_GPU }} ]
    optimization {{ execution_accelerators {{ gpu_execution_accelerator {{
      name: "tensorrt" parameters {{ key: "{key}" value: "{value}" }}
    }} }} }}
    """
    report = lint_example(block, tmp_path / "r")
    wanted = [f"kills the server: the parameter {key}, {value}, is beyond its range"] if beyond else []
    assert [d.message for d in report.diagnostics if d.rule == "tensorrt-accelerator-parameter"] == wanted
