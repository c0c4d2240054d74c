"""Tensors as the bytes that travel: little-endian, row-major, strings with their length before them.

The same bytes serve HTTP (Triton's binary data extension) and gRPC (``raw_input_contents`` of KServe v2). They are
made here because tritonclient's HTTP module needs a quarter of a second to import, and because its reading of BF16
depends on its release: float32 before 26.06, ``ml_dtypes`` since.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from triton_kit.repository.tensor import BY_NUMPY, BY_WIRE

if TYPE_CHECKING:
    from triton_kit.client.types import Array


def datatype_of(array: Array) -> str:
    """The wire type of a numpy array: ``FP32`` for float32; object and byte-string arrays are ``BYTES``."""
    if array.dtype.kind in "SO":
        return "BYTES"
    found = BY_NUMPY.get(array.dtype.name)
    if found is None:
        raise ValueError(f"numpy's {array.dtype} has no counterpart in the inference protocol")
    return found.wire


def encode(array: Array, datatype: str) -> bytes:
    """The array's bytes on the wire; ``array`` already has the numpy type of ``datatype``, float32 for BF16."""
    if datatype == "BYTES":
        parts: list[bytes] = []
        for element in array.ravel():
            data = bytes(element)
            parts += (struct.pack("<I", len(data)), data)
        return b"".join(parts)
    if datatype == "BF16":
        return _to_bfloat16(array).tobytes()
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def decode(data: bytes | memoryview, datatype: str, shape: tuple[int, ...]) -> Array:
    """The array that ``encode`` took. Raises ValueError when the bytes do not fill the shape exactly."""
    import numpy as np

    if datatype == "BYTES":
        return _strings(bytes(data)).reshape(shape)
    if datatype == "BF16":
        wide = np.frombuffer(data, dtype="<u2").astype(np.uint32) << 16
        return wide.view(np.float32).reshape(shape)
    known = BY_WIRE.get(datatype)
    if known is None or known.numpy is None:
        raise ValueError(f"the data type {datatype} is unknown")
    # A copy, since what frombuffer gives is read-only and keeps the whole answer alive.
    return np.frombuffer(data, dtype=np.dtype(known.numpy).newbyteorder("<")).astype(known.numpy).reshape(shape)


def _strings(data: bytes) -> Array:
    import numpy as np

    found: list[bytes] = []
    offset = 0
    while offset < len(data):
        if offset + 4 > len(data):
            raise ValueError("a string's length is cut off")
        (size,) = struct.unpack_from("<I", data, offset)
        offset += 4
        if offset + size > len(data):
            raise ValueError("a string is cut off")
        found.append(data[offset : offset + size])
        offset += size
    array = np.empty(len(found), dtype=object)
    array[:] = found
    return array


def _to_bfloat16(array: Array) -> Array:
    """Round float32 to the nearest bfloat16, ties to even; a NaN stays one."""
    import numpy as np

    bits = np.ascontiguousarray(array, dtype="<f4").view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(array), (bits >> 16) | 0x40, rounded).astype("<u2")
