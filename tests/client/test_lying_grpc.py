"""What the gRPC client makes of answers that do not hold what they say, and of those that other servers send."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2, service_pb2_grpc

from triton_kit.client import Client, Inference, connect
from triton_kit.client.errors import NoAnswer, ServerError
from triton_kit.errors import UsageError

REQUEST = Inference(model="m", inputs={"x": np.zeros(1, np.float32)})


@contextlib.contextmanager
def answering(answer: Callable[[Any, grpc.ServicerContext], Any]) -> Iterator[str]:
    """A gRPC server that treats each inference with ``answer``; yields its address."""

    class Servicer(service_pb2_grpc.GRPCInferenceServiceServicer):
        def ModelInfer(self, request: Any, context: grpc.ServicerContext) -> Any:
            return answer(request, context)

        def ModelStreamInfer(self, requests: Any, context: grpc.ServicerContext) -> Any:
            for request in requests:
                yield from answer(request, context)

    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


@contextlib.contextmanager
def asking(answer: Callable[[Any, grpc.ServicerContext], Any]) -> Iterator[Client]:
    with answering(answer) as address, connect(address, grpc=True, timeout=5) as client:
        yield client


def response(*tensors: tuple[str, list[int], bytes | dict[str, Any]]) -> Any:
    """A response with outputs y0, y1, ...: each its data type, its shape, and raw bytes or typed contents."""
    made = service_pb2.ModelInferResponse(model_name="m", model_version="1")
    for i, (datatype, shape, data) in enumerate(tensors):
        contents = {} if isinstance(data, bytes) else data
        made.outputs.add(name=f"y{i}", datatype=datatype, shape=shape, contents=contents)
        if isinstance(data, bytes):
            made.raw_output_contents.append(data)
    return made


def twice() -> Any:
    made = response(("INT8", [1], b"\1"), ("INT8", [1], b"\2"))
    made.outputs[1].name = "y0"
    return made


@pytest.mark.parametrize(
    "answer",
    [
        response(("FP32", [2], b"\0" * 4)),
        response(("FP32", [1], b"\0" * 3)),
        response(("FP99", [1], b"\0" * 8)),
        response(("FP32", [-1], b"\0" * 4)),
        response(("BYTES", [1], b"\5\0\0\0ab")),
        response(("BYTES", [1], b"\5\0")),
        response(("BYTES", [2], b"\0\0\0\0")),
        response(("BF16", [1], b"\0")),
        response(("INT8", [2], {"int_contents": [1]})),
        response(("INT8", [1], {"int_contents": [300]})),
        twice(),
    ],
)
def test_an_inference_that_cannot_be_read_is_no_answer(answer):
    with asking(lambda *_: answer) as client, pytest.raises(NoAnswer) as error:
        client.infer(REQUEST)
    assert "cannot be read" in error.value.message


def test_typed_contents_are_read_as_well_as_raw_ones():
    answer = response(
        ("INT64", [2], {"int64_contents": [0, 9007199254740993]}),
        ("BYTES", [1, 1], {"bytes_contents": ["é".encode()]}),
        ("BOOL", [2], {"bool_contents": [False, True]}),
    )
    with asking(lambda *_: answer) as client:
        outputs = client.infer(REQUEST).outputs
    assert outputs["y0"].tolist() == [0, 9007199254740993]
    assert outputs["y1"].tolist() == [["é".encode()]]
    assert outputs["y2"].tolist() == [False, True]


def test_parameters_and_headers_go_along():
    seen: dict[str, Any] = {}

    def note(request: Any, context: grpc.ServicerContext) -> Any:
        seen.update({name: getattr(p, p.WhichOneof("parameter_choice")) for name, p in request.parameters.items()})
        seen.update({key: value for key, value in context.invocation_metadata() if key.startswith("x-")})
        return response()

    given = {"timeout": 5, "mine": "a", "on": True, "sequence_id": 3}
    with answering(note) as address, connect(address, grpc=True, headers={"X-Key": "k"}, timeout=5) as client:
        client.infer(Inference(model="m", inputs=REQUEST.inputs, parameters=given))
    assert given.items() <= seen.items()
    assert seen["x-key"] == "k"


def test_a_refusal_keeps_its_status_and_words():
    def refuse(_: Any, context: grpc.ServicerContext) -> Any:
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "the queue is full")

    with asking(refuse) as client, pytest.raises(ServerError) as error:
        client.infer(REQUEST)
    assert error.value.message == "the queue is full"
    assert error.value.status == "RESOURCE_EXHAUSTED"


def test_closing_a_client_ends_what_is_in_flight_and_what_comes_after():
    reached, release = threading.Event(), threading.Event()

    def hold(*_: Any) -> Any:
        reached.set()
        release.wait(30)
        return response()

    with answering(hold) as address:
        client = connect(address, grpc=True, timeout=60)
        threading.Thread(target=lambda: (reached.wait(30), client.close())).start()
        with pytest.raises(NoAnswer):
            client.infer(REQUEST)
        with pytest.raises(NoAnswer):
            client.infer(REQUEST)
        release.set()


def part(number: int, *, final: bool | None = False, error: str = "") -> Any:
    """A response of a stream; with ``final`` ``None`` it says nothing of being the last."""
    made = service_pb2.ModelStreamInferResponse(error_message=error)
    if not error:
        made.infer_response.CopyFrom(response(("INT8", [1], bytes([number]))))
    if final is not None:
        made.infer_response.parameters["triton_final_response"].bool_param = final
    return made


def taken(client: Client) -> list[int]:
    """The numbers that a stream brings until it ends or fails."""
    return [int(result.outputs["y0"][0]) for result in client.stream(REQUEST)]


def test_a_stream_that_is_closed_without_a_last_response_has_ended():
    with asking(lambda *_: iter([part(1, final=None), part(2, final=None)])) as client:
        assert taken(client) == [1, 2]


def test_a_last_response_with_values_is_yielded_and_nothing_after_it():
    with asking(lambda *_: iter([part(1), part(2, final=True), part(3)])) as client:
        assert taken(client) == [1, 2]


def test_an_error_within_a_stream_is_raised_once_the_stream_has_ended():
    came = []
    with asking(lambda *_: iter([part(1), part(0, error="no two"), part(3), part(0, error="x", final=True)])) as client:
        with pytest.raises(ServerError) as error:
            came += [0 for _ in client.stream(REQUEST)]
        assert error.value.message == "no two"


@pytest.mark.parametrize("before", [0, 2], ids=["at once", "after two responses"])
def test_a_stream_that_breaks_off_says_how_far_it_came(before):
    def break_off(_: Any, context: grpc.ServicerContext) -> Any:
        yield from (part(n) for n in range(before))
        context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")

    came: list[object] = []
    with asking(break_off) as client, pytest.raises(NoAnswer) as error:
        came.extend(client.stream(REQUEST))
    assert len(came) == before
    assert ("after 2 responses" in error.value.message) is (before == 2)


def test_a_response_that_cannot_be_read_ends_the_stream():
    wrong = part(1)
    wrong.infer_response.raw_output_contents[0] = b""
    with asking(lambda *_: iter([wrong, part(2, final=True)])) as client, pytest.raises(NoAnswer) as error:
        taken(client)
    assert "cannot be read" in error.value.message


def test_who_stops_early_leaves_no_thread_behind():
    def endless(_: Any, context: grpc.ServicerContext) -> Any:
        while context.is_active():
            yield part(1)

    with asking(endless) as client:
        stream = client.stream(REQUEST)
        next(stream)
        stream.close()
        for thread in threading.enumerate():
            if thread.name == "tk-stream":
                thread.join(30)
                assert not thread.is_alive()


def test_parameters_go_along_with_a_stream():
    seen: dict[str, Any] = {}

    def note(request: Any, _: grpc.ServicerContext) -> Any:
        seen.update({name: getattr(p, p.WhichOneof("parameter_choice")) for name, p in request.parameters.items()})
        seen["id"] = request.id
        yield part(1, final=True)

    given = {
        "timeout": 5,
        "mine": "a",
        "on": True,
        "sequence_id": "s",
        "sequence_start": True,
        "rate": 0.5,
        "priority": 2,
    }
    with asking(note) as client:
        list(client.stream(Inference(model="m", inputs=REQUEST.inputs, parameters=given, request_id="x")))
    assert {**given, "id": "x", "triton_enable_empty_final_response": True}.items() <= seen.items()


def test_a_stream_has_every_data_type_as_a_single_request_has(client):
    inputs = {
        "FP32": np.array([[1.5, -2]], np.float32),
        "STRING": np.array([[b"a", "é".encode()]], dtype=object),
        "BOOL": np.array([[True]]),
        "INT64": np.array([[2**40]], np.int64).astype(">i8"),
    }
    request = Inference(model="echo", inputs=inputs)
    if client.protocol == "http":
        with pytest.raises(UsageError, match="gRPC port is not known"):
            list(client.stream(request))
        return
    (streamed,) = client.stream(request)
    single = client.infer(request)
    assert streamed.datatypes == single.datatypes
    assert {n: a.tolist() for n, a in streamed.outputs.items()} == {n: a.tolist() for n, a in single.outputs.items()}
