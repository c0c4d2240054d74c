"""The ONNX backend of the embedded server: what it completes, refuses and answers, through the running server."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import onnx
import pytest
from free_ports import free_ports
from onnx import TensorProto, helper

from triton_kit.runtime.embedded.binaries import RELEASE
from triton_kit.runtime.health import Snapshot
from triton_kit.runtime.local import LocalRuntime
from triton_kit.runtime.session import running
from triton_kit.runtime.types import ServerSpec

pytestmark = pytest.mark.local

FLOAT, INT64, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING
X4 = 'input { name: "X" data_type: TYPE_FP32 dims: 4 } output { name: "Z" data_type: TYPE_FP32 dims: 4 }'

OPTIONAL = """
input { name: "Y" data_type: TYPE_FP32 dims: 1 optional: true } input { name: "X" data_type: TYPE_FP32 dims: 2 }
output { name: "Z" data_type: TYPE_FP32 dims: 2 }
"""
START = 'control_input { name: "START" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } }'


def value(name: str, dtype: int, shape: list[Any]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, shape)


def graph(
    nodes: list[Any], inputs: list[Any], outputs: list[Any], initializers: list[Any] | None = None
) -> onnx.ModelProto:
    made = helper.make_graph(nodes, "g", inputs, outputs, initializers or [])
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def double(shape: list[Any], name: str = "X") -> onnx.ModelProto:
    return graph(
        [helper.make_node("Add", [name, name], ["Z"])], [value(name, FLOAT, shape)], [value("Z", FLOAT, shape)]
    )


def gather() -> onnx.ModelProto:
    """Fails at run time for an index beyond 3: one bad request among good ones."""
    table = helper.make_tensor("T", FLOAT, [4], [0.0, 10.0, 20.0, 30.0])
    node = helper.make_node("Gather", ["T", "I"], ["Z"])
    return graph([node], [value("I", INT64, ["n", 1])], [value("Z", FLOAT, ["n", 1])], [table])


def two_outputs() -> onnx.ModelProto:
    nodes = [helper.make_node("Neg", ["X"], ["A"]), helper.make_node("Abs", ["X"], ["B"])]
    return graph(nodes, [value("X", FLOAT, ["n", 2])], [value("B", FLOAT, ["n", 2]), value("A", FLOAT, ["n", 2])])


def with_default() -> onnx.ModelProto:
    default = helper.make_tensor("Y", FLOAT, [1], [100.0])
    node = helper.make_node("Add", ["X", "Y"], ["Z"])
    return graph([node], [value("X", FLOAT, [2]), value("Y", FLOAT, [1])], [value("Z", FLOAT, [2])], [default])


def strings() -> onnx.ModelProto:
    node = helper.make_node("Identity", ["X"], ["Z"])
    return graph([node], [value("X", STRING, ["n", 2])], [value("Z", STRING, ["n", 2])])


def sequence() -> onnx.ModelProto:
    node = helper.make_node("SequenceConstruct", ["X"], ["S"])
    outputs = [helper.make_tensor_sequence_value_info("S", FLOAT, None)]
    return graph([node], [value("X", FLOAT, [2])], outputs)


# name: (model, config.pbtxt or None for no such file)
READY: dict[str, tuple[onnx.ModelProto, str | None]] = {
    "no_config": (double(["n", 4]), None),
    "fixed": (double([3]), None),
    "scalar": (double([]), None),
    "listed": (double(["n", 4]), f'backend: "onnxruntime" {X4.replace("dims: 4", "dims: [ -1, 4 ]")}'),
    "one": (double(["n", 4]), 'backend: "onnxruntime" max_batch_size: 1'),
    "lines": (double(["n", "w"]), 'backend: "onnxruntime" max_batch_size: 8 dynamic_batching { }'),
    "gather": (gather(), "max_batch_size: 32 dynamic_batching { max_queue_delay_microseconds: 200000 }"),
    "pair": (two_outputs(), "max_batch_size: 16 dynamic_batching { max_queue_delay_microseconds: 100000 }"),
    "default": (
        with_default(),
        OPTIONAL,
    ),
    "strings": (strings(), None),
    "threads": (
        double(["n", 4]),
        'parameters { key: "intra_op_thread_count" value { string_value: "1" } } optimization { graph { level: 1 } }',
    ),
}
REFUSED: dict[str, tuple[onnx.ModelProto | None, str, str]] = {
    "bad_batch": (double([1, 4]), f"max_batch_size: 8 {X4}", "the first dimension must be -1; but shape expected"),
    "bad_fill": (double([1, 4]), "max_batch_size: 8", "model does not support batching while non-zero max_batch_size"),
    "bad_dims": (
        double([4]),
        X4.replace("dims: 4", "dims: -1"),
        "the model expects 1 dimensions (shape [4]) but the model configuration specifies 1 dimensions (shape [-1])",
    ),
    "bad_type": (double([4]), X4.replace("FP32", "INT64"), "configuration expects datatype TYPE_INT64 for input 'X'"),
    "bad_name": (double([4], "Q"), X4, "unexpected inference input 'X', allowed inputs are: Q"),
    "bad_output": (double([4]), X4.replace('"Z"', '"Y"'), "unexpected inference output 'Y', allowed outputs are: Z"),
    "bad_count": (
        double([4]),
        X4 + ' input { name: "W" data_type: TYPE_FP32 dims: 4 }',
        "configuration expects 2 inputs, model provides 1",
    ),
    "bad_scalar": (double([]), X4, "should only provide 1 in the model configuration"),
    "bad_sequence": (sequence(), "", "Unsupported ONNX Type 'ONNX_TYPE_SEQUENCE' for I/O 'S'"),
    "bad_parameter": (
        double([4]),
        'parameters { key: "intra_op_thread_count" value { string_value: "many" } }',
        "failed to convert 'many' to integral number",
    ),
    "bad_control": (
        double(["n", 4]),
        f"max_batch_size: 4 {X4} sequence_batching {{ {START} }}",
        "but model does not provide that input",
    ),
    "bad_optional": (
        with_default(),
        f"max_batch_size: 2 {OPTIONAL}",
        "optional input 'Y' is not supported for models that support batching",
    ),
    "bad_file": (None, "", "onnx runtime error"),
}


@dataclass(frozen=True)
class Serving:
    url: str
    snapshot: Snapshot

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/v2/models/{path}") as answer:
            return json.load(answer)

    def infer(self, model: str, inputs: dict[str, tuple[str, list[int], list[Any]]], *outputs: str) -> Any:
        """Each output's shape and data by name, or the error's text."""
        body: dict[str, Any] = {
            "inputs": [
                {"name": name, "datatype": dtype, "shape": shape, "data": data}
                for name, (dtype, shape, data) in inputs.items()
            ]
        }
        if outputs:
            body["outputs"] = [{"name": name} for name in outputs]
        request = urllib.request.Request(f"{self.url}/v2/models/{model}/infer", json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request) as answer:
                return {made["name"]: (made["shape"], made["data"]) for made in json.load(answer)["outputs"]}
        except urllib.error.HTTPError as error:
            with error:
                return json.load(error)["error"]


@pytest.fixture(scope="module")
def serving(embedded: LocalRuntime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    repository = tmp_path_factory.mktemp("onnx")
    refused = {name: (model, config) for name, (model, config, _) in REFUSED.items()}
    for name, (model, config) in {**READY, **refused}.items():
        (repository / name / "1").mkdir(parents=True)
        data = b"version https://git-lfs" if model is None else model.SerializeToString()
        (repository / name / "1" / "model.onnx").write_bytes(data)
        if config is not None:
            (repository / name / "config.pbtxt").write_text(config)
    http, grpc, metrics = free_ports()
    spec = ServerSpec(repository=repository, release=RELEASE, http_port=http, grpc_port=grpc, metrics_port=metrics)
    with running(embedded, spec, timeout=240) as (server, snapshot):
        yield Serving(url=server.endpoints.http, snapshot=snapshot)


@pytest.mark.parametrize("name", READY)
def test_a_good_model_is_ready(serving: Serving, name: str) -> None:
    states = [(model.state, model.reason) for model in serving.snapshot.models if model.name == name]
    assert states == [("READY", "")]


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_model_is_refused_in_the_words_of_the_real_backend(serving: Serving, name: str) -> None:
    (model,) = (model for model in serving.snapshot.models if model.name == name)
    assert model.state == "UNAVAILABLE"
    assert REFUSED[name][2] in model.reason


def test_without_a_configuration_all_is_completed(serving: Serving) -> None:
    config = serving.get("no_config/config")
    assert config["backend"] == "onnxruntime"
    assert config["platform"] == "onnxruntime_onnx"
    assert config["max_batch_size"] == 4
    assert "dynamic_batching" in config
    assert [(i["name"], i["data_type"], i["dims"]) for i in config["input"]] == [("X", "TYPE_FP32", [4])]
    assert [(i["name"], i["data_type"], i["dims"]) for i in config["output"]] == [("Z", "TYPE_FP32", [4])]


def test_a_model_that_cannot_batch_is_completed_without_batching(serving: Serving) -> None:
    config = serving.get("fixed/config")
    assert (config["max_batch_size"], config["input"][0]["dims"]) == (0, [3])
    assert "dynamic_batching" not in config


def test_once_all_is_listed_nothing_is_completed(serving: Serving) -> None:
    assert serving.get("listed/config")["max_batch_size"] == 0


def test_a_batch_of_one_gets_no_scheduler(serving: Serving) -> None:
    config = serving.get("one/config")
    assert config["max_batch_size"] == 1
    assert "dynamic_batching" not in config


def test_outputs_are_completed_in_the_order_of_their_names(serving: Serving) -> None:
    assert {entry["name"] for entry in serving.get("pair/config")["output"]} == {"A", "B"}


def test_a_request_is_answered(serving: Serving) -> None:
    assert serving.infer("no_config", {"X": ("FP32", [2, 4], [1.5, 0, -1, 2] * 2)}) == {
        "Z": ([2, 4], [3.0, 0.0, -2.0, 4.0] * 2)
    }
    assert serving.infer("listed", {"X": ("FP32", [1, 4], [1, 2, 3, 4])}) == {"Z": ([1, 4], [2.0, 4.0, 6.0, 8.0])}
    assert serving.infer("threads", {"X": ("FP32", [1, 4], [1, 2, 3, 4])}) == {"Z": ([1, 4], [2.0, 4.0, 6.0, 8.0])}


def test_a_scalar_is_a_tensor_of_one(serving: Serving) -> None:
    assert serving.infer("scalar", {"X": ("FP32", [1], [21])}) == {"Z": ([1], [42.0])}


def test_an_empty_batch_is_no_reason_to_fail(serving: Serving) -> None:
    assert serving.infer("listed", {"X": ("FP32", [0, 4], [])}) == {"Z": ([0, 4], [])}


def test_strings_come_back_as_they_went(serving: Serving) -> None:
    sent = ["é", "", "a\u0000b", "日本"]
    assert serving.infer("strings", {"X": ("BYTES", [2, 2], sent)}) == {"Z": ([2, 2], sent)}


def test_an_initializer_may_be_overridden_or_left_out(serving: Serving) -> None:
    x = ("FP32", [2], [1, 2])
    assert serving.infer("default", {"X": x}) == {"Z": ([2], [101.0, 102.0])}
    assert serving.infer("default", {"X": x, "Y": ("FP32", [1], [10])}) == {"Z": ([2], [11.0, 12.0])}


def test_only_the_outputs_that_were_asked_for_come(serving: Serving) -> None:
    assert serving.infer("pair", {"X": ("FP32", [1, 2], [1, -2])}, "A") == {"A": ([1, 2], [-1.0, 2.0])}


def at_once(serving: Serving, calls: list[tuple[Any, ...]]) -> list[Any]:
    answers: list[Any] = [None] * len(calls)

    def call(i: int) -> None:
        answers[i] = serving.infer(*calls[i])

    threads = [threading.Thread(target=call, args=(i,)) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def executions(serving: Serving, model: str) -> tuple[int, int]:
    (stats,) = serving.get(f"{model}/stats")["model_stats"]
    return stats["inference_count"], stats["execution_count"]


def test_requests_that_wait_together_run_as_one_and_each_gets_its_own_answer(serving: Serving) -> None:
    before = executions(serving, "pair")
    outputs = [("A",), ("B",), ("A", "B"), ()]
    calls = [
        ("pair", {"X": ("FP32", [1 + i % 2, 2], [float(i), -float(i)] * (1 + i % 2))}, *outputs[i % 4])
        for i in range(8)
    ]
    for i, answer in enumerate(at_once(serving, calls)):
        rows = 1 + i % 2
        expected = {"A": ([rows, 2], [-i, i] * rows), "B": ([rows, 2], [i, i] * rows)}
        assert answer == {name: expected[name] for name in outputs[i % 4] or ("A", "B")}
    after = executions(serving, "pair")
    assert after[0] - before[0] == 12
    assert after[1] - before[1] < 8


def test_requests_of_different_shapes_do_not_disturb_each_other(serving: Serving) -> None:
    calls = [("lines", {"X": ("FP32", [1, 1 + i % 3], [float(i)] * (1 + i % 3))}) for i in range(9)]
    for i, answer in enumerate(at_once(serving, calls)):
        assert answer == {"Z": ([1, 1 + i % 3], [2.0 * i] * (1 + i % 3))}


def test_an_error_in_one_request_answers_only_that_one(serving: Serving) -> None:
    indices = [0, 1, 99, 3, 2]
    answers = at_once(serving, [("gather", {"I": ("INT64", [1, 1], [index])}) for index in indices])
    for index, answer in zip(indices, answers, strict=True):
        if index == 99:
            assert "onnx runtime error" in answer
        else:
            assert answer == {"Z": ([1, 1], [10.0 * index])}
