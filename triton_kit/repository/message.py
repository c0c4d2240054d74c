"""The values of a document: a message of the schema with its fields as attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from triton_kit.repository.schema import Field, MessageType, Scalar

Item: TypeAlias = "Scalar | Message"

Value: TypeAlias = "Item | list[Item] | dict[str | int, Item]"
"""What a field holds."""

Mark: TypeAlias = "int | tuple[str, Message] | tuple[str, int, int, int, tuple[tuple[int, int], ...] | None]"
"""Where a field is in the text: the offset where it begins, where matching again says the rest; the entry of a map
after its name; or name, offset of the name, of the value and of its end, and those of a list's items."""


class Message:
    """A message of the schema: fields by attribute, absent ones as their proto3 default. To be read, not changed.

    A type checker knows the fields of a ``ModelConfig`` and of all that is in it (model_config.pyi), and of no other.

    Scalars are int, float, bool, str or bytes; an enum value is its name (str), or an int where the number has none;
    a repeated field is a list; a map is a dict; an absent sub-message is an empty one. A ``float`` field has the
    value of the nearest 32-bit float, as in the server. Bytes of a string that are not UTF-8 are surrogate escapes.

    A message is true when its block is there, even an empty one, and false when it stands for an absent one.
    Equality is proto3's: a scalar that was set to its default equals an absent one, an empty block does not.
    """

    # What was set lies in __dict__, so that an attribute costs no call; the slots say where it is in the text.
    __slots__ = ("__dict__", "_end", "_marks", "_name", "_start", "_type")

    def __init__(self, type_: MessageType, name: int = 0, start: int = -1) -> None:
        self._type = type_
        self._marks: list[Mark] = []
        self._name = name
        self._start = start
        self._end = -1

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Value:
            if name[0] == "_":
                raise AttributeError(name)
            defaults = self._type.defaults
            if name in defaults:
                return defaults[name]
            field = self._type.fields.get(name)
            if field is None:
                raise AttributeError(f"{self._type.name} has no field {name}")
            return default_of(field)

    def __bool__(self) -> bool:
        return self._start >= 0 or bool(self.__dict__)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return self._type.name == other._type.name and _significant(self) == _significant(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self.fields())
        return f"{self._type.name}({inside})"

    @property
    def type_(self) -> MessageType:
        """What the schema says of this message."""
        return self._type

    def has(self, name: str) -> bool:
        """Whether the field was set: for a message, that its block is there; for a list or map, that it has items.

        A scalar that was written counts as set even with its default value. Raises AttributeError for no field.
        """
        if name in self.__dict__:
            field = self._type.fields[name]
            return bool(self.__dict__[name]) if field.repeated else True
        if name not in self._type.fields:
            raise AttributeError(f"{self._type.name} has no field {name}")
        return False

    def says_something(self) -> bool:
        """Whether some field at any depth has another value than its default."""
        return any(_says_something(value, self._type.fields[name]) for name, value in self.fields())

    def fields(self) -> Iterator[tuple[str, Value]]:
        """The fields that were set, with their values, in the order of the schema."""
        values = self.__dict__
        for name, field in self._type.fields.items():
            if name in values and (values[name] or not field.repeated):
                yield name, values[name]

    def to_dict(self) -> Mapping[str, object]:
        """Plain dicts, lists and scalars all the way down; only what was set."""
        return {name: _plain(value) for name, value in self.fields()}


def _says_something(value: Value, field: Field) -> bool:
    if isinstance(value, Message):
        return value.says_something()
    return True if isinstance(value, list | dict) else value != default_of(field)


def default_of(field: Field) -> Value:
    """What an absent field reads as."""
    if field.map:
        return {}
    if field.repeated:
        return []
    if field.kind == "message":
        return Message(field.message)
    return field.default


def _plain(value: Value) -> object:
    if isinstance(value, Message):
        return value.to_dict()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _significant(message: Message) -> dict[str, Value]:
    """The fields whose presence proto3 can see."""
    fields = message._type.fields
    return {
        name: value
        for name, value in message.fields()
        if isinstance(value, Message) or fields[name].oneof or value != fields[name].default or fields[name].repeated
    }
