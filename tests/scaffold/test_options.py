"""What a user types for a model."""

from __future__ import annotations

import pytest

from triton_kit.errors import UsageError
from triton_kit.project.model_name import check_name
from triton_kit.scaffold import options


@pytest.mark.parametrize("name", ["resnet50", "a", "Model_1", "yolo-v8", "resnet.v2", "3d", "_x"])
def test_a_name_that_servers_take_is_taken(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "/",
        "-x",
        ".x",
        "a b",
        "a;b",
        "a|b",
        "$a",
        "a'b",
        "a\nb",
        "a\x00b",
        "a*",
        "a?",
        "a%20b",
        "modèle",
        "a+b",
        "a@b",
        "a:b",
        "a,b",
        "x" * 256,
    ],
)
def test_a_name_that_breaks_something_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        check_name(name)


@pytest.mark.parametrize(
    ("text", "name", "data_type", "dims"),
    [
        ("image:FP32:3,224,224", "image", "TYPE_FP32", [3, 224, 224]),
        ("input:0:TYPE_INT64:-1", "input:0", "TYPE_INT64", [-1]),
        ("s:BYTES:1", "s", "TYPE_STRING", [1]),
        ("s:string:[1, 2]", "s", "TYPE_STRING", [1, 2]),
        ("x:bf16:4", "x", "TYPE_BF16", [4]),
    ],
)
def test_a_tensor_is_read_from_the_right(text: str, name: str, data_type: str, dims: list[int]) -> None:
    assert options.parse_tensor(text, "--input") == {"name": name, "data_type": data_type, "dims": dims}


@pytest.mark.parametrize(
    "text", ["x", "x:FP32", ":FP32:1", "x:FP33:1", "x:FP32:", "x:FP32:0", "x:FP32:-2", "x:FP32:1,,2", "x:FP32:a"]
)
def test_a_tensor_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        options.parse_tensor(text, "--input")
    assert caught.value.message.startswith(f"--input {text}")
    assert caught.value.hint


def test_a_wrong_type_suggests_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        options.parse_tensor("x:FP31:1", "--input")
    assert caught.value.hint in ("did you mean FP32?", "did you mean FP16?")


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("all", {"all": {}}),
        ("latest", {"latest": {"num_versions": 1}}),
        ("latest:2", {"latest": {"num_versions": 2}}),
        ("specific:1,3", {"specific": {"versions": [1, 3]}}),
    ],
)
def test_a_version_policy(text: str, policy: dict[str, object]) -> None:
    assert options.parse_version_policy(text) == policy


@pytest.mark.parametrize("text", ["", "some", "all:1", "latest:", "latest:0", "latest:1,2", "specific", "specific:x"])
def test_a_version_policy_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        options.parse_version_policy(text)


def test_a_step_maps_names_of_the_model_to_tensors_of_the_pipeline() -> None:
    assert options.parse_step("prep@2 image=raw size -> pixels=x") == {
        "model_name": "prep",
        "model_version": 2,
        "input_map": {"image": "raw", "size": "size"},
        "output_map": {"pixels": "x"},
    }


@pytest.mark.parametrize(
    "text", ["", "prep", "prep a=b", "prep -> a", "prep a=b ->", "prep a= -> b", "p a a -> b", "p@x a -> b"]
)
def test_a_step_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        options.parse_step(text)


def test_instances_say_only_what_was_given() -> None:
    assert options.instance_group(None, None, None) == []
    assert options.instance_group(2, None, None) == [{"count": 2}]
    assert options.instance_group(None, "cpu", None) == [{"count": 1, "kind": "KIND_CPU"}]
    assert options.instance_group(None, None, "0,1") == [{"count": 1, "kind": "KIND_GPU", "gpus": [0, 1]}]


@pytest.mark.parametrize(
    "given", [(0, None, None), (1, "tpu", None), (1, "cpu", "0"), (1, "auto", "0"), (1, "gpu", "x"), (1, "gpu", "0,0")]
)
def test_instances_that_no_server_takes_are_refused(given: tuple[int, str | None, str | None]) -> None:
    with pytest.raises(UsageError):
        options.instance_group(*given)


def test_dynamic_batching() -> None:
    assert options.dynamic_batching(None, None, None, 8) is None
    assert options.dynamic_batching("none", None, None, 8) is None
    assert options.dynamic_batching("dynamic", None, None, 8) == {}
    assert options.dynamic_batching("dynamic", "4,8", 0, 8) == {
        "preferred_batch_size": [4, 8],
        "max_queue_delay_microseconds": 0,
    }


@pytest.mark.parametrize(
    ("batching", "preferred", "delay", "size"),
    [
        ("static", None, None, 8),
        (None, "4", None, 8),
        ("none", None, 5, 8),
        ("dynamic", None, None, 0),
        ("dynamic", "4,16", None, 8),
        ("dynamic", "0", None, 8),
        ("dynamic", None, -1, 8),
    ],
)
def test_batching_that_no_server_takes_is_refused(
    batching: str | None, preferred: str | None, delay: int | None, size: int
) -> None:
    with pytest.raises(UsageError):
        options.dynamic_batching(batching, preferred, delay, size)
