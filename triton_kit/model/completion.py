"""The configuration as the server completes it before it judges it, with routes back into what was written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from triton_kit.backends.facts import completer, facts
from triton_kit.errors import assert_never
from triton_kit.repository.release_name import show_release
from triton_kit.repository.text_format.source import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triton_kit.backends.types import ConfigTensor
    from triton_kit.model.python_completion import Evaluation, PythonCompletion
    from triton_kit.model.server_options import ServerOptions
    from triton_kit.repository.model_config import ModelConfig, ModelInput, ModelOutput
    from triton_kit.signature.types import Signature


class Tensor:
    """An input or output of a configuration: as written, or as the backend completed it; ``kind`` says which."""

    __slots__ = ("at", "data_type", "dims", "kind", "message", "name", "optional", "ragged", "reshape")

    def __init__(self, at: Route, message: ModelInput | ModelOutput | None, added: ConfigTensor | None = None) -> None:
        self.at = at
        self.kind = str(at[0])
        self.message = message
        if message is not None:
            self.name: str = message.name
            self.data_type: str | int = message.data_type
            self.dims: list[int] = list(message.dims)
            self.reshape: list[int] | None = list(message.reshape.shape) if message.has("reshape") else None
            own = cast("ModelInput", message) if self.kind == "input" else None
            self.optional = own is not None and own.optional
            self.ragged = own is not None and own.allow_ragged_batch
            return
        assert added is not None
        self.name = added.name
        self.data_type = added.data_type
        self.dims = list(added.dims)
        self.reshape = None if added.reshape is None else list(added.reshape)
        self.optional = added.optional
        self.ragged = False

    def filled(self, tensor: ConfigTensor) -> Tensor:
        """The same with the type and dims that the backend completes."""
        found = Tensor(self.at, self.message)
        found.data_type, found.dims, found.optional = tensor.data_type, list(tensor.dims), tensor.optional
        return found

    @property
    def written(self) -> bool:
        """Whether it is in the file."""
        return self.message is not None

    @property
    def shape(self) -> list[int]:
        """What the model itself gets: the reshape where there is one, otherwise dims."""
        return self.dims if self.reshape is None else self.reshape


class Completed(NamedTuple):
    """A version's configuration after the backend's completion.

    ``skipped`` says that the backend left it as written; ``known`` is false where only running the model's own code
    could tell what it adds. ``dynamic`` says that dynamic batching is added; ``decoupled`` what is said of that.
    """

    max_batch_size: int
    inputs: list[Tensor]
    outputs: list[Tensor]
    skipped: bool = True
    known: bool = True
    dynamic: bool = False
    decoupled: bool | None = None


def tensors(config: ModelConfig, kind: Literal["input", "output"]) -> list[Tensor]:
    """The written inputs or outputs."""
    messages: Sequence[ModelInput | ModelOutput] = config.input if kind == "input" else config.output
    return [Tensor((kind, i), message) for i, message in enumerate(messages)]


class Readers(NamedTuple):
    """How a version's model file is read, where its completion needs that.

    ``signature`` is that of its tensors, ``code`` what its own completion does, ``None`` where it has none.
    """

    signature: Callable[[], Signature]
    code: Callable[[], Evaluation | None]


def complete(
    written: Completed, config: ModelConfig, backend: str, server: ServerOptions, readers: Readers
) -> Completed:
    """The written configuration of a version as its backend completes it; raises what the readers raise."""
    completes = facts(backend).completes
    match completes:
        case "signature":
            return _from_signature(written, config, backend, server, readers.signature)
        case "code":
            return _from_code(written, config, readers.code)
        case "nothing":
            return written
        case "server":
            return written._replace(known=False)
        case _:
            assert_never(completes)


def _from_signature(
    written: Completed, config: ModelConfig, backend: str, server: ServerOptions, read: Callable[[], Signature]
) -> Completed:
    has_inputs = bool(written.inputs or config.batch_input)
    if has_inputs and written.outputs:
        return written
    found = completer(backend).complete(
        read(),
        release=show_release(server.release),
        max_batch_size=written.max_batch_size,
        default_max_batch_size=server.default_max_batch_size,
    )
    return Completed(
        found.max_batch_size,
        written.inputs if has_inputs else _all("input", found.inputs),
        written.outputs or _all("output", found.outputs),
        skipped=False,
        dynamic=found.dynamic_batching and not _schedules(config),
    )


def _from_code(written: Completed, config: ModelConfig, evaluate: Callable[[], Evaluation | None]) -> Completed:
    found = evaluate()
    if found is None:
        return written
    added = found.completed
    if added is None:
        return written._replace(known=False)
    return Completed(
        added.max_batch_size,
        _with_added("input", written.inputs, added),
        _with_added("output", written.outputs, added),
        skipped=False,
        dynamic=added.dynamic and not _schedules(config),
        decoupled=None if config.has("model_transaction_policy") else added.decoupled,
    )


def _schedules(config: ModelConfig) -> bool:
    return config.has("dynamic_batching") or config.has("sequence_batching")


def _all(kind: str, added: Iterable[ConfigTensor]) -> list[Tensor]:
    return [Tensor((kind,), None, tensor) for tensor in added]


def _with_added(kind: str, written: list[Tensor], said: PythonCompletion) -> list[Tensor]:
    """The written tensors, with what they lacked, and those of other names."""
    tensors = list(written)
    for filled, at, tensor in said.filled:
        if filled == kind:
            tensors[at] = written[at].filled(tensor)
    return [*tensors, *_all(kind, (tensor for added, tensor in said.added if added == kind))]
