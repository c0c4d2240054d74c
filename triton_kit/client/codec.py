"""What both protocols need around tritonclient's codec: the arrays it takes, and a check of those it gives.

tritonclient encodes and decodes the tensors. Its reading is lenient: an unknown data type becomes float64, and a size
of -1 is made up. How it takes BF16 depends on its release: as float32 before 26.06, of which it keeps the upper half,
and as ``ml_dtypes.bfloat16`` since, which rounds to the nearest. Users have float32 here with either.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from triton_kit.errors import UsageError

if TYPE_CHECKING:
    from typing import Protocol

    from triton_kit.client.types import Array, Inference

    class Input(Protocol):
        """An ``InferInput`` of tritonclient."""

        def set_data_from_numpy(self, input_tensor: Array) -> object: ...


_NAMED = ("sequence_id", "sequence_start", "sequence_end", "priority", "timeout")
"""Parameters of a request that tritonclient takes as arguments of their own, and refuses among the others."""


def set_inputs(request: Inference, kind: Callable[[str, list[int], str], Input]) -> list[object]:
    """The request's inputs as ``kind``, the ``InferInput`` of tritonclient's http or grpc, with their data.

    Raises ValueError for an array that the inference protocol has no data type for.
    """
    return [
        kind(name, list(array.shape), datatype).set_data_from_numpy(array)
        for name, datatype, array in wire_inputs(request)
    ]


def wire_inputs(request: Inference) -> Iterator[tuple[str, str, Array]]:
    """The request's inputs by name, each with its data type and as tritonclient takes it."""
    for name, array in request.inputs.items():
        # What a file holds may be big-endian; tritonclient sends the bytes as they lie, and names native types only.
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
        datatype = request.datatypes.get(name) or datatype_of(array)
        yield name, datatype, _narrow(array) if datatype == "BF16" else array


def raw_bytes(array: Array, datatype: str) -> bytes:
    """Such an input as it travels."""
    import tritonclient.utils as codec

    if datatype == "BYTES" or (datatype == "BF16" and array.dtype.itemsize == 4):
        packed = codec.serialize_byte_tensor(array) if datatype == "BYTES" else codec.serialize_bf16_tensor(array)
        return bytes(packed.item()) if packed.size else b""
    return bytes(array.tobytes())


def datatype_of(array: Array) -> str:
    """The wire type of a numpy array: ``FP32`` for float32; object and byte-string arrays are ``BYTES``."""
    from tritonclient.utils import np_to_triton_dtype

    found = np_to_triton_dtype(array.dtype)
    if found is None:
        raise ValueError(f"numpy's {array.dtype} has no counterpart in the inference protocol")
    return str(found)


def split_parameters(parameters: Mapping[str, object]) -> dict[str, object]:
    """The parameters of a request as tritonclient's arguments. Raises UsageError for a name that it keeps to itself."""
    for name in parameters:
        if name in ("binary_data_output", "headers") or name.startswith("triton_"):
            raise UsageError(f"the parameter {name} is reserved", hint="choose another name")
    named = {name: value for name, value in parameters.items() if name in _NAMED}
    return {**named, "parameters": {n: v for n, v in parameters.items() if n not in named}}


def check_tensors(tensors: Sequence[tuple[object, object, object]]) -> None:
    """Raise ValueError where an answer's tensors, each name, data type and shape, are none that there can be."""
    from tritonclient.utils import triton_to_np_dtype

    seen = set()
    for name, datatype, shape in tensors:
        if not isinstance(name, str) or name in seen:
            raise ValueError(f"an output is called {name!r}" + (" as another one" if name in seen else ""))
        seen.add(name)
        if triton_to_np_dtype(datatype) is None:
            raise ValueError(f"the data type {datatype} of {name} is unknown")
        if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
            raise ValueError(f"the shape of {name} is {shape!r}")


def own(array: Array, datatype: str) -> Array:
    """What tritonclient read, as users have it: BF16 as float32, strings as ``bytes``, and theirs to write to."""
    import numpy as np
    from tritonclient.utils import triton_to_np_dtype

    if datatype == "BYTES":
        strings = np.empty(array.size, dtype=object)
        strings[:] = [e if isinstance(e, bytes) else str(e).encode() for e in array.ravel()]
        return strings.reshape(array.shape)
    # A copy in any case: what comes out of a buffer is read-only. Without elements, tritonclient 2.49 gives float64.
    return array.astype(np.float32 if datatype == "BF16" else triton_to_np_dtype(datatype))


def read_bfloat16(data: bytes) -> Array:
    """Raw bfloat16, two bytes each, as float32."""
    import numpy as np
    import tritonclient.utils as codec

    kind = np.dtype(codec.triton_to_np_dtype("BF16"))
    if kind.itemsize == 2:
        return np.frombuffer(data, dtype=kind).astype(np.float32)
    return np.asarray(codec.deserialize_bf16_tensor(data), dtype=np.float32).ravel()


def unreadable() -> tuple[type[Exception], ...]:
    """What tritonclient raises over an answer that does not hold what it says."""
    from tritonclient.utils import InferenceServerException

    return (
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        OverflowError,
        struct.error,
        InferenceServerException,
    )


def explain_unreadable(error: Exception) -> str:
    """Such an exception in words."""
    match error:
        case KeyError():
            return f"it has no {error.args[0]}"
        case struct.error():
            return "its tensors are cut off"
    return str(error)


def _narrow(array: Array) -> Array:
    """Float32 as what tritonclient takes for BF16."""
    import numpy as np
    from tritonclient.utils import triton_to_np_dtype

    with np.errstate(invalid="ignore", over="ignore"):
        return array.astype(triton_to_np_dtype("BF16"), copy=False)
