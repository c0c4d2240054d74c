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

REQUEST = Inference(model="m", inputs={"x": np.zeros(1, np.float32)})


@contextlib.contextmanager
def answering(answer: Callable[[Any, grpc.ServicerContext], Any]) -> Iterator[str]:
    """A gRPC server that treats each inference with ``answer``; yields its address."""

    class Servicer(service_pb2_grpc.GRPCInferenceServiceServicer):
        def ModelInfer(self, request: Any, context: grpc.ServicerContext) -> Any:
            return answer(request, context)

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
