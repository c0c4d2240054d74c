"""The arrays in an answer over gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triton_kit.client.codec import check_tensors, own
from triton_kit.client.types import InferResult

if TYPE_CHECKING:
    from tritonclient.grpc import InferResult as Result
    from tritonclient.grpc.service_pb2 import InferTensorContents

    from triton_kit.client.types import Array


def decode_answer(result: Result, seconds: float) -> InferResult:
    """The arrays in tritonclient's ``InferResult``. Raises what ``unreadable`` lists when it lies."""
    answer = result.get_response()
    check_tensors([(o.name, o.datatype, list(o.shape)) for o in answer.outputs])
    outputs: dict[str, Array] = {}
    for i, output in enumerate(answer.outputs):
        if i < len(answer.raw_output_contents):
            outputs[output.name] = own(result.as_numpy(output.name), output.datatype)
        else:
            outputs[output.name] = _from_contents(output.contents, output.datatype, tuple(output.shape))
    return InferResult(
        model=answer.model_name,
        version=answer.model_version,
        outputs=outputs,
        datatypes={o.name: o.datatype for o in answer.outputs},
        seconds=seconds,
    )


def _from_contents(contents: InferTensorContents, datatype: str, shape: tuple[int, ...]) -> Array:
    """Typed contents, which servers other than Triton send, and of which tritonclient reads strings alone."""
    import numpy as np

    from triton_kit.repository.tensor import BY_WIRE

    values = [value for _, field in contents.ListFields() for value in field]
    if datatype == "BYTES":
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array.reshape(shape)
    return np.array(values, dtype=BY_WIRE[datatype].numpy or "float32").reshape(shape)
