"""The OpenVINO backend: an IR of .xml and .bin."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from triton_kit.backends.facts import Facts
from triton_kit.backends.generic import complete_as_is, first_bytes
from triton_kit.backends.types import Companion, Completion, ConfigTensor, FileKind
from triton_kit.repository.tensor import DATA_TYPES, TensorSpec, dims
from triton_kit.signature import openvino as ir
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.types import Signature

name = "openvino"
platforms: tuple[str, ...] = ()
default_file = "model.xml"
suffixes = (".xml",)
last_release: str | None = None
facts = Facts(
    completes_parts=True,
    responses="one",
    states=False,
    batch_io=False,
    accelerators=False,
    optional_inputs=False,
    batch_checked=True,
    kinds=("KIND_CPU", "KIND_AUTO"),
    default_kind="KIND_CPU",
    opens_file=True,
    python_stub=False,
)

_TYPES = frozenset(DATA_TYPES) - {"TYPE_FP64", "TYPE_BF16", "TYPE_STRING"}
"""openvino_backend, openvino_utils.cc."""

DEFAULT_MAX_BATCH_SIZE = 4
"""The server's ``--backend-config=default-max-batch-size`` (core, backend_config.cc)."""


def recognise(path: Path) -> FileKind | None:
    """An .xml file whose first element is ``net``."""
    if path.suffix.lower() != ".xml":
        return None
    head = first_bytes(path)
    return FileKind(platform="", default_file=default_file) if not head or b"<net" in head else None


def read(path: Path) -> Signature | None:
    """The parameters and results of the IR. Raises ModelFileError."""
    return ir.read(path)


def complete(signature: Signature, *, release: str | None = None) -> Completion:  # noqa: ARG001 - the Protocol's
    """The complete shapes as dims, without batching: a batch dimension shows only in a layout, which an IR may lack."""
    return complete_as_is(signature, _TYPES)


def complete_model(model: ir.IrModel, *, default_max_batch_size: int = DEFAULT_MAX_BATCH_SIZE) -> Completion:
    """What the server makes of an empty config: batching where every layout names a batch dimension.

    Then ``max_batch_size`` is the default, at least 1, with dynamic batching when over 1. A tensor with any dimension
    that is not fixed gets -1 for all of them. (openvino_backend, AutoCompleteBatching and AutoCompleteInputOrOutput.)
    """
    tensors = (*model.inputs, *model.outputs)
    size = max(default_max_batch_size, 1) if all(t.has_batch for t in tensors) else 0
    plain = complete_as_is(model.signature, _TYPES)
    return Completion(
        max_batch_size=size,
        inputs=tuple(_tensor(t.spec, size > 0) for t in model.inputs),
        outputs=tuple(_tensor(t.spec, size > 0) for t in model.outputs),
        dynamic_batching=size > 1,
        blockers=(*plain.blockers, *_without_rank(tensors)),
    )


def _tensor(spec: TensorSpec, batching: bool) -> ConfigTensor:
    shape = dims(spec.shape or ())
    if -1 in shape:
        shape = [-1] * len(shape)
    return ConfigTensor(
        name=spec.name,
        data_type=spec.dtype if spec.dtype in _TYPES and spec.dtype else "TYPE_INVALID",
        dims=tuple(shape[1 if batching else 0 :]),
    )


def _without_rank(tensors: Iterable[ir.IrTensor]) -> Iterable[str]:
    for tensor in tensors:
        if not tensor.spec.shape:
            kind = "an unknown rank" if tensor.spec.shape is None else "no dimensions"
            yield f"{tensor.spec.name!r} has {kind}, which the backend completes to empty dims"


def companions(path: Path) -> tuple[Companion, ...]:
    """The weights: the .bin file of the same name, ``model.bin`` beside ``model.xml``. Raises ModelFileError."""
    weights = path.with_suffix(".bin")
    if not weights.is_file():
        raise ModelFileError(
            path, f"has no {weights.name} beside it", reason="missing", hint="put the weights of the IR beside the .xml"
        )
    return (Companion(source=weights, target="model.bin"),)
