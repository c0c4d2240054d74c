"""Nodes, inputs and outputs of an ONNX graph as nearly all files have them, read without ceremony."""

from __future__ import annotations

from typing import TypeAlias

from triton_kit.repository.tensor import Dim

Parts: TypeAlias = tuple[str, str, str, list[str], list[str], list[str]]
PlainValue: TypeAlias = "tuple[str, int, list[Dim] | None]"

_SHORT = 0x80
_LONGEST = 11
"""Bytes of a number with its tag."""
_VARINTS = (24, 64)
_BYTES = (34, 42, 58, 66, 74, 82, 106)
_FIXED = (21, 61)


def plain_node(data: bytes) -> Parts | None:  # noqa: C901 - a call per field costs
    """A ``NodeProto``: its name, operator and domain, the names of its inputs, outputs and attributes.

    ``None`` for none at all, for one with a graph inside, with an unknown field, or that is not a message: who
    goes through it field by field knows what to say.
    """
    if not data:
        return None
    name = operator = domain = ""
    inputs: list[str] = []
    outputs: list[str] = []
    attributes: list[str] = []
    at, end = 0, len(data)
    try:
        while at < end:
            tag, length = data[at], data[at + 1]
            at += 2
            if length >= _SHORT:
                length, at = _long(data, at - 1)
            behind = at + length
            if behind > end:
                return None
            if tag == 10:
                inputs.append(data[at:behind].decode())
            elif tag == 18:
                outputs.append(data[at:behind].decode())
            elif tag == 26:
                name = data[at:behind].decode()
            elif tag == 34:
                operator = data[at:behind].decode()
            elif tag == 58:
                domain = data[at:behind].decode()
            elif tag == 42:
                attribute = _attribute(data, at, behind)
                if attribute is None:
                    return None
                attributes.append(attribute)
            elif tag != 50:
                return None
            at = behind
    except (IndexError, UnicodeDecodeError):
        return None
    return name, operator, domain, inputs, outputs, attributes


def _attribute(data: bytes, at: int, end: int) -> str | None:
    """The name of an ``AttributeProto`` that holds no graph."""
    name = ""
    while at < end:
        tag = data[at]
        at += 1
        if tag == 0xA0 and data[at] == 1:
            tag = 24
            at += 1
        if tag == 10 or tag in _BYTES:
            length = data[at]
            at += 1
            if length >= _SHORT:
                length, at = _long(data, at - 1)
            if tag == 10:
                name = data[at : at + length].decode()
            at += length
        elif tag in _VARINTS:
            start = at
            while data[at] >= _SHORT:
                at += 1
            at += 1
            if at - start >= _LONGEST:
                return None
        elif tag in _FIXED:
            at += 4
        else:
            return None
    return name if at == end else None


def plain_value(data: bytes) -> PlainValue | None:
    """A ``ValueInfoProto`` of a tensor: its name, element type and sizes, ``None`` for no shape.

    ``None`` instead of it all for one of another kind, or that is written in another order.
    """
    try:
        if data[0] != 10:
            return None
        at = 2 + data[1]
        name = data[2:at].decode()
        # Name, type, tensor type, element type: each message ends where the one around it ends.
        end = len(data)
        if data[at] != 18 or data[at + 1] != end - at - 2 or data[at + 2] != 10 or data[at + 3] != end - at - 4:
            return None
        element = data[at + 5]
        if data[1] >= _SHORT or data[at + 1] >= _SHORT or data[at + 4] != 8 or element >= _SHORT:
            return None
        at += 6
        if at == end:
            return name, element, None
        if data[at] != 18 or data[at + 1] != end - at - 2:
            return None
        dims = _dims(data, at + 2, end)
    except (IndexError, UnicodeDecodeError):
        return None
    return None if dims is None else (name, element, dims)


def _dims(data: bytes, at: int, end: int) -> list[Dim] | None:
    """The sizes of a ``TensorShapeProto``."""
    dims: list[Dim] = []
    while at < end:
        length = data[at + 1]
        behind = at + 2 + length
        if data[at] != 10 or length >= _SHORT or behind > end:
            return None
        at += 2
        if not length:
            dims.append(None)
        elif data[at] == 8:
            value = shift = 0
            at += 1
            while data[at] >= _SHORT:
                value |= (data[at] & 0x7F) << shift
                shift += 7
                at += 1
            value |= data[at] << shift
            if at + 1 != behind or value >> 63 or length > _LONGEST:
                return None
            dims.append(value)
        elif data[at] == 18 and data[at + 1] == length - 2:
            dims.append(data[at + 2 : behind].decode() or None)
        else:
            return None
        at = behind
    return dims


def _long(data: bytes, at: int) -> tuple[int, int]:
    """A length of two bytes, and the index behind it. Raises IndexError for a longer one."""
    if data[at + 1] >= _SHORT:
        raise IndexError
    return data[at] & 0x7F | data[at + 1] << 7, at + 2
