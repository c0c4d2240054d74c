"""Where each part of a document is in its text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from triton_kit.repository.message import Mark, Message
from triton_kit.repository.text_format.source import Comment, Route, Span
from triton_kit.repository.text_format.tokens import INTEGERS, padded, statement
from triton_kit.value import cached_property

# Patterns that only a question compiles.
_COMMENTS = r""""(?:[^"\\\n]|\\[^\n])*"?|'(?:[^'\\\n]|\\[^\n])*'?|(#[^\n]*)"""
_ITEM = r"[-0-9]+"


class Overridden(NamedTuple):
    """A value that a later one replaces.

    ``what`` it is a value of, where it is, and where that is ``by`` which it is replaced; in a map the ``value``.
    """

    what: str
    span: Span
    by: Span
    value: object = None


Offsets = tuple[int, int, int]
"""Offsets of a field's name, of its value, and of its value's end."""


class SourceMap:
    """Where each part of a document is in its text; everything is computed when it is asked for.

    ``text`` is the whole text, bytes that are not UTF-8 as surrogate escapes.
    """

    def __init__(self, text: str, root: Message, *, replaced: bool = True) -> None:
        self.text = text
        self._replaced = replaced
        self._root = root
        self._marks: dict[int, dict[str, list[Mark]]] = {}

    def __repr__(self) -> str:
        return f"SourceMap({len(self.text)} characters)"

    @cached_property
    def _padded(self) -> str:
        """The text as the reader had it."""
        return padded(self.text)

    @cached_property
    def _lines(self) -> list[int]:
        """The offset at which each line begins."""
        starts = [0]
        find, pos = self.text.find, self.text.find("\n")
        while pos >= 0:
            starts.append(pos + 1)
            pos = find("\n", pos + 1)
        return starts

    @cached_property
    def comments(self) -> tuple[Comment, ...]:
        """All comments, in order."""
        if "#" not in self.text:
            return ()
        found = []
        for m in re.finditer(_COMMENTS, self.text):
            if m[1] is not None:
                span = self.span(m.start(1), m.end(1))
                before = self.text[self._lines[span.line - 1] : m.start(1)]
                found.append(Comment(span=span, text=m[1].rstrip("\r"), trailing=bool(before.strip())))
        return tuple(found)

    def overridden(self) -> Iterator[Overridden]:
        """The values that a later one of the same field, or of the same key of a map, replaces."""
        todo = [self._root] if self._replaced else []
        while todo:
            message = todo.pop()
            fields = message._type.fields
            for name, marks in self._index(message).items() if len(message._marks) > 1 else ():
                if len(marks) > 1 and fields[name].map:
                    yield from self._replaced_entries(name, marks)
                elif len(marks) > 1 and not fields[name].repeated:
                    for mark in marks[:-1]:
                        yield Overridden(name, self._mark_span(mark), self._mark_span(marks[-1]))
            for value in message.__dict__.values():
                items = value if isinstance(value, list) else value.values() if isinstance(value, dict) else (value,)
                todo += [item for item in items if isinstance(item, Message)]

    def _replaced_entries(self, name: str, marks: list[Mark]) -> Iterator[Overridden]:
        seen: dict[object, Message] = {}
        for entry in (mark[1] for mark in reversed(marks) if not isinstance(mark, int) and len(mark) == 2):
            key = entry.__dict__.get("key", entry._type.fields["key"].default)
            last = seen.setdefault(key, entry)
            if last is not entry:
                span = self.span(entry._start, entry._end)
                by = self.span(last._start, last._end)
                yield Overridden(f"the key '{key}' of {name}", span, by, entry.__dict__.get("value"))

    def _mark_span(self, mark: Mark) -> Span:
        _, start, end = self._mark_places(mark)[0]
        return self.span(start, end)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and a column, as ``position`` gives them."""
        return self._lines[line - 1] + column - 1

    def span(self, start: int, end: int) -> Span:
        """The span from one offset to another."""
        line, column = self.position(min(start, len(self.text)))
        end_line, end_column = self.position(min(max(start, end), len(self.text)))
        return Span(line=line, column=column, end_line=end_line, end_column=end_column)

    def locate(self, at: Route, *, key: bool = False) -> Span:
        """The span of the value at that route (or of the field's name); of its nearest parent when it is absent.

        The span of a repeated field as a whole is its first block or list; that of the empty route is the whole text.
        The name of a map entry is the value of its ``key``.
        """
        name, start, end = self._place(at)
        return self.span(name, self._name_end(name)) if key and name >= 0 else self.span(start, end)

    def offsets(self, at: Route) -> tuple[tuple[int, int], tuple[int, int]]:
        """The offsets (start, end) of the value at that route, and those of the whole field, from its name on.

        An item of a list in brackets has no name of its own: both pairs are the item's. Nearest parent as in `locate`.
        """
        name, start, end = self._place(at)
        if (entry := self._entry_at(at)) is not None:
            name = entry._name
            if not self._in_brackets(name, entry._start):
                return (start, end), (name, entry._end)
            return (start, end), (entry._start, entry._end)
        owner = name if name >= 0 and not self._in_brackets(name, start) else start
        return (start, end), (owner, end)

    def name_offsets(self, at: Route) -> tuple[int, int] | None:
        """The offsets of the field's name at that route, or of the key of a map's entry; None where it has none."""
        name, _, _ = self._place(at)
        return (name, self._name_end(name)) if name >= 0 else None

    def _entry_at(self, at: Route) -> Message | None:
        """The entry of a map that a route ends at."""
        if len(at) < 2:
            return None
        owner: object = self._root
        for step in at[:-2]:
            owner = owner.__dict__.get(str(step)) if isinstance(owner, Message) else _item(owner, step)
        name = at[-2]
        if not (isinstance(owner, Message) and isinstance(name, str)):
            return None
        field = owner._type.fields.get(name)
        if field is None or not field.map:
            return None
        return self._entry(self._index(owner).get(field.name, []), at[-1])

    def _in_brackets(self, name: int, start: int) -> bool:
        between = _uncommented(self.text[self._name_end(name) : start])
        return between.strip(" \t\r\n\v\f:") != ""

    def _name_end(self, name: int) -> int:
        m = re.compile(r"""[A-Za-z0-9_.]+|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|.""").match(self.text, name)
        return m.end() if m else name

    def _place(self, at: Route) -> Offsets:
        """The place of the deepest part of the route that exists."""
        message: Message | None = self._root
        place = (-1, 0, len(self.text))
        steps = list(at)
        while steps and isinstance(message, Message):
            name = steps.pop(0)
            field = message._type.fields.get(name) if isinstance(name, str) else None
            if field is None:
                return place
            marks = self._index(message).get(field.name, [])
            value = message.__dict__.get(field.name)
            if field.map:
                if not steps:
                    return self._first_entry(marks) or place
                found = self._entry(marks, steps.pop(0))
                if found is None:
                    return self._first_entry(marks) or place
                place, message = self._entry_value(found)
                continue
            if field.kind == "message":
                blocks = value if isinstance(value, list) else [value] if value is not None else []
                message = _block(blocks, field.repeated, steps)
                if message is None:
                    if marks:
                        return self._mark_places(marks[0])[0]
                    return _message_place(blocks[0]) if blocks else place
                place = _message_place(message)
                continue
            if not marks:
                return place
            return self._scalar_place(marks, steps, field.repeated)
        return place

    @staticmethod
    def _first_entry(marks: list[Mark]) -> Offsets | None:
        entries = (mark[1] for mark in marks if not isinstance(mark, int) and len(mark) == 2)
        return next(map(_message_place, entries), None)

    def _scalar_place(self, marks: list[Mark], steps: list[str | int], repeated: bool) -> Offsets:
        if not repeated:
            return self._mark_places(marks[-1])[0]
        at = steps[0] if steps else None
        if not isinstance(at, int):
            return self._mark_places(marks[0])[0]
        items = [item for mark in marks for item in self._mark_places(mark)[1]]
        return items[at] if 0 <= at < len(items) else self._mark_places(marks[0])[0]

    def _index(self, message: Message) -> dict[str, list[Mark]]:
        """The marks of a message by field name."""
        index = self._marks.get(id(message))
        if index is None:
            index = self._marks[id(message)] = {}
            for mark in message._marks:
                name = statement(self._padded, mark)[1] if isinstance(mark, int) else mark[0]
                index.setdefault(name, []).append(mark)
        return index

    def _mark_places(self, mark: Mark) -> tuple[Offsets, list[Offsets]]:
        """The place of a mark's value as a whole, and of its items."""
        if not isinstance(mark, int):
            if len(mark) == 2:
                place = _message_place(mark[1])
                return place, [place]
            _, name, start, end, items = mark
            whole = (name, start, end)
            return whole, [whole] if items is None else [(name, a, b) for a, b in items]
        found = statement(self._padded, mark)
        name, kind = found.start(1), found.lastindex or 0
        start, end = found.span(kind)
        if kind != INTEGERS:
            return (name, start, end), [(name, start, end)]
        numbers = [(name, *m.span()) for m in re.compile(_ITEM).finditer(self.text, start, end)]
        return (name, self.text.rindex("[", 0, start), end + 1), numbers

    def _entry(self, marks: list[Mark], key: object) -> Message | None:
        """The last entry of a map with that key, which is the one that counts."""
        # A list of entries leaves a mark of its own beside theirs.
        for entry in (mark[1] for mark in reversed(marks) if not isinstance(mark, int) and len(mark) == 2):
            if entry.__dict__.get("key", entry._type.fields["key"].default) == key:
                return entry
        return None

    def _entry_value(self, entry: Message) -> tuple[Offsets, Message | None]:
        """The place of an entry's value, named by its key; and the value, where that is a message."""
        index = self._index(entry)
        name = self._mark_places(index["key"][-1])[0][1] if "key" in index else entry._name
        value = entry.__dict__.get("value")
        if isinstance(value, Message):
            return (name, value._start, value._end), value
        if "value" in index:
            _, start, end = self._mark_places(index["value"][-1])[0]
            return (name, start, end), None
        return (name, entry._start, entry._end), None


def _block(blocks: list[Message], repeated: bool, steps: list[str | int]) -> Message | None:
    """The message of a field that a route goes on to, its number in a repeated field taken off the route."""
    if not repeated:
        return blocks[0] if blocks else None
    at = steps.pop(0) if steps else None
    return blocks[at] if isinstance(at, int) and 0 <= at < len(blocks) else None


def _item(values: object, step: str | int) -> object:
    if isinstance(values, dict):
        return values.get(step)
    if isinstance(values, list) and isinstance(step, int) and -len(values) <= step < len(values):
        return values[step]
    return None


def _uncommented(text: str) -> str:
    return re.sub(r"#[^\n]*", "", text)


def _message_place(message: Message) -> Offsets:
    return (message._name, message._start, message._end)
