"""What a server says of itself and of its models, and the face that both protocols show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

Parameter: TypeAlias = "str | int | float | bool"
"""The value of a request's parameter."""

if TYPE_CHECKING:
    from types import TracebackType

    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorMetadata:
    """An input or output as the inference protocol names it: ``datatype`` is ``FP32``, ``BYTES``, ...

    ``shape`` is complete, -1 for any size; for a model that batches it begins with the batch dimension.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelMetadata:
    """What a model takes and gives (KServe v2, model metadata)."""

    name: str
    versions: tuple[str, ...]
    platform: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerMetadata:
    """Who answers (KServe v2, server metadata)."""

    name: str
    version: str
    extensions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIndexEntry:
    """A line of the repository index: a model, or a version of it.

    ``version`` and ``state`` are empty for a model that was never loaded; ``state`` is otherwise ``READY``,
    ``LOADING``, ``UNLOADING`` or ``UNAVAILABLE`` (server common.h, ``ModelReadyStateString`` in core).
    """

    name: str
    version: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedConfig:
    """What a client needs of the completed configuration that a server works with; ``raw`` is all of it as JSON."""

    name: str
    max_batch_size: int
    formats: Mapping[str, str]
    optional: frozenset[str]
    labelled: frozenset[str]
    decoupled: bool
    raw: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """One inference.

    ``inputs`` are complete arrays, batch dimension included; strings are object arrays of ``bytes``. ``datatypes``
    names the wire type of an input where numpy has none of its own: ``BF16``, given as float32. An empty ``version``
    lets the server choose. ``outputs`` ``None`` asks for all of them; ``classes`` asks for the best N of an output as
    ``score:index:label`` strings instead of its values (Triton's classification extension). The server repeats the
    ``request_id`` in its log and in its answer.
    """

    model: str
    inputs: Mapping[str, Array]
    version: str = ""
    datatypes: Mapping[str, str] = field(default_factory=dict)
    outputs: Sequence[str] | None = None
    classes: Mapping[str, int] = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InferResult:
    """A model's answer: arrays by output name, strings as object arrays of ``bytes``, BF16 as float32.

    ``datatypes`` has the wire type of each; ``seconds`` is the time from sending to the last byte of the answer, of a
    stream to the last byte of this response.
    """

    model: str
    version: str
    outputs: Mapping[str, Array]
    datatypes: Mapping[str, str]
    seconds: float


class Client(Protocol):
    """A running server, over either protocol; safe to use from several threads, closed by ``with``.

    Every method raises ``NoAnswer`` when nobody answers in time and ``ServerError`` when the answer is an error.
    """

    @property
    def url(self) -> str:
        """The address in full, for messages."""
        ...

    @property
    def protocol(self) -> str:
        """``http`` or ``grpc``."""
        ...

    def live(self) -> bool: ...

    def ready(self) -> bool: ...

    def model_ready(self, name: str, version: str = "") -> bool: ...

    def server_metadata(self) -> ServerMetadata: ...

    def index(self) -> tuple[ModelIndexEntry, ...]: ...

    def metadata(self, model: str, version: str = "") -> ModelMetadata: ...

    def config(self, model: str, version: str = "") -> ServedConfig: ...

    def load(self, model: str, config: Mapping[str, object] | None = None, *, timeout: float | None = None) -> None:
        """Load a model, or load it again, and wait until the server says how that went.

        ``config`` is a whole configuration, in protobuf's JSON, to take instead of what the repository says.
        """
        ...

    def unload(self, model: str, *, dependents: bool = False, timeout: float | None = None) -> None:
        """Begin to unload a model; with ``dependents``, the models that an ensemble is made of, too.

        The server answers at once, also for a model that it does not know.
        """
        ...

    def warm(self) -> None:
        """Load what the first inference needs, so that its time is the server's alone."""
        ...

    def infer(self, request: Inference, *, timeout: float | None = None) -> InferResult:
        """Send one inference; ``timeout`` in seconds instead of the client's own."""
        ...

    def streaming(self) -> Client:
        """The client to call ``stream`` of: this one, or that of the same server's gRPC port.

        Raises UsageError where that port is not known.
        """
        ...

    def stream(self, request: Inference, *, timeout: float | None = None) -> Iterator[InferResult]:
        """Send one inference, and yield each response as it comes: how decoupled models are asked.

        ``timeout`` is for the whole stream. After an error the responses that follow it are yielded, too, and the
        error is raised at the end.
        """
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Client: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def read_config(raw: Mapping[str, Any]) -> ServedConfig:
    """Pick what a client needs out of a configuration in protobuf's JSON (64-bit integers may be strings)."""
    inputs, outputs = raw.get("input") or (), raw.get("output") or ()
    return ServedConfig(
        name=str(raw.get("name", "")),
        max_batch_size=int(raw.get("max_batch_size", 0)),
        formats={i["name"]: i.get("format", "FORMAT_NONE") for i in inputs},
        optional=frozenset(i["name"] for i in inputs if i.get("optional")),
        labelled=frozenset(o["name"] for o in outputs if o.get("label_filename")),
        decoupled=bool((raw.get("model_transaction_policy") or {}).get("decoupled")),
        raw=raw,
    )
