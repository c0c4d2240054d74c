"""The fields of a protobuf message in a file, found by their lengths without reading their payloads."""

from __future__ import annotations

import os
from collections.abc import Iterator

_FIRST = 4096
"""Bytes read after a jump: a large payload is usually followed by the short head of the next one."""
_MOST = 256 * 1024
"""Bytes read at once while reading on; the step doubles from ``_FIRST`` to this."""
_LONGEST_HEAD = 20
"""Bytes that a field's tag and its varint value or length can take together, ten each."""
_SHORT = 1024
_FIELD_LIMIT = 4_000_000
_TEXT_LIMIT = 32 * 1024 * 1024
_GROUP_DEPTH = 100
_TAG_LIMIT = 1 << 32


class WireError(Exception):
    """The bytes are not a protobuf message.

    ``at`` is the first byte of the field where this shows, ``tag`` its tag as far as known. ``needed`` is set where
    the file ends too early: the size it would at least have.
    """

    def __init__(self, message: str, at: int, *, tag: int | None = None, needed: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.tag = tag
        self.needed = needed


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The unsigned varint at an index, and the index behind it. Raises IndexError at the end, WireError if too long."""
    value = data[at] & 0x7F
    shift = 7
    start = at
    while data[at] > 0x7F:
        at += 1
        if shift > 63:
            raise WireError("a number of more than 10 bytes", start)
        value |= (data[at] & 0x7F) << shift
        shift += 7
    return value & 0xFFFF_FFFF_FFFF_FFFF, at + 1


def signed(value: int) -> int:
    """An unsigned 64-bit number read as two's complement."""
    return value - (1 << 64) if value >> 63 else value


class Wire:
    """Walks the messages of an open file; memory stays at one buffer, whatever the size of the file.

    Work is bounded: WireError after four million fields, or 32 MiB of text asked for.
    """

    def __init__(self, fd: int, size: int) -> None:
        self._fd = fd
        self.size = size
        self._buffer = b""
        self._base = 0
        self._step = _FIRST
        self._budget = _FIELD_LIMIT
        self._text_budget = _TEXT_LIMIT
        self._needle = b""
        self._found = -1

    def _fill(self, at: int, least: int = 0) -> bytes:
        reached = self._base + len(self._buffer)
        self._step = min(self._step * 2, _MOST) if 0 <= reached - at <= _MOST else _FIRST
        self._buffer = os.pread(self._fd, max(self._step, least), at)
        self._base = at
        self._needle = b""
        return self._buffer

    def fields(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:  # noqa: C901 - a call per field costs
        """The fields of the message between two bytes, as ``(tag, value, next)``.

        ``tag`` is field number and wire type as protobuf writes them, ``number << 3 | type``. For a length-delimited
        field ``value`` is the first byte of the payload and ``next`` the byte behind it; for a varint ``value`` is the
        number; for the others 0. Groups are passed over. Raises WireError.
        """
        at = start
        while at < end:
            self._budget -= 1
            if self._budget < 0:
                raise WireError(f"more than {_FIELD_LIMIT:,} fields", at)
            buffer = self._buffer
            index = at - self._base
            if index < 0 or (index + _LONGEST_HEAD > len(buffer) and self._base + len(buffer) < self.size):
                buffer = self._fill(at)
                index = 0
            base = self._base
            tag = value = 0
            try:
                tag = buffer[index]
                index += 1
                if tag > 0x7F:
                    tag, index = varint(buffer, index - 1)
                if tag < 8 or tag >= _TAG_LIMIT:
                    raise WireError(f"a field numbered {tag >> 3}, which cannot be", at)
                kind = tag & 7
                if kind == 2:
                    length = buffer[index]
                    index += 1
                    if length > 0x7F:
                        length, index = varint(buffer, index - 1)
                    value = base + index
                    behind = value + length
                elif kind == 0:
                    value = buffer[index]
                    index += 1
                    if value > 0x7F:
                        value, index = varint(buffer, index - 1)
                    behind = base + index
                elif kind == 5:
                    behind = base + index + 4
                elif kind == 1:
                    behind = base + index + 8
                elif kind == 3:
                    behind = self._behind_group(tag >> 3, base + index, end)
                else:
                    raise WireError(f"a field of wire type {kind}, which cannot be", at)
            except IndexError:
                raise WireError("ends inside a field", at, tag=tag or None, needed=self.size + 1) from None
            if behind > end:
                needed = behind if end == self.size else None
                raise WireError("a field that reaches behind the end of its message", at, tag=tag, needed=needed)
            if kind != 3:
                yield tag, value, behind
            at = behind

    def _behind_group(self, number: int, start: int, end: int) -> int:
        """The byte behind the (obsolete) group that starts here."""
        opened = [number]
        at = start
        while opened:
            head = self._peek(at)
            try:
                tag, index = varint(head, 0)
                kind = tag & 7
                if kind == 0:
                    _, index = varint(head, index)
                elif kind == 1:
                    index += 8
                elif kind == 5:
                    index += 4
                elif kind == 2:
                    length, index = varint(head, index)
                    index += length
                elif kind == 3:
                    opened.append(tag >> 3)
                elif kind == 4 and opened[-1] == tag >> 3:
                    opened.pop()
                else:
                    raise WireError("a group that is not closed", at)
            except IndexError:
                raise WireError("ends inside a group", at, needed=self.size + 1) from None
            at += index
            self._budget -= 1
            if at > end or tag < 8 or len(opened) > _GROUP_DEPTH or self._budget < 0:
                raise WireError("a group that is not closed", start)
        return at

    def _peek(self, at: int) -> bytes:
        index = at - self._base
        if index < 0 or (index + _LONGEST_HEAD > len(self._buffer) and self._base + len(self._buffer) < self.size):
            self._fill(at)
            index = 0
        return self._buffer[index : index + _LONGEST_HEAD]

    def number(self, at: int) -> tuple[int, int]:
        """The unsigned varint at a byte, and the byte behind it. Raises WireError."""
        try:
            value, length = varint(self._peek(at), 0)
        except IndexError:
            raise WireError("ends inside a number", at, needed=self.size + 1) from None
        return value, at + length

    def text(self, start: int, end: int) -> str:
        """The text between two bytes; what is not UTF-8 in it is shown as escapes."""
        length = end - start
        self._text_budget -= length
        if self._text_budget < 0:
            raise WireError(f"more than {_TEXT_LIMIT:,} bytes of names and metadata", start)
        index = start - self._base
        if index >= 0 and index + length <= len(self._buffer):
            piece = self._buffer[index : index + length]
        else:
            piece = os.pread(self._fd, length, start)
        return piece.decode("utf-8", "backslashreplace")

    def short(self, start: int, end: int) -> bytes:
        """The bytes of a message that is short, to be read at once; none of a long one. It counts for eight fields."""
        self._budget -= 8
        length = end - start
        if length > _SHORT:
            return b""
        index = start - self._base
        if index < 0 or index + length > len(self._buffer):
            self._fill(start, length)
            index = 0
        return self._buffer[index : index + length]

    def may_hold(self, needle: bytes, start: int, end: int) -> bool:
        """Whether the bytes may hold a word: False is certain; True also where they are too many to look through."""
        index = start - self._base
        length = end - start
        if index < 0 or index + length > len(self._buffer):
            if length > _MOST // 4:
                return True
            self._fill(start, length)
            index = 0
        if self._needle is not needle:
            self._needle = needle
            self._found = self._buffer.find(needle, index)
        elif 0 <= self._found < index:
            self._found = self._buffer.find(needle, index)
        return index <= self._found < index + length
