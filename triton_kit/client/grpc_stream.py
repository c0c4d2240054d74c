"""All responses to a request over a gRPC stream, each with the moment at which it came.

tritonclient has one stream for each client, and does not say when the server has closed it. So the messages are made
and read with its generated classes here, and gRPC's own call ends, with the stream, on time.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from triton_kit.client.address import Address
from triton_kit.client.codec import raw_bytes, split_parameters, wire_inputs
from triton_kit.client.errors import NoAnswer, ServerError
from triton_kit.client.grpc_failure import explain
from triton_kit.client.types import Inference, Parameter
from triton_kit.errors import TkError

if TYPE_CHECKING:
    from grpc import Channel, RpcError
    from tritonclient.grpc.service_pb2 import ModelInferRequest, ModelInferResponse, ModelStreamInferResponse

    Item = tuple[float, "ModelStreamInferResponse | RpcError | None"]
    Came = queue.Queue[Item]

AHEAD = 64
"""How many responses may come before they are taken; then the server is made to wait."""

_FINAL = "triton_final_response"


class Call(Protocol):
    """An open stream of gRPC."""

    def __iter__(self) -> Iterator[ModelStreamInferResponse]: ...

    def is_active(self) -> bool: ...


class GrpcStreams:
    """The streams to a server, over a channel that the first of them opens; safe to use from several threads."""

    def __init__(self, address: Address, open_channel: Callable[[], Channel], headers: Mapping[str, str]) -> None:
        self._address = address
        self._open = open_channel
        self._headers = tuple(headers.items())
        self._lock = threading.Lock()
        self._channel: Channel | None = None

    def ask(self, request: Inference, seconds: float) -> Iterator[tuple[float, ModelInferResponse]]:
        """Send the request, and yield each response that holds something, and after how many seconds it came.

        Raises at the end what the server refused, and NoAnswer where the stream did not end within ``seconds``.
        """
        from tritonclient.grpc import service_pb2_grpc

        stub = service_pb2_grpc.GRPCInferenceServiceStub(self._connected())
        message = encode_request(request)
        came: Came = queue.Queue(AHEAD)
        start = time.perf_counter()
        call = stub.ModelStreamInfer(iter([message]), metadata=self._headers, timeout=seconds)
        threading.Thread(target=_read, args=(call, came), daemon=True, name="tk-stream").start()
        refused: ServerError | None = None
        count = 0
        try:
            while True:
                at, response = came.get()
                if response is None:
                    break
                if isinstance(response, Exception):
                    raise refused or self._explained(response, seconds, count)
                answer = response.infer_response
                final = answer.parameters[_FINAL].bool_param
                if response.error_message:
                    refused = refused or ServerError(response.error_message, status="UNKNOWN")
                elif answer.outputs or not final:
                    count += 1
                    yield at - start, answer
                if final:
                    break
        finally:
            call.cancel()
        if refused is not None:
            raise refused

    def close(self) -> None:
        """Close the channel; streams that are open fail."""
        with self._lock:
            if self._channel is not None:
                self._channel.close()

    def _connected(self) -> Channel:
        with self._lock:
            if self._channel is None:
                self._channel = self._open()
            return self._channel

    def _explained(self, error: RpcError, seconds: float, count: int) -> TkError:
        """Why the stream broke off; after a response the port was the right one."""
        from tritonclient.utils import InferenceServerException

        found = explain(InferenceServerException(msg=error.details(), status=str(error.code())), self._address, seconds)
        if not count or not isinstance(found, NoAnswer):
            return found
        came = f"after {count} response{'s' if count > 1 else ''}"
        if error.code().name == "DEADLINE_EXCEEDED":
            return NoAnswer(
                f"{self._address} did not end the stream within {seconds:g} s, {came}",
                hint="ask for less, or raise --timeout",
            )
        return NoAnswer(f"{self._address} broke off the stream {came}", hint="look at the server's log")


def encode_request(request: Inference) -> ModelInferRequest:
    """The request as a message that asks to be told of the last response even where that is empty."""
    from tritonclient.grpc import service_pb2

    message = service_pb2.ModelInferRequest(
        model_name=request.model, model_version=request.version, id=request.request_id
    )
    for name, datatype, array in wire_inputs(request):
        message.inputs.add(name=name, datatype=datatype, shape=array.shape)
        message.raw_input_contents.append(raw_bytes(array, datatype))
    for name in request.outputs or ():
        output = message.outputs.add(name=name)
        if count := request.classes.get(name, 0):
            output.parameters["classification"].CopyFrom(service_pb2.InferParameter(int64_param=count))
    split_parameters(request.parameters)  # for the names that it refuses
    for name, value in {**request.parameters, "triton_enable_empty_final_response": True}.items():
        message.parameters[name].CopyFrom(service_pb2.InferParameter(**{_kind(name, value): value}))
    return message


def _kind(name: str, value: Parameter) -> str:
    """The field of ``InferParameter`` that holds the value."""
    match value:
        case bool():
            return "bool_param"
        case int():
            return "uint64_param" if name == "priority" else "int64_param"
        case float():
            return "double_param"
    return "string_param"


def _read(call: Call, came: Came) -> None:
    """Note when each response comes, and what ends them: ``None``, or the error."""
    import grpc

    try:
        for response in call:
            if not _put(call, came, (time.perf_counter(), response)):
                return
        _put(call, came, (time.perf_counter(), None))
    except grpc.RpcError as error:
        _put(call, came, (time.perf_counter(), error))


def _put(call: Call, came: Came, item: Item) -> bool:
    """Hand over what came; whether anybody may still take it."""
    while True:
        with contextlib.suppress(queue.Full):
            came.put(item, timeout=0.5)
            return True
        if not call.is_active():
            return False
