"""The configuration as the server completes it before it judges it, with routes back into what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from triton_kit.backends.detect import NOTHING, Listing, detect_backend
from triton_kit.model import disk
from triton_kit.repository.tensor import TensorSpec, dims
from triton_kit.repository.text_format.source import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from triton_kit.model.model import Model
    from triton_kit.repository.model_config import ModelConfig, ModelInput, ModelOutput

DEFAULT_MAX_BATCH_SIZE = 4
"""What completion takes for a model that can batch (server, backend default ``default-max-batch-size``)."""


class Tensor:
    """An input or output of a configuration: as written, or as the backend completed it."""

    __slots__ = ("at", "data_type", "dims", "message", "name", "optional", "ragged", "reshape")

    def __init__(
        self, at: Route, message: ModelInput | ModelOutput | None, spec: TensorSpec | None = None, batched: bool = False
    ) -> None:
        self.at = at
        self.message = message
        if message is not None:
            self.name: str = message.name
            self.data_type: str | int = message.data_type
            self.dims: list[int] = list(message.dims)
            self.reshape: list[int] | None = list(message.reshape.shape) if message.has("reshape") else None
            own = cast("ModelInput", message) if at[0] == "input" else None
            self.optional = own is not None and own.optional
            self.ragged = own is not None and own.allow_ragged_batch
            return
        assert spec is not None
        self.name = spec.name
        self.data_type = spec.dtype or "TYPE_INVALID"
        self.reshape = None
        self.optional = self.ragged = False
        # A scalar is written as dims [1] and, where the model batches, an empty reshape
        # (onnxruntime onnxruntime.cc:AutoCompleteIO); an unknown rank looks like one.
        shape = dims(spec.shape or ())[1 if batched else 0 :]
        self.dims = shape or [1]
        if not shape and batched:
            self.reshape = []

    @property
    def kind(self) -> str:
        """``input`` or ``output``."""
        return str(self.at[0])

    @property
    def written(self) -> bool:
        """Whether it stands in the file."""
        return self.message is not None

    @property
    def shape(self) -> list[int]:
        """What the model itself gets: the reshape where there is one, otherwise dims."""
        return self.dims if self.reshape is None else self.reshape


class Detected(NamedTuple):
    """What the server's own completion makes of backend, platform and file name."""

    backend: str
    platform: str
    file_name: str
    undeterminable: bool = False


class Completed(NamedTuple):
    """A version's configuration after the backend's completion.

    ``skipped`` tells that the backend left it as written; ``known`` is false where only running the model's own code
    could tell what it adds. ``dynamic`` tells that dynamic batching is added; ``decoupled`` what is said of that.
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


MODEL_FILES = frozenset(
    ("model.savedmodel", "model.graphdef", "model.plan", "model.onnx", "model.xml", "model.pt", "model.py")
)
"""The names by which the server knows a model file."""


def detect(model: Model) -> Detected:
    """Backend, platform and file name as the server fills them in, whether or not completion is on.

    Source: core model_config_utils.cc:AutoCompleteBackendFields; it looks into the first sub-directory by name only.
    """
    config = model.config
    backend, platform, name = config.backend, config.platform, config.default_model_filename
    listing = NOTHING
    if not (platform or name) and backend in ("", "tensorflow") and model.directories:
        entries = model.listing(model.directories[0])
        listing = Listing(
            names=frozenset(entries), directories=frozenset(n for n, kind in entries.items() if kind == disk.DIRECTORY)
        )
    year, month = model.options.release
    found = detect_backend(
        model_name=model.name,
        backend=backend,
        platform=platform,
        filename=name,
        listing=listing,
        release=f"{year}.{month:02}",
    )
    undeterminable = not (found.backend or found.platform or found.default_model_filename)
    return Detected(found.backend, found.platform, found.default_model_filename, undeterminable)


def complete(model: Model, version: int) -> Completed:
    """The configuration of a version as its backend completes it; Broken where the model file cannot be read."""
    written = Completed(model.config.max_batch_size, model.inputs, model.outputs)
    if not model.options.auto_complete or model.is_ensemble:
        return written
    if model.backend == "onnxruntime":
        return _complete_onnx(model, version)
    if model.backend == "python":
        return _complete_python(model, version, written)
    return written._replace(known=model.backend in ("pytorch",))


def _complete_python(model: Model, version: int, written: Completed) -> Completed:
    from triton_kit.model.python_completion import outcome
    from triton_kit.signature.python_source import completes, method, model_class

    tree = model.python(version)
    if not completes(tree):
        return written
    found = model_class(tree)
    function = method(found, "auto_complete_config") if found and not found.bases else None
    said = outcome(function, written.max_batch_size) if function else None
    if said is None:
        return written._replace(known=False)
    return Completed(
        said.max_batch_size,
        _added("input", model.inputs, said.inputs),
        _added("output", model.outputs, said.outputs),
        skipped=False,
        dynamic=said.dynamic and not (model.config.has("dynamic_batching") or model.config.has("sequence_batching")),
        decoupled=said.decoupled,
    )


def _added(kind: str, written: list[Tensor], more: dict[str, tuple[str, list[int], bool]]) -> list[Tensor]:
    """The written tensors, and those of other names."""
    names = {tensor.name for tensor in written}
    tensors = list(written)
    for name, (data_type, dims_, optional) in more.items():
        if name not in names:
            tensor = Tensor((kind,), None, TensorSpec(name=name, dtype=data_type, shape=tuple(dims_)))
            tensor.optional = optional
            tensors.append(tensor)
    return tensors


def _complete_onnx(model: Model, version: int) -> Completed:
    """Source: onnxruntime onnxruntime.cc:AutoCompleteConfig, AutoCompleteMaxBatch, AutoCompleteIO."""
    from triton_kit.backends.onnxruntime import is_batchable

    size, inputs, outputs = model.config.max_batch_size, model.inputs, model.outputs
    if (inputs or model.config.batch_input) and outputs:
        return Completed(size, inputs, outputs)
    signature = model.signature(version).signature
    if not size and is_batchable(signature):
        size = model.options.default_max_batch_size
    batched = size > 0
    if not (inputs or model.config.batch_input):
        specs = sorted(signature.inputs, key=lambda spec: spec.name.encode())
        inputs = [Tensor(("input",), None, spec, batched) for spec in specs]
    if not outputs:
        specs = sorted(signature.outputs, key=lambda spec: spec.name.encode())
        outputs = [Tensor(("output",), None, spec, batched) for spec in specs]
    dynamic = size > 1 and not (model.config.has("dynamic_batching") or model.config.has("sequence_batching"))
    return Completed(size, inputs, outputs, skipped=False, dynamic=dynamic)
