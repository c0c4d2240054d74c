"""The inference protocol over HTTP: tritonclient makes the body of an inference and reads the answer's.

It travels over ``triton_kit.client.transport``, not over tritonclient's own connections: their time limit starts again
with every packet. Questions that JSON alone answers do without tritonclient, whose import takes longer than they do.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from triton_kit.client.address import Address
from triton_kit.client.certificates import SYSTEM, Certificates, make_context
from triton_kit.client.codec import check_tensors, explain_unreadable, own, set_inputs, split_parameters, unreadable
from triton_kit.client.errors import NoAnswer, ServerError
from triton_kit.client.transport import HttpResponse, Transport, check_headers
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

if TYPE_CHECKING:
    from types import TracebackType

    from triton_kit.client.types import Client

_LENGTH = "Inference-Header-Content-Length"


class HttpClient:
    """A server reached over HTTP; implements ``Client``. ``connect_stream`` opens a client of its gRPC port."""

    def __init__(self, transport: Transport, connect_stream: Callable[[], Client]) -> None:
        self._transport = transport
        self._connect_stream = connect_stream
        self._stream_client: Client | None = None

    @property
    def url(self) -> str:
        """The address in full, for messages."""
        return str(self._transport.address)

    @property
    def protocol(self) -> str:
        """``http``."""
        return "http"

    def live(self) -> bool:
        """Whether the server takes requests at all."""
        return self._says_yes("/v2/health/live")

    def ready(self) -> bool:
        """Whether the server calls itself ready; not to be believed alone, see ``triton_kit.client.health``."""
        return self._says_yes("/v2/health/ready")

    def model_ready(self, name: str, version: str = "") -> bool:
        """Whether that model can be asked now; one that does not exist cannot."""
        return self._says_yes(f"{_model(name, version)}/ready")

    def server_metadata(self) -> ServerMetadata:
        """Who answers."""
        value = self._json("GET", "/v2")
        return ServerMetadata(
            name=str(value.get("name", "")),
            version=str(value.get("version", "")),
            extensions=tuple(map(str, value.get("extensions") or ())),
        )

    def index(self) -> tuple[ModelIndexEntry, ...]:
        """Every model of the repository with its state (Triton's model repository extension)."""
        entries = self._json("POST", "/v2/repository/index", b"{}")
        return tuple(
            ModelIndexEntry(
                name=str(entry.get("name", "")),
                version=str(entry.get("version", "")),
                state=str(entry.get("state", "")),
                reason=str(entry.get("reason", "")),
            )
            for entry in entries
        )

    def metadata(self, model: str, version: str = "") -> ModelMetadata:
        """What the model takes and gives."""
        value = self._json("GET", _model(model, version))
        return ModelMetadata(
            name=str(value["name"]),
            versions=tuple(map(str, value.get("versions") or ())),
            platform=str(value.get("platform", "")),
            inputs=tuple(map(_tensor, value.get("inputs") or ())),
            outputs=tuple(map(_tensor, value.get("outputs") or ())),
        )

    def config(self, model: str, version: str = "") -> ServedConfig:
        """The configuration the server works with, completed (Triton's model configuration extension)."""
        return read_config(self._json("GET", f"{_model(model, version)}/config"))

    def load(self, model: str, config: Mapping[str, object] | None = None, *, timeout: float | None = None) -> None:
        """Load a model, or load it again; see ``Client.load``."""
        self._control(model, "load", {} if config is None else {"config": json.dumps(config)}, timeout)

    def unload(self, model: str, *, dependents: bool = False, timeout: float | None = None) -> None:
        """Begin to unload a model; see ``Client.unload``."""
        self._control(model, "unload", {"unload_dependents": dependents}, timeout)

    def warm(self) -> None:
        """Import tritonclient, which takes a quarter of a second."""
        import tritonclient.http  # noqa: F401

    def infer(self, request: Inference, *, timeout: float | None = None) -> InferResult:
        """Send one inference with binary tensors."""
        body, length = encode_request(request)
        headers = {"Content-Type": "application/octet-stream"}
        if length is not None:
            headers[_LENGTH] = str(length)
        start = time.perf_counter()
        answer = self._transport.request(
            "POST", f"{_model(request.model, request.version)}/infer", body, headers=headers, timeout=timeout
        )
        seconds = time.perf_counter() - start
        return decode_answer(answer.check(self.url), self.url, seconds)

    def streaming(self) -> Client:
        """A client of the server's gRPC port, which alone knows more than one response to a request."""
        if self._stream_client is None:
            self._stream_client = self._connect_stream()
        return self._stream_client

    def stream(self, request: Inference, *, timeout: float | None = None) -> Iterator[InferResult]:
        """Send one inference over a stream of the server's gRPC port; see ``Client.stream``."""
        yield from self.streaming().stream(request, timeout=timeout)

    def close(self) -> None:
        """Close the connections; requests in flight fail."""
        self._transport.close()
        if self._stream_client is not None:
            self._stream_client.close()

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _says_yes(self, path: str) -> bool:
        try:
            self._transport.request("GET", path).check(self.url)
        except ServerError as error:
            # A locked endpoint has not said no: it has not been asked.
            if error.status in ("401", "403"):
                raise
            return False
        return True

    def _control(self, model: str, verb: str, parameters: Mapping[str, object], timeout: float | None) -> None:
        path = f"/v2/repository/models/{quote(model, safe='')}/{verb}"
        body = json.dumps({"parameters": parameters}).encode()
        self._transport.request("POST", path, body, timeout=timeout).check(self.url)

    def _json(self, method: str, path: str, body: bytes | None = None) -> Any:
        value = self._transport.request(method, path, body).check(self.url).json(self.url)
        if not isinstance(value, dict | list):
            raise NoAnswer(f"{self.url} does not answer as an inference server does", hint="check the address")
        return value


def connect_http(
    address: Address,
    *,
    headers: Mapping[str, str],
    timeout: float,
    connect_stream: Callable[[], Client],
    certificates: Certificates = SYSTEM,
) -> HttpClient:
    """A client over HTTP; connects with the first request."""
    check_headers(headers)
    context = make_context(certificates) if address.secure else None
    return HttpClient(Transport(address, headers=headers, timeout=timeout, context=context), connect_stream)


def encode_request(request: Inference) -> tuple[bytes, int | None]:
    """The body of an inference and the length of the JSON that it begins with, ``None`` where that is all of it."""
    from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput

    outputs = [InferRequestedOutput(n, class_count=request.classes.get(n, 0)) for n in request.outputs or ()]
    body, length = InferenceServerClient.generate_request_body(
        set_inputs(request, InferInput),
        outputs=outputs,
        request_id=request.request_id,
        **split_parameters(request.parameters),
    )
    return body, length


def decode_answer(answer: HttpResponse, url: str, seconds: float) -> InferResult:
    """The arrays in an inference's answer. Raises NoAnswer when it does not hold what it says."""
    from tritonclient.http import InferenceServerClient

    try:
        length = _header_length(answer)
        result = InferenceServerClient.parse_response_body(answer.body, header_length=length)
        head = result.get_response()
        if not isinstance(head, dict):
            raise ValueError("it is not a JSON object")
        described = head.get("outputs") or []
        check_tensors([(o["name"], o["datatype"], o["shape"]) for o in described])
        _check_sizes(described, 0 if length is None else len(answer.body) - length)
        datatypes = {o["name"]: str(o["datatype"]) for o in described}
        outputs = {name: own(result.as_numpy(name), datatype) for name, datatype in datatypes.items()}
        name, version = str(head.get("model_name", "")), str(head.get("model_version", ""))
    except unreadable() as error:
        why = explain_unreadable(error)
        raise NoAnswer(f"{url} sent an answer that cannot be read: {why}", hint="check the address") from error
    return InferResult(model=name, version=version, outputs=outputs, datatypes=datatypes, seconds=seconds)


def _header_length(answer: HttpResponse) -> int | None:
    """How much of the body is JSON, ``None`` for all of it."""
    text = answer.headers.get(_LENGTH.lower())
    if text is None:
        return None
    length = int(text)
    if not 0 <= length <= len(answer.body):
        raise ValueError(f"its JSON claims to take {length} of {len(answer.body)} bytes")
    return length


def _check_sizes(outputs: list[Any], held: int) -> None:
    """Raise ValueError where the binary tensors take more than the ``held`` bytes: tritonclient reads what there is."""
    for output in outputs:
        size = (output.get("parameters") or {}).get("binary_data_size", 0)
        if type(size) is not int or size < 0:
            raise ValueError(f"the tensor {output['name']} claims to take {size!r} bytes")
        held -= size
    if held < 0:
        raise ValueError("its tensors are cut off")


def _model(name: str, version: str) -> str:
    path = f"/v2/models/{quote(name, safe='')}"
    return f"{path}/versions/{quote(version, safe='')}" if version else path


def _tensor(value: Any) -> TensorMetadata:
    return TensorMetadata(
        name=str(value["name"]), datatype=str(value["datatype"]), shape=tuple(map(int, value["shape"]))
    )
