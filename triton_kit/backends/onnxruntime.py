"""The ONNX Runtime backend: what it completes, and how it compares a config with a model.

The comparison is with what an ONNX Runtime session reports: every dimension that is not fixed is -1, and a tensor of
unknown rank has rank 0, as a scalar has (onnxruntime_backend, InputOutputInfos).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from triton_kit.backends.facts import Facts
from triton_kit.backends.types import Companion, Completion, ConfigTensor, FileKind
from triton_kit.repository.release_name import NEWEST, before
from triton_kit.repository.tensor import Dim, TensorSpec
from triton_kit.repository.tensor import dims as fixed_or_any
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.onnx import signature as onnx
from triton_kit.signature.types import Signature

name = "onnxruntime"
platforms = ("onnxruntime_onnx",)
default_file = "model.onnx"
suffixes = (".onnx",)
last_release: str = NEWEST
facts = Facts(
    completes="signature",
    responses="one",
    states=True,
    batch_io=True,
    accelerators=True,
    graph_level=True,
    operator_libraries=True,
    batch_checked=True,
    integers=("execution_mode", "intra_op_thread_count", "inter_op_thread_count"),
    booleans=("enable_mem_arena", "enable_mem_pattern"),
    cpu_count=2,
    opens_file=True,
    file_in_directory="model.onnx",
    shipped=True,
)

DEFAULT_MAX_BATCH_SIZE = 4
"""The server's ``--backend-config=default-max-batch-size`` (core, backend_config.cc)."""

BF16_SINCE = "26.03"
"""The first release whose backend takes TYPE_BF16 from a config (onnxruntime_backend, onnxruntime_utils.cc)."""


WITHOUT_ZIP_MAP = 'convert_sklearn(..., options={"zipmap": False})'
"""How skl2onnx gives the scores of a classifier as a tensor."""


def model_file(path: Path) -> Path:
    """The file that is loaded: a directory stands for ``model.onnx`` in it (onnxruntime_backend, LoadModel)."""
    return path / facts.file_in_directory if path.is_dir() else path


def recognise(path: Path) -> FileKind | None:
    """An .onnx file, a directory that holds a model.onnx, or a file of another name that reads as ONNX."""
    kind = FileKind(platform=platforms[0], default_file=default_file)
    if path.is_dir():
        return kind if model_file(path).is_file() else None
    if path.suffix.lower() in suffixes:
        return kind
    if path.suffix or not path.is_file():
        return None
    try:
        onnx.read(path)
    except ModelFileError:
        return None
    return kind


def read(path: Path) -> Signature | None:
    """The graph's inputs and outputs, as a session reports them: asked of ONNX Runtime where the file does not tell.

    Raises ModelFileError.
    """
    file = model_file(path)
    return onnx.infer_missing(file, onnx.read(file, checked=True), always_ask=True).signature


def has_zip_map(path: Path) -> bool:
    """Whether the graph has the node with which skl2onnx makes maps of labels and scores. Raises ModelFileError."""
    return any(operator == "ZipMap" for (_, _, operator, _, _), _ in onnx.read(model_file(path), checked=True).kinds)


def companions(path: Path) -> tuple[Companion, ...]:
    """The external data files of the model; each location is kept. Raises ModelFileError."""
    if path.is_dir():
        return ()
    locations = dict.fromkeys(os.path.normpath(data.location) for data in onnx.read(path).external_data)
    return tuple(Companion(source=path.parent / location, target=location) for location in locations)


def complete(
    signature: Signature,
    *,
    release: str = NEWEST,
    max_batch_size: int = 0,
    default_max_batch_size: int = DEFAULT_MAX_BATCH_SIZE,
) -> Completion:
    """What the server makes of a config without tensors: both lists from the session, in alphabetical order.

    A ``max_batch_size`` that is written stays. Without one, the model is batchable when every input and output has rank
    1 or more and -1 first; then it is the default (0 switches this off). Over 1, dynamic batching is added. A tensor
    that has no dims left gets ``[ 1 ]``, and an empty reshape when batching. (onnxruntime_backend, AutoCompleteMaxBatch
    and AutoCompleteIO.)
    """
    size = max_batch_size or (max(default_max_batch_size, 0) if is_batchable(signature) else 0)
    return Completion(
        max_batch_size=size,
        inputs=_complete_all(signature.inputs, size > 0, release),
        outputs=_complete_all(signature.outputs, size > 0, release),
        dynamic_batching=size > 1,
        blockers=tuple(_blockers(signature, release)),
    )


def is_batchable(signature: Signature) -> bool:
    """Whether completion takes the model for one that batches: -1 first in every input and output."""
    return all(session_dims(t.shape)[:1] == (-1,) for t in (*signature.inputs, *signature.outputs))


def session_dims(shape: Sequence[Dim] | None) -> tuple[int, ...]:
    """A shape as the session reports it: -1 for every size that is not fixed, ``()`` for an unknown rank."""
    return tuple(fixed_or_any(shape or ()))


def _complete_all(tensors: Iterable[TensorSpec], batching: bool, release: str) -> tuple[ConfigTensor, ...]:
    # The backend keeps them in a std::map: sorted by bytes, one entry for a name.
    named = {t.name: t for t in tensors}
    return tuple(
        _complete_one(named[n], batching, release) for n in sorted(named, key=lambda n: n.encode(errors="replace"))
    )


def _complete_one(tensor: TensorSpec, batching: bool, release: str) -> ConfigTensor:
    shape = session_dims(tensor.shape)[1 if batching else 0 :]
    return ConfigTensor(
        name=tensor.name,
        data_type=tensor.dtype if tensor.dtype and not _too_new(tensor.dtype, release) else "TYPE_INVALID",
        dims=shape or (1,),
        reshape=() if batching and not shape else None,
    )


def _too_new(dtype: str, release: str) -> bool:
    return dtype == "TYPE_BF16" and before(release, BF16_SINCE)


def _blockers(signature: Signature, release: str) -> Iterable[str]:
    for side, tensors in (("input", signature.inputs), ("output", signature.outputs)):
        for tensor in tensors:
            if tensor.dtype is None:
                yield f"{side} {tensor.name!r} has a type that Triton has no name for"
            elif _too_new(tensor.dtype, release):
                yield f"{side} {tensor.name!r} is BF16, which the onnxruntime backend takes from {BF16_SINCE} on"
            if 0 in session_dims(tensor.shape):
                yield f"{side} {tensor.name!r} has a dimension of 0, which a config cannot have"


def compare_dims(dims: Sequence[int], shape: Sequence[Dim] | None, *, batching: bool, exact: bool) -> str | None:
    """Why a config's dims do not agree with a model's complete shape; ``None`` where they do.

    ``"scalar"``: the model's rank is 0 or unknown, and not every dim is 1. ``"first-dim"``: the config batches, and the
    model's first dimension is fixed. ``"rank"``: another number of dimensions. ``"dims"``: another size.
    (onnxruntime_backend, ValidateInputs, ValidateOutputs and CompareDimsSupported.)
    """
    model = session_dims(shape)
    if not model:
        return None if all(d == 1 for d in dims) else "scalar"
    if batching and model[0] != -1:
        return "first-dim"
    full = (-1, *dims) if batching else tuple(dims)
    if len(full) != len(model):
        return "rank"
    same = all(m == d or (m == -1 and not exact) for m, d in zip(model, full, strict=True))
    return None if same else "dims"
