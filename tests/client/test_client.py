"""The client against a real server, over both protocols."""

from __future__ import annotations

import numpy as np
import pytest

from triton_kit.client import Inference, ServerError, infer_many
from triton_kit.client.errors import NoAnswer

ARRAYS = {
    "BOOL": np.array([[False, True, False]]),
    "UINT8": np.array([[0, 255]], np.uint8),
    "UINT16": np.array([[0, 2**16 - 1]], np.uint16),
    "UINT32": np.array([[0, 2**32 - 1]], np.uint32),
    "UINT64": np.array([[0, 2**64 - 1]], np.uint64),
    "INT8": np.array([[-128, 0, 127]], np.int8),
    "INT16": np.array([[-(2**15), 0]], np.int16),
    "INT32": np.array([[-(2**31), 0]], np.int32),
    "INT64": np.array([[-(2**63), 0, 2**63 - 1]], np.int64),
    "FP16": np.array([[0, -0.0, 65504, np.inf]], np.float16),
    "FP32": np.array([[0, -0.0, 3.4e38, np.nan]], np.float32),
    "FP64": np.array([[0, 5e-324, 1.7e308]], np.float64),
}


def strings(*values: bytes) -> np.ndarray:
    array = np.empty((1, len(values)), dtype=object)
    array[0, :] = values
    return array


def test_the_server_says_who_it_is(client):
    assert client.live()
    assert client.ready()
    metadata = client.server_metadata()
    assert metadata.name == "triton"
    assert "classification" in metadata.extensions


def test_a_model_says_what_it_takes(client):
    metadata = client.metadata("pair")
    assert {(t.name, t.datatype, t.shape) for t in metadata.inputs} == {
        ("LEFT", "FP32", (-1, 3)),
        ("RIGHT", "INT32", (-1, 3)),
    }
    assert metadata.versions == ("1",)


def test_the_configuration_tells_of_batches_formats_options_and_labels(client):
    assert client.config("pair").max_batch_size == 4
    assert client.config("angry").max_batch_size == 0
    assert client.config("picture").formats == {"IMAGE": "FORMAT_NCHW"}
    assert client.config("pets").labelled == {"SCORES"}
    assert "BOOL" in client.config("echo").optional


def test_the_index_tells_what_is_loaded(client):
    states = {entry.name: entry.state for entry in client.index()}
    assert states["pair"] == "READY"
    assert states["broken"] == ""
    assert client.model_ready("pair", "1")
    assert not client.model_ready("pair", "2")
    assert not client.model_ready("broken")
    assert not client.model_ready("no such model")


@pytest.mark.parametrize("name", ARRAYS)
def test_each_type_comes_back_as_it_was_sent_extremes_zero_and_false_included(client, name):
    result = client.infer(Inference(model="echo", inputs={name: ARRAYS[name]}))
    assert result.datatypes == {f"{name}_OUT": name}
    back = result.outputs[f"{name}_OUT"]
    assert back.dtype == ARRAYS[name].dtype
    assert back.tobytes() == ARRAYS[name].tobytes()


@pytest.mark.parametrize(
    "value",
    [b"", b"\0", b"a\0", "日本 é".encode(), b"\xff\xfe", b"x" * 100_000],
    ids=["empty", "zero byte", "zero byte at the end", "Japanese", "no UTF-8", "long"],
)
def test_each_string_comes_back_as_it_was_sent(client, value):
    result = client.infer(Inference(model="echo", inputs={"STRING": strings(value, b"", value)}))
    assert result.outputs["STRING_OUT"].tolist() == [[value, b"", value]]


def test_an_array_without_elements_comes_back_so(client):
    inputs = {"FP32": np.zeros((2, 0), np.float32), "STRING": np.empty((2, 0), dtype=object)}
    outputs = client.infer(Inference(model="echo", inputs=inputs)).outputs
    assert outputs["FP32_OUT"].shape == (2, 0)
    assert outputs["STRING_OUT"].shape == (2, 0)


def test_a_bfloat16_is_the_nearest_one(client):
    sent = np.array([0, -0.0, 1.5, 3.14159, np.inf, np.nan], np.float32)
    result = client.infer(Inference(model="brain", inputs={"IN": sent}, datatypes={"IN": "BF16"}))
    assert result.datatypes == {"OUT": "BF16"}
    np.testing.assert_array_equal(result.outputs["OUT"], np.array([0, -0.0, 1.5, 3.140625, np.inf, np.nan], "f4"))


def test_only_the_outputs_that_are_asked_for_come(client):
    inputs = {"INT8": ARRAYS["INT8"], "BOOL": ARRAYS["BOOL"]}
    assert set(client.infer(Inference(model="echo", inputs=inputs, outputs=["BOOL_OUT"])).outputs) == {"BOOL_OUT"}


def test_the_best_classes_come_with_their_labels(client):
    scores = np.array([[0.25, 0.75, 0, 0]], np.float32)
    request = Inference(model="pets", inputs={"IN": scores}, outputs=["SCORES"], classes={"SCORES": 2})
    assert client.infer(request).outputs["SCORES"].tolist() == [[b"0.750000:1:dog", b"0.250000:0:cat"]]


def test_what_the_server_refuses_is_told_in_its_own_words(client):
    with pytest.raises(ServerError, match="thirteen is out of the question") as error:
        client.infer(Inference(model="angry", inputs={"IN": np.array([13], np.int32)}))
    assert error.value.exit_code == 1
    with pytest.raises(ServerError, match="RIGHT"):
        client.infer(Inference(model="pair", inputs={"LEFT": np.zeros((1, 3), np.float32)}))
    right = np.zeros((1, 3), np.int32)
    with pytest.raises(ServerError, match="shape"):
        client.infer(Inference(model="pair", inputs={"LEFT": np.zeros((1, 4), np.float32), "RIGHT": right}))
    with pytest.raises(ServerError, match=r"data-type|datatype|data type"):
        client.infer(Inference(model="pair", inputs={"LEFT": np.zeros((1, 3), np.float64), "RIGHT": right}))
    with pytest.raises(ServerError, match="unknown model"):
        client.metadata("no such model")


def test_a_client_can_be_used_after_a_refusal(client):
    with pytest.raises(ServerError):
        client.metadata("no such model")
    assert client.live()


def test_a_request_ends_when_its_time_is_over(client):
    with pytest.raises(NoAnswer, match=r"did not answer within 0\.2 s"):
        client.infer(Inference(model="sleepy", inputs={"SECONDS": np.array([2.0])}), timeout=0.2)


def test_requests_in_flight_run_side_by_side(client):
    def spent(in_flight: int) -> float:
        import time

        start = time.monotonic()
        requests = [Inference(model="sleepy", inputs={"SECONDS": np.array([0.25])})] * 8
        outcomes = list(infer_many(client, requests, in_flight=in_flight))
        assert sorted(o.index for o in outcomes) == list(range(8))
        assert all(o.error is None for o in outcomes)
        return time.monotonic() - start

    # A machine that has other things to do may hold one of them up, but not the four each time.
    assert any(spent(4) < 0.6 * spent(1) for _ in range(5))


def test_one_failure_in_flight_does_not_stop_the_others(client):
    requests = [Inference(model="angry", inputs={"IN": np.array([n], np.int32)}) for n in range(10, 16)]
    outcomes = {o.index: o for o in infer_many(client, requests, in_flight=3)}
    assert [i for i, o in outcomes.items() if o.error is not None] == [3]
    assert {i: o.result.outputs["OUT"][0] for i, o in outcomes.items() if o.result} == {
        0: 10,
        1: 11,
        2: 12,
        4: 14,
        5: 15,
    }


def test_who_stops_early_leaves_nothing_hanging(client):
    requests = (Inference(model="angry", inputs={"IN": np.array([n], np.int32)}) for n in range(1000))
    for outcome in infer_many(client, requests, in_flight=2):
        assert outcome.error is None
        break
    assert next(requests).inputs["IN"][0] < 10
