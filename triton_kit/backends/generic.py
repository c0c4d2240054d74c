"""What backends have in common: completion without a batch dimension, text parameters, a file's first bytes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from triton_kit.backends.types import Completion, ConfigTensor
from triton_kit.repository.tensor import DATA_TYPES, TensorSpec, dims
from triton_kit.signature.types import Signature

ALL_TYPES = frozenset(DATA_TYPES)


def complete_as_is(signature: Signature, supported: frozenset[str] = ALL_TYPES) -> Completion:
    """Complete shapes as dims, in the order of the signature, without batching."""
    return Completion(
        max_batch_size=0,
        inputs=tuple(_tensor(t) for t in signature.inputs),
        outputs=tuple(_tensor(t) for t in signature.outputs),
        dynamic_batching=False,
        blockers=(*_blockers("input", signature.inputs, supported), *_blockers("output", signature.outputs, supported)),
    )


def _tensor(tensor: TensorSpec) -> ConfigTensor:
    return ConfigTensor(
        name=tensor.name,
        data_type=tensor.dtype or "TYPE_INVALID",
        dims=tuple(dims(tensor.shape or ())) or (1,),
        optional=tensor.optional,
    )


def _blockers(side: str, tensors: tuple[TensorSpec, ...], supported: frozenset[str]) -> list[str]:
    found = []
    for tensor in tensors:
        if tensor.dtype is None:
            found.append(f"{side} {tensor.name!r} has a type that Triton has no name for")
        elif tensor.dtype not in supported:
            found.append(f"{side} {tensor.name!r} is {tensor.dtype}, which this backend does not take")
        if tensor.shape and 0 in tensor.shape:
            found.append(f"{side} {tensor.name!r} has a dimension of 0")
    return found


def text_parameters(parameters: Mapping[str, str]) -> dict[str, object]:
    """Parameters as the config has them."""
    return {key: {"string_value": value} for key, value in parameters.items()}


def first_bytes(path: Path, count: int = 512) -> bytes:
    """The start of a regular file; empty for anything else and where it cannot be read. Never waits."""
    if not path.is_file():
        return b""
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return b""
    try:
        return os.read(fd, count)
    except OSError:
        return b""
    finally:
        os.close(fd)
