"""The inference protocol over gRPC, with tritonclient's client."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from triton_kit.client.address import Address
from triton_kit.client.certificates import SYSTEM, Certificates, read_parts
from triton_kit.client.codec import explain_unreadable, set_inputs, split_parameters, unreadable
from triton_kit.client.errors import NoAnswer, ServerError
from triton_kit.client.grpc_answer import decode_answer
from triton_kit.client.grpc_failure import explain
from triton_kit.client.grpc_stream import GrpcStreams
from triton_kit.client.transport import check_headers
from triton_kit.client.types import (
    Inference,
    InferResult,
    ModelIndexEntry,
    ModelMetadata,
    ServedConfig,
    ServerMetadata,
    TensorMetadata,
    read_config,
)
from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from types import TracebackType

    from tritonclient.grpc import InferenceServerClient
    from tritonclient.grpc import InferResult as Result
    from tritonclient.grpc.service_pb2 import ModelMetadataResponse


_CHANNEL = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # Who waits for a server asks every half second; gRPC alone would wait up to two minutes between attempts.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.use_local_subchannel_pool", 1),
)


class GrpcClient:
    """A server reached over gRPC; implements ``Client``."""

    def __init__(
        self,
        address: Address,
        *,
        client: InferenceServerClient,
        streams: GrpcStreams,
        headers: Mapping[str, str],
        timeout: float,
    ) -> None:
        self._address = address
        self._streams = streams
        self._client = client
        self._headers = headers
        self._timeout = timeout

    @property
    def url(self) -> str:
        """The address in full, for messages."""
        return str(self._address)

    @property
    def protocol(self) -> str:
        """``grpc``."""
        return "grpc"

    def live(self) -> bool:
        """Whether the server takes requests at all."""
        return bool(self._call(self._client.is_server_live))

    def ready(self) -> bool:
        """Whether the server calls itself ready; not to be believed alone, see ``triton_kit.client.health``."""
        return bool(self._call(self._client.is_server_ready))

    def model_ready(self, name: str, version: str = "") -> bool:
        """Whether that model can be asked now; one that does not exist cannot."""
        try:
            return bool(self._call(self._client.is_model_ready, name, version))
        except ServerError as error:
            if error.status in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
                raise
            return False

    def server_metadata(self) -> ServerMetadata:
        """Who answers."""
        value = self._call(self._client.get_server_metadata)
        return ServerMetadata(name=value.name, version=value.version, extensions=tuple(value.extensions))

    def index(self) -> tuple[ModelIndexEntry, ...]:
        """Every model of the repository with its state (Triton's model repository extension)."""
        value = self._call(self._client.get_model_repository_index)
        return tuple(
            ModelIndexEntry(name=m.name, version=m.version, state=m.state, reason=m.reason) for m in value.models
        )

    def metadata(self, model: str, version: str = "") -> ModelMetadata:
        """What the model takes and gives."""
        value = self._call(self._client.get_model_metadata, model, version)
        return ModelMetadata(
            name=value.name,
            versions=tuple(value.versions),
            platform=value.platform,
            inputs=tuple(map(_tensor, value.inputs)),
            outputs=tuple(map(_tensor, value.outputs)),
        )

    def config(self, model: str, version: str = "") -> ServedConfig:
        """The configuration the server works with, completed (Triton's model configuration extension)."""
        from google.protobuf.json_format import MessageToDict

        value = self._call(self._client.get_model_config, model, version)
        return read_config(MessageToDict(value.config, preserving_proto_field_name=True))

    def load(self, model: str, config: Mapping[str, object] | None = None, *, timeout: float | None = None) -> None:
        """Load a model, or load it again; see ``Client.load``."""
        text = None if config is None else json.dumps(config)
        self._call(self._client.load_model, model, config=text, within=timeout)

    def unload(self, model: str, *, dependents: bool = False, timeout: float | None = None) -> None:
        """Begin to unload a model; see ``Client.unload``."""
        self._call(self._client.unload_model, model, unload_dependents=dependents, within=timeout)

    def warm(self) -> None:
        """Nothing: tritonclient was imported with the channel."""

    def infer(self, request: Inference, *, timeout: float | None = None) -> InferResult:
        """Send one inference with raw tensors."""
        from tritonclient.grpc import InferInput, InferRequestedOutput

        inputs = set_inputs(request, InferInput)
        outputs = [InferRequestedOutput(n, class_count=request.classes.get(n, 0)) for n in request.outputs or ()]
        options = {
            "outputs": outputs,
            "model_version": request.version,
            "request_id": request.request_id,
            **split_parameters(request.parameters),
        }
        start = time.perf_counter()
        answer = self._call(self._client.infer, request.model, inputs, within=timeout, **options)
        return self._decoded(answer, time.perf_counter() - start)

    def _decoded(self, answer: Result, seconds: float) -> InferResult:
        try:
            return decode_answer(answer, seconds)
        except unreadable() as error:
            why = explain_unreadable(error)
            raise NoAnswer(f"{self.url} sent an answer that cannot be read: {why}", hint="check the port") from error

    def streaming(self) -> GrpcClient:
        """This client."""
        return self

    def stream(self, request: Inference, *, timeout: float | None = None) -> Iterator[InferResult]:
        """Send one inference over a stream, and yield each response as it comes; see ``Client.stream``."""
        from tritonclient.grpc import InferResult as Result

        for seconds, answer in self._streams.ask(request, self._timeout if timeout is None else timeout):
            yield self._decoded(Result(answer), seconds)

    def close(self) -> None:
        """Close the channels; requests in flight fail."""
        self._streams.close()
        self._client.close()

    def __enter__(self) -> GrpcClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, ask: Callable[..., Any], *arguments: object, within: float | None = None, **options: object) -> Any:
        from tritonclient.utils import InferenceServerException

        seconds = self._timeout if within is None else within
        try:
            return ask(*arguments, headers=self._headers, client_timeout=seconds, **options)
        except InferenceServerException as error:
            raise explain(error, self._address, seconds) from error
        except ValueError as error:
            # grpc says so of a channel that another thread has closed.
            raise NoAnswer(f"{self.url}: {error}") from error


def connect_grpc(
    address: Address, *, headers: Mapping[str, str], timeout: float, certificates: Certificates = SYSTEM
) -> GrpcClient:
    """A client over gRPC; connects with the first request. Raises UsageError where gRPC is not installed."""
    import os

    # gRPC's C core talks to stderr by itself about what is reported here anyway.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        import grpc
        from tritonclient.grpc import InferenceServerClient
    except ImportError:
        raise UsageError("gRPC is not installed", hint="install it: pip install 'triton-kit[grpc]'") from None
    check_headers(headers)
    options: tuple[tuple[str, int], ...] = _CHANNEL
    if address.host in ("localhost", "::1") or address.host.startswith("127."):
        options = (*options, ("grpc.enable_http_proxy", 0))
    credentials = grpc.ssl_channel_credentials(*read_parts(certificates)) if address.secure else None
    client = InferenceServerClient(address.authority, creds=credentials, channel_args=list(options))

    def open_channel() -> grpc.Channel:
        if credentials is None:
            return grpc.insecure_channel(address.authority, options)
        return grpc.secure_channel(address.authority, credentials, options)

    names = {name.lower(): value for name, value in headers.items()}
    streams = GrpcStreams(address, open_channel, names)
    return GrpcClient(address, client=client, streams=streams, headers=names, timeout=timeout)


def _tensor(value: ModelMetadataResponse.TensorMetadata) -> TensorMetadata:
    return TensorMetadata(name=value.name, datatype=value.datatype, shape=tuple(value.shape))
