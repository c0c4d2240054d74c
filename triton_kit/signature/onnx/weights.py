"""The weights of an ONNX file by name, each as the hash of its bytes, wherever they are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.files import explain
from triton_kit.value import Value

if TYPE_CHECKING:
    from onnx import GraphProto, TensorProto

_PIECE = 1 << 20


class Weight(Value):
    """An initializer: ONNX's name of its element type, its shape, and the SHA-256 of its elements."""

    dtype: str
    shape: tuple[int, ...]
    digest: str


def read_weights(path: Path) -> dict[str, Weight]:
    """The initializers of a model's graph and of the graphs inside its nodes, whose names begin with the node's.

    The same elements give the same digest, kept in the file as raw bytes, as numbers, or in a file beside it. Raises
    ModelFileError where the model, or its external data, cannot be read.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(path, load_external_data=False)
    except OSError as error:
        raise explain(path, error) from None
    except DecodeError:
        raise ModelFileError(path, "is not an ONNX model", reason="malformed", hint="export the model again") from None
    return {name: _weight(path, tensor) for name, tensor in _initializers(model.graph, "")}


def _initializers(graph: GraphProto, prefix: str) -> Iterator[tuple[str, TensorProto]]:
    for tensor in graph.initializer:
        yield prefix + tensor.name, tensor
    for i, node in enumerate(graph.node):
        for attribute in node.attribute:
            inner = [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]
            for one in inner:
                yield from _initializers(one, f"{prefix}{node.name or f'{node.op_type}_{i}'}/")


def _weight(path: Path, tensor: TensorProto) -> Weight:
    from onnx import TensorProto

    digest = hashlib.sha256()
    for piece in _pieces(path, tensor):
        digest.update(piece)
    names = {number: name for name, number in TensorProto.DataType.items()}
    return Weight(
        dtype=names.get(tensor.data_type, str(tensor.data_type)), shape=tuple(tensor.dims), digest=digest.hexdigest()
    )


def _pieces(path: Path, tensor: TensorProto) -> Iterator[bytes]:
    """The elements as their bytes, little-endian."""
    from onnx import TensorProto, numpy_helper

    if tensor.data_location == TensorProto.EXTERNAL:
        yield from _external(path, {entry.key: entry.value for entry in tensor.external_data})
    elif tensor.HasField("raw_data"):
        yield tensor.raw_data
    elif tensor.string_data:
        for text in tensor.string_data:
            yield len(text).to_bytes(8, "little") + text
    else:
        try:
            yield numpy_helper.to_array(tensor).tobytes()
        except (ValueError, TypeError) as error:
            message = f"has a weight {tensor.name!r} that cannot be read: {error}"
            raise ModelFileError(path, message, reason="malformed") from None


def _external(path: Path, entries: dict[str, str]) -> Iterator[bytes]:
    location = Path(str(entries.get("location", "")))
    file = path.parent / location
    if location.is_absolute() or ".." in location.parts or not file.is_file():
        message = f"keeps weights in {str(location)!r}, which is not a file beside it"
        raise ModelFileError(path, message, reason="external")
    try:
        left = int(entries["length"]) if "length" in entries else None
        with file.open("rb") as data:
            data.seek(int(entries.get("offset", 0)))
            while left is None or left > 0:
                piece = data.read(_PIECE if left is None else min(_PIECE, left))
                if not piece:
                    break
                left = None if left is None else left - len(piece)
                yield piece
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ModelFileError(
            path, f"keeps weights in {file.name!r}, which cannot be read: {reason.lower()}", reason="external"
        ) from None
    if left:
        raise ModelFileError(path, f"keeps weights in {file.name!r}, which is too short", reason="external")
