"""What a line of the server's log means to a user."""

from __future__ import annotations

import pytest

from triton_kit.runtime.log.meaning import friendly
from triton_kit.serve.log import meaning


@pytest.mark.parametrize(
    "line",
    [
        "",
        'I1122 23:29:19.274728 1 http_server.cc:362] "Started Metrics Service at 0.0.0.0:8002"',
        "+-------+---------+--------+",
        'I1122 23:21:10.306454 1 model_lifecycle.cc:472] "loading: hang:1"',
    ],
)
def test_a_line_that_tells_of_no_trouble_means_nothing(line: str) -> None:
    assert meaning(line) is None


@pytest.mark.parametrize(
    ("line", "cause", "help_"),
    [
        (
            "Invalid model name: Could not determine backend for model 'notes' with no backend in model configuration",
            "notes has no model file that tells its backend",
            "notes/1",
        ),
        ("Expected integer, got: $", "a placeholder of the form ${...} was left in config.pbtxt", "fill the template"),
        (
            "unable to find backend library for backend 'tensorrt_plan', try specifying runtime on the model",
            "the server has no backend tensorrt_plan",
            "image that has it",
        ),
        (
            "Internal: unexpected inference output 'lable', allowed outputs are: label, score",
            "the model has no output 'lable'",
            "label, score",
        ),
        (
            "configuration expects 2 inputs, model provides 1",
            "config.pbtxt lists 2 inputs, and the model has 1",
            "each of the model's inputs once",
        ),
        (
            "configuration expects datatype TYPE_FP32 for input 'x', model provides TYPE_INT64",
            "config.pbtxt says TYPE_FP32, and the model has TYPE_INT64",
            "write TYPE_INT64",
        ),
        (
            "instance group m_0 of model m has kind KIND_GPU but no GPUs are available",
            "the model wants a GPU, and the server has none",
            "KIND_CPU",
        ),
        (
            "Internal: ModuleNotFoundError: No module named 'torch'",
            "model.py imports torch, which the server's Python lacks",
            "install torch",
        ),
        (
            "This container was built for NVIDIA Driver Release 560.35 or later, but version 540.4.0 was detected",
            "the NVIDIA driver 540.4.0 is older than this image wants, 560.35",
            "update the driver",
        ),
    ],
)
def test_a_known_failure_has_a_cause_and_a_remedy(line: str, cause: str, help_: str) -> None:
    found = meaning(line)
    assert found is not None
    assert found.cause == cause
    assert help_ in found.help


def test_the_model_is_named_where_the_line_names_it() -> None:
    found = meaning("at least one version must be available under the version policy of model 'ens'")
    assert found is not None
    assert found.model == "ens"


def test_the_friendly_form_has_no_time_thread_place_or_status_word() -> None:
    line = "E1122 23:21:10.305496 1 model_lifecycle.cc:654] \"failed to load 'm' version 1: Internal: no good\""
    assert friendly(line) == "failed to load 'm' version 1: Internal: no good"
    assert friendly("Internal: onnx runtime error 7: broken (/tmp/ort/core/session/x.cc:12)") == (
        "onnx runtime error 7: broken"
    )


def test_the_python_place_below_a_python_error_is_left_out() -> None:
    assert friendly("Internal: ValueError: no\n\nAt:\n  /models/m/1/model.py(5): initialize\n") == "ValueError: no"


def other_shape(complete: str) -> str:
    """What the backends say of an output that has another shape in the model file."""
    expected = "Invalid argument: model 'm', tensor 'y': the model expects 4 dimensions (shape [-1,1,-1,-1])"
    behind = "followed by the explicit tensor shape, making complete shape"
    count = complete.count(",") + 1
    return (
        f"{expected} but the model configuration specifies {count} dimensions (an initial batch dimension because "
        f"max_batch_size > 0 {behind} {complete})"
    )


def test_a_size_that_differs_is_told_from_a_rank_that_differs() -> None:
    size, rank = meaning(other_shape("[-1,-1,-1,-1]")), meaning(other_shape("[-1,1,-1]"))
    assert size is not None
    assert rank is not None
    assert "another size in one of them: the model's shape is [-1,1,-1,-1]" in size.cause
    assert "write the sizes that the server names" in size.help
    assert "another number of dimensions" in rank.cause
    assert "leave the batch dimension out" in rank.help
