"""The elements of an initializer: whether the file has as many as its shape says."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from triton_kit.signature.wire import Wire

_RAW = 74
"""The field ``raw_data`` of ``TensorProto`` as it is on the wire."""

_PACKED = {34: 4, 42: 0, 50: -1, 58: 0, 82: 8, 90: 0}
"""The fields of elements, with the bytes of each: 0 where they are of many lengths, -1 where a field is one element."""

_SINGLE = {37: 34, 40: 42, 56: 58, 81: 82, 88: 90}
"""The same fields with one number each, as some old files have them."""

_FIELDS = {1: 34, 2: 42, 3: 42, 4: 42, 5: 42, 6: 42, 7: 58, 8: 50, 9: 42, 10: 42, 11: 82, 12: 90, 13: 90, 16: 42}
"""The field for each ``TensorProto.DataType`` of which one element is one number."""

_HIGH = bytes(range(0x80, 0x100))


def hold(held: dict[int, int | None], wire: Wire, tag: int, start: int, end: int) -> None:
    """Count what a field of a tensor has, if it is one of data; ``None`` is what is not counted."""
    if tag == _RAW:
        held[_RAW] = end - start
    elif tag in _PACKED:
        count, more = held.get(tag, 0), _elements(wire, tag, start, end)
        held[tag] = None if count is None or more is None else count + more
    elif tag in _SINGLE:
        held[_SINGLE[tag]] = None


def _elements(wire: Wire, tag: int, start: int, end: int) -> int | None:
    size = _PACKED[tag]
    if size:
        return 1 if size < 0 else (end - start) // size
    data = wire.short(start, end)
    return len(data.translate(None, _HIGH)) if len(data) == end - start else None


def misfit(name: str, element: int, dims: Sequence[int], size: int | None, held: dict[int, int | None]) -> str | None:
    """What is wrong with the data of an initializer that is kept in the file; ``None`` where nothing is.

    ``size`` is how many bytes its shape makes, ``held`` the bytes of ``raw_data`` and the elements of the other fields.
    """
    if element not in _FIELDS or any(dim < 0 for dim in dims):
        return None
    if _RAW in held:
        has, needed, noun = held[_RAW], size, "bytes of data"
    else:
        has, needed, noun = held.get(_FIELDS[element], 0), prod(dims), "elements"
    if has is None or needed is None or has == needed:
        return None
    return f"the initializer '{name}' has {has} {noun}, and its shape {list(dims)} needs {needed}"
