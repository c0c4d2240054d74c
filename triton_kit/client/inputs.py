"""Read inputs from files and from the command line."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.client.input_slots import Slot, convert, find_slot, to_array
from triton_kit.errors import TkError, UsageError
from triton_kit.repository.tensor import BY_WIRE

if TYPE_CHECKING:
    from triton_kit.client.types import Array

FORMS = 'write {"NAME": [...]}, {"inputs": [{"name": ..., "shape": ..., "data": ...}]} or {"data": [{...}, ...]}'


def read_inline(text: str, known: Mapping[str, Slot]) -> tuple[str, Array]:
    """``NAME=VALUE``: a JSON value, plain text for a BYTES input, or ``@FILE`` for what a file holds."""
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(
            f"{text!r} is not of the form NAME=VALUE", hint="write an input as NAME=[1,2,3], NAME=text or NAME=@FILE"
        )
    slot = find_slot(known, name)
    if value.startswith("@"):
        return name, _read_one(Path(value[1:]), slot)
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        if slot.datatype != "BYTES":
            hint = f"{slot} takes numbers as JSON, such as {name}=[1,2,3]"
            raise UsageError(f"{value!r} is not a JSON value", hint=hint) from None
        parsed = value
    if slot.datatype == "BYTES" and not isinstance(parsed, str | list):
        parsed = value  # 5 and true are words where words are asked for
    return name, to_array(parsed, slot)


def read_data(path: Path, known: Mapping[str, Slot]) -> list[dict[str, Array]]:
    """The requests in a file: each is arrays by input name, of the input's type, in the shape they were written in.

    ``.npz`` holds one request; ``.npy`` the only input's; anything else is JSON, where a list of objects, alone or
    under ``data``, is a request each (perf_analyzer's form). Raises UsageError for what does not fit the model.
    """
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return [_read_npz(path, known)]
    if suffix == ".npy":
        only = list(known.values())
        if len(only) != 1:
            names = ", ".join(known)
            raise UsageError(f"{path} holds one array, and the inputs are {names}", hint="give NAME=@FILE.npy for each")
        return [{only[0].name: convert(_load_npy(path), only[0])}]
    return read_json(_load_json(path), known)


def read_json(value: object, known: Mapping[str, Slot]) -> list[dict[str, Array]]:
    """The requests in a JSON document, in any of the forms of ``read_data``."""
    match value:
        case {"inputs": [*tensors]} if "inputs" not in known:
            return [dict(_protocol_tensor(tensor, known) for tensor in tensors)]
        case {"data": [*rows]} if "data" not in known:
            return [request for row in rows for request in _row(row, known)]
        case [*rows] if rows:
            return [request for row in rows for request in _row(row, known)]
        case {**named} if named:
            return [{str(name): _named_tensor(v, find_slot(known, str(name))) for name, v in named.items()}]
    raise UsageError("the data holds no inputs", hint=FORMS)


def _row(row: object, known: Mapping[str, Slot]) -> list[dict[str, Array]]:
    """A request, or in perf_analyzer's form a sequence of them."""
    match row:
        case list():
            return [request for inner in row for request in _row(inner, known)]
        case {**named} if named:
            return read_json(named, known)
    raise UsageError(f"{row!r} is not a request", hint=FORMS)


def _protocol_tensor(tensor: object, known: Mapping[str, Slot]) -> tuple[str, Array]:
    """``{"name", "shape", "datatype", "data"}`` as KServe v2 writes it; the data may be flat."""
    if not isinstance(tensor, dict) or not isinstance(tensor.get("name"), str) or "data" not in tensor:
        raise UsageError(f"{json.dumps(tensor)} is not a tensor", hint='write {"name": ..., "shape": ..., "data": ...}')
    slot = find_slot(known, tensor["name"])
    datatype = tensor.get("datatype", slot.datatype)
    if datatype != slot.datatype:
        raise UsageError(f"input {slot.name} takes {slot.datatype}, and the data says {datatype}")
    return slot.name, _shaped(to_array(tensor["data"], slot), tensor.get("shape"), slot)


def _named_tensor(value: object, slot: Slot) -> Array:
    """A value, or ``{"content": [...], "shape": [...]}`` or ``{"b64": "..."}`` as perf_analyzer writes them."""
    match value:
        case {"content": content, **rest}:
            return _shaped(to_array(content, slot), rest.get("shape"), slot)
        case {"b64": str(text), **rest}:
            try:
                data = base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                raise UsageError(f"the b64 of input {slot.name} is not base64") from None
            return _shaped(_raw(data, slot), rest.get("shape"), slot)
        case dict():
            raise UsageError(f"input {slot.name} is an object without content or b64", hint=FORMS)
    return to_array(value, slot)


def _shaped(array: Array, shape: object, slot: Slot) -> Array:
    if shape is None:
        return array
    if not isinstance(shape, list) or not all(isinstance(d, int) and d >= 0 for d in shape):
        raise UsageError(f"the shape of input {slot.name} is not a list of sizes: {json.dumps(shape)}")
    try:
        return array.reshape(shape)
    except ValueError:
        message = f"the shape of input {slot.name} is {shape}, and its data has {array.size} elements"
        raise UsageError(message) from None


def _read_one(path: Path, slot: Slot) -> Array:
    """What a file holds for one input: an array, a JSON value, or the raw bytes of the tensor."""
    match path.suffix.lower():
        case ".npy":
            return convert(_load_npy(path), slot)
        case ".json":
            return _named_tensor(_load_json(path), slot)
    return _raw(_read(path), slot)


def _raw(data: bytes, slot: Slot) -> Array:
    """Bytes as they are: one string, or the elements little-endian in row-major order."""
    import numpy as np

    if slot.datatype == "BYTES":
        array = np.empty(1, dtype=object)
        array[0] = data
        return array
    kind = BY_WIRE[slot.datatype]
    if len(data) % (kind.size or 1):
        raise UsageError(f"{len(data)} bytes are not a whole number of {slot.datatype}, which input {slot.name} takes")
    if slot.datatype == "BF16":
        from triton_kit.client.codec import read_bfloat16

        return read_bfloat16(data)
    return np.frombuffer(data, dtype=np.dtype(kind.numpy).newbyteorder("<")).astype(kind.numpy or "float32")


def _read_npz(path: Path, known: Mapping[str, Slot]) -> dict[str, Array]:
    import zipfile
    import zlib

    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: convert(archive[name], find_slot(known, name)) for name in archive.files}
    except OSError as error:
        raise _unreadable(path, error) from None
    except (ValueError, zipfile.BadZipFile, zlib.error, EOFError, AttributeError) as error:
        raise UsageError(f"{path} is not a .npz file of plain arrays: {error}", hint=_no_pickle(error)) from None


def _load_npy(path: Path) -> Array:
    import numpy as np

    try:
        array = np.load(path, allow_pickle=False)
    except OSError as error:
        raise _unreadable(path, error) from None
    except (ValueError, EOFError) as error:
        raise UsageError(f"{path} is not a .npy file of a plain array: {error}", hint=_no_pickle(error)) from None
    if not isinstance(array, np.ndarray):
        raise UsageError(f"{path} is not a .npy file", hint="name it .npz")
    return array


def _no_pickle(error: Exception) -> str | None:
    return "save strings as numpy's str or bytes arrays" if "pickle" in str(error).lower() else None


def _load_json(path: Path) -> object:
    try:
        return json.loads(_read(path))
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text", hint="give a .json, .npy or .npz file") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON: {error}", hint="give a .json, .npy or .npz file") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> TkError:
    return UsageError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}", hint="check the path")
