"""A small object of a UBJSON file: strings, whole numbers and objects in it, read with every bound checked."""

from __future__ import annotations

_INTEGERS = {b"i": (1, True), b"U": (1, False), b"I": (2, True), b"l": (4, True), b"L": (8, True)}
"""The markers of whole numbers: how many bytes follow, big-endian, and whether signed (ubjson.org, draft 12)."""
_DEEPEST = 8
_STRING_LIMIT = 4096


class _Unreadable(Exception):
    """Not an object that this reads."""


def decode(data: bytes) -> dict[str, object] | None:
    """The object that ``data`` begins with; what follows is left alone. ``None`` where there is none of this kind."""
    try:
        return _object(data, 1, 0)[0] if data[:1] == b"{" else None
    except _Unreadable:
        return None


def _object(data: bytes, at: int, depth: int) -> tuple[dict[str, object], int]:
    if depth > _DEEPEST:
        raise _Unreadable
    found: dict[str, object] = {}
    while data[at : at + 1] != b"}":
        key, at = _text(data, at)
        found[key], at = _value(data, at, depth)
    return found, at + 1


def _value(data: bytes, at: int, depth: int) -> tuple[object, int]:
    marker = data[at : at + 1]
    if marker == b"S":
        return _text(data, at + 1)
    if marker == b"{":
        return _object(data, at + 1, depth + 1)
    if marker in (b"T", b"F"):
        return marker == b"T", at + 1
    return _integer(data, at)


def _text(data: bytes, at: int) -> tuple[str, int]:
    length, at = _integer(data, at)
    if not 0 <= length <= _STRING_LIMIT or at + length > len(data):
        raise _Unreadable
    return data[at : at + length].decode("utf-8", "replace"), at + length


def _integer(data: bytes, at: int) -> tuple[int, int]:
    size, signed = _INTEGERS.get(data[at : at + 1], (0, False))
    if not size or at + 1 + size > len(data):
        raise _Unreadable
    return int.from_bytes(data[at + 1 : at + 1 + size], "big", signed=signed), at + 1 + size
