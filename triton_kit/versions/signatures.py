"""What a version takes and gives, and how two versions differ in that; pure but for reading model files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from triton_kit.backends.table import BACKENDS
from triton_kit.repository.tensor import TensorSpec, dims, show_shape
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.types import Signature
from triton_kit.versions.model_folder import ModelFolder, backend_and_file


def read_signature(backend: str, file: Path) -> Signature | None:
    """What a model file says of its tensors; ``None`` where it does not say. Raises ModelFileError."""
    known = BACKENDS.get(backend)
    return known.read(file) if known is not None and file.exists() else None


def version_signature(folder: ModelFolder, directory: Path) -> Signature | None:
    """What the model file in a version directory says; ``None`` where it does not say or cannot be read."""
    backend, name = backend_and_file(folder)
    if not name:
        return None
    try:
        return read_signature(backend, directory / name)
    except ModelFileError:
        return None


def differences(old: Signature, new: Signature) -> list[str]:
    """What is not the same for a client, one phrase for each tensor; order and names of sizes do not matter."""
    return [*_sides("input", old.inputs, new.inputs), *_sides("output", old.outputs, new.outputs)]


def _sides(side: str, old: Sequence[TensorSpec], new: Sequence[TensorSpec]) -> Iterator[str]:
    before, after = {t.name: t for t in old}, {t.name: t for t in new}
    for name, tensor in before.items():
        if name not in after:
            yield f"{side} {name} is gone: {show_tensor(tensor)}"
        elif _facts(tensor) != _facts(after[name]):
            yield f"{side} {name} is {show_tensor(after[name])}, and was {show_tensor(tensor)}"
    for name, tensor in after.items():
        if name not in before:
            yield f"{side} {name} is new: {show_tensor(tensor)}"


def _facts(tensor: TensorSpec) -> tuple[object, ...]:
    shape = None if tensor.shape is None else tuple(dims(tensor.shape))
    return tensor.dtype, shape, tensor.optional


def show_tensor(tensor: TensorSpec) -> str:
    """Data type and shape: ``FP32 [-1, 3]``."""
    kind = (tensor.dtype or "an unknown type").removeprefix("TYPE_")
    shape = show_shape(None if tensor.shape is None else dims(tensor.shape))
    return f"{kind} {shape}" + (" (optional)" if tensor.optional else "")


def brief(signature: Signature) -> str:
    """The signature in a line: ``x FP32 [-1, 4] -> y FP32 [-1, 2]``."""
    inputs, outputs = (
        ", ".join(f"{t.name} {show_tensor(t)}" for t in side) for side in (signature.inputs, signature.outputs)
    )
    return f"{inputs} -> {outputs}"
