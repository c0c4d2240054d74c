"""The reader of text format: one pass, one pattern match for a field, messages on a stack of its own."""

from __future__ import annotations

import re
from types import ModuleType
from typing import NamedTuple

from triton_kit.repository.message import Message, default_of
from triton_kit.repository.schema import Field, MessageType
from triton_kit.repository.text_format.conversion import plan_of
from triton_kit.repository.text_format.source import Replacement, Route
from triton_kit.repository.text_format.tokens import (
    BLOCK,
    CLOSE,
    INTEGERS,
    LIMIT,
    LIST,
    NEXT,
    SKIP,
    STATEMENT,
    padded,
)


class Found(NamedTuple):
    """Something wrong, by offsets; ``related`` are other places with what is there."""

    kind: str
    start: int
    end: int
    message: str
    help: str | None
    at: Route
    related: tuple[tuple[str, int, int], ...]
    replacement: Replacement | None = None


class Frame(NamedTuple):
    """A message that is being read: the delimiter that ends it, the field it is of, whether it is in brackets."""

    message: Message
    closer: str
    field: Field | None
    listed: bool


_new_tuple = tuple.__new__


class Reader:
    """The state of one reading."""

    def __init__(self, text: str, type_: MessageType) -> None:
        self.size = len(text)
        self.text = padded(text)
        self.root = Message(type_)
        self.stack = [Frame(self.root, "", None, False)]
        self.messages = [self.root]
        self.found: list[Found] = []
        # Whether a value took the place of an earlier one.
        self.replaced = False
        # What is remembered between mistakes, so that one typo is one message.
        self.template = False
        self.balance: int | None = None
        self.code_comment = -1
        self.unnamed: Message | None = None

    def report(
        self,
        kind: str,
        start: int,
        end: int,
        message: str,
        help_: str | None = None,
        instead: str | Replacement | None = None,
        *,
        field: Field | None = None,
        related: tuple[tuple[str, int, int], ...] = (),
    ) -> None:
        """Note something wrong at these offsets, in the message that is being read or in a field of it.

        ``instead`` is the text that should be there, or a replacement at another place, where there is no doubt.

        An unfilled template is one mistake: what its remains do to the syntax is not said.
        """
        if len(self.found) < LIMIT and not (self.template and kind == "syntax"):
            new = Replacement(start, end, instead) if isinstance(instead, str) else instead
            self.found.append(Found(kind, start, end, message, help_, self.route(field), related, new))

    def route(self, field: Field | None = None) -> Route:
        """The route to the message that is being read, and on to a field of it."""
        route: list[str | int] = []
        for parent, frame in zip(self.stack, self.stack[1:], strict=False):
            assert frame.field is not None
            if not parent.message._type.entry:
                route.append(frame.field.name)
            if frame.field.map:
                route.append(frame.message.__dict__.get("key", ""))
            elif frame.field.repeated:
                route.append(len(parent.message.__dict__[frame.field.name]) - 1)
        # An entry of a map stands for its value.
        return (*route, field.name) if field and not self.stack[-1].message._type.entry else tuple(route)

    def read(self) -> Message:  # noqa: C901 - a call per field costs
        """Read the whole text; what is wrong is in ``found``."""
        self.root._start, self.root._end = 0, self.size
        text, size, stack, scan = self.text, self.size, self.stack, STATEMENT.match
        pos = skip(text, 0)
        while True:
            # One turn for each message entered or left; the inner loop reads the fields of one message.
            message = stack[-1].message
            values, marks, plan = message.__dict__, message._marks, message._type.cache or plan_of(message._type)
            while True:
                m = scan(text, pos)
                if m is None:
                    if pos >= size and len(stack) == 1:
                        return self.root
                    pos = _recovery().stumble(self, pos)
                    break
                kind: int = m.lastindex  # type: ignore[assignment]
                if kind == CLOSE:
                    pos = self.close(m)
                    break
                name = m[1]
                entry = plan.get(name)
                if entry is not None:
                    field, convert = entry
                    read = convert[kind]
                    if read is not None:
                        try:
                            value = read(m[kind])
                        except (ValueError, KeyError):
                            pos = _recovery().irregular(self, m)
                            continue
                        if field.repeated:
                            if kind != INTEGERS:
                                value = [value]
                            if name in values:
                                values[name] += value
                            else:
                                values[name] = value
                        elif (name in values or field.oneof) and not self.may_set(field, m.start(1), m.end(1)):
                            pos = m.end()
                            continue
                        else:
                            values[name] = value
                        # Where it begins, which is little to keep: who wants to know more matches again.
                        marks.append(pos)
                        pos = m.end()
                        continue
                    if field.kind == "message" and (kind == BLOCK or (kind == LIST and field.repeated)):
                        self.open(field, m[kind], m.start(1), m.start(kind), kind == LIST, m.end(1))
                        pos = m.end()
                        break
                pos = _recovery().irregular(self, m)
                if stack[-1].message is not message:
                    break

    def open(self, field: Field, delimiter: str, name: int, start: int, listed: bool, name_end: int = 0) -> None:
        """Go into a message of the field; the second one of a field that takes one is reported, and read for itself."""
        child = Message(field.type, name, start)  # type: ignore[arg-type]
        self.messages.append(child)
        parent = self.stack[-1].message.__dict__
        if field.map:
            parent.setdefault(field.name, {})
        elif field.repeated:
            parent.setdefault(field.name, []).append(child)
        elif (field.name not in parent and not field.oneof) or self.may_set(field, name, name_end):
            parent[field.name] = child
        # What the class does before it makes a tuple costs more than the tuple.
        self.stack.append(_new_tuple(Frame, (child, "}" if delimiter == "{" else ">", field, listed)))

    def close(self, m: re.Match[str]) -> int:
        """Leave a message at a closing delimiter; the offset where reading goes on."""
        message, closer, field, listed = self.stack[-1]
        if len(self.stack) == 1:
            return int(_recovery().surplus(self, m))
        if m[CLOSE] != closer:
            _recovery().report_delimiter(self, m, closer)
        end = m.end(CLOSE)
        self.leave(end)
        if not listed:
            return m.end()
        assert field is not None
        following = NEXT.match(self.text, end)
        if following is None:
            return int(_recovery().after_item(self, field, message._name, end))
        if following.lastindex == 1:
            self.open(field, following[1], message._name, following.start(1), True)
        else:
            self.end_list(field, message._name, following.end(2))
        return following.end()

    def leave(self, end: int) -> None:
        """The message on top of the stack ends at this offset; an entry goes into its map."""
        frame = self.stack.pop()
        message, field = frame.message, frame.field
        message._end = end
        assert field is not None
        if field.map:
            entry = message.__dict__
            assert field.key is not None
            assert field.value is not None
            if "value" in entry:
                value = entry["value"]
            else:
                value = default_of(field.value)
                if isinstance(value, Message):
                    value._name, value._start, value._end = message._name, message._start, end
            parent = self.stack[-1].message
            entries, key = parent.__dict__[field.name], entry.get("key", field.key.default)
            self.replaced = self.replaced or key in entries
            entries[key] = value
            parent._marks.append((field.name, message))

    def end_list(self, field: Field, name: int, end: int) -> None:
        """The brackets of a list of messages end at this offset."""
        start = self.text.index("[", name)
        self.stack[-1].message._marks.append((field.name, name, start, end, None))

    def may_set(self, field: Field, start: int, end: int) -> bool:
        """Whether a field that takes one value has none yet (a default one does not count), nor its oneof; else report.

        As in protobuf text_format.cc, ConsumeField, with fields that have no presence of their own.
        """
        message = self.stack[-1].message
        values, type_ = message.__dict__, message._type
        if field.name in values:
            value = values[field.name]
            visible = field.kind == "message" or field.oneof or type_.entry
            if not visible and value == field.default and str(value) != "-0.0":
                self.replaced = True
                return True
            _recovery().report_twice(self, field, field, start, end)
            return False
        for other in type_.oneofs[field.oneof] if field.oneof else ():
            if other in values:
                _recovery().report_twice(self, field, type_.fields[other], start, end)
                return False
        return True


def _recovery() -> ModuleType:
    """The module for what is not plain; a plain file never needs it."""
    from triton_kit.repository.text_format import recovery

    return recovery


def skip(text: str, pos: int) -> int:
    """The offset of the next token: past white space and comments."""
    m = SKIP.match(text, pos)
    assert m is not None
    return m.end()
