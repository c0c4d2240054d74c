"""Data types, tensors, and whether two shapes agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from triton_kit.value import Value

Dim: TypeAlias = int | str | None
"""A dimension: a fixed size, a named (symbolic) one, or an unknown one (``None``)."""


class DataType(Value):
    """One element type under each of its names.

    ``config`` is the name in config.pbtxt, ``wire`` the one in the inference protocol (KServe v2), ``numpy`` the
    name of the numpy dtype (``None`` where numpy has none), ``onnx`` the number in ONNX's ``TensorProto.DataType``,
    ``size`` the bytes an element takes (``None`` for strings).
    """

    config: str
    wire: str
    numpy: str | None
    onnx: int
    size: int | None


def _table() -> dict[str, DataType]:
    rows = (
        ("BOOL", "BOOL", "bool", 9, 1),
        ("UINT8", "UINT8", "uint8", 2, 1),
        ("UINT16", "UINT16", "uint16", 4, 2),
        ("UINT32", "UINT32", "uint32", 12, 4),
        ("UINT64", "UINT64", "uint64", 13, 8),
        ("INT8", "INT8", "int8", 3, 1),
        ("INT16", "INT16", "int16", 5, 2),
        ("INT32", "INT32", "int32", 6, 4),
        ("INT64", "INT64", "int64", 7, 8),
        ("FP16", "FP16", "float16", 10, 2),
        ("FP32", "FP32", "float32", 1, 4),
        ("FP64", "FP64", "float64", 11, 8),
        ("STRING", "BYTES", "object", 8, None),
        ("BF16", "BF16", None, 16, 2),
    )
    return {
        f"TYPE_{name}": DataType(config=f"TYPE_{name}", wire=wire, numpy=numpy, onnx=onnx, size=size)
        for name, wire, numpy, onnx, size in rows
    }


DATA_TYPES = _table()
"""Every data type of ``inference.DataType`` but TYPE_INVALID, by its config.pbtxt name."""

BY_WIRE = {t.wire: t for t in DATA_TYPES.values()}
BY_ONNX = {t.onnx: t for t in DATA_TYPES.values()}


class TensorSpec(Value):
    """A named input or output.

    ``dtype`` is a config.pbtxt name such as ``TYPE_FP32``, or ``None`` where the element type has no counterpart in
    Triton. ``shape`` is the complete shape, batch dimension included; ``None`` is an unknown rank.
    """

    name: str
    dtype: str | None
    shape: tuple[Dim, ...] | None
    optional: bool = False


def dims(shape: Sequence[Dim]) -> list[int]:
    """The shape as Triton writes it: every dimension that is not fixed is -1."""
    return [d if isinstance(d, int) and d >= 0 else -1 for d in shape]


def agree(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two shapes (with -1 for any size) can be the same: equal rank, each pair equal or one of it -1."""
    return len(one) == len(other) and all(a == b or -1 in (a, b) for a, b in zip(one, other, strict=True))


def show_shape(shape: Sequence[Dim] | None) -> str:
    """The shape for a message: ``[-1, 3, 224]``; an unknown rank is ``[?]``; named dimensions keep their name."""
    if shape is None:
        return "[?]"
    return "[" + ", ".join("-1" if d is None else str(d) for d in shape) + "]"
