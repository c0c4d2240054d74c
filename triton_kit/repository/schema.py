"""The messages of a model configuration: fields, enums, oneofs and maps, without protobuf."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from triton_kit.repository._schema import ENUMS, MESSAGES, RELEASE, SINCE, SOURCE

if TYPE_CHECKING:
    from google.protobuf.message import Message as ProtobufMessage

    from triton_kit.repository.text_format.conversion import Plan

__all__ = [
    "BOOLS", "RANGES", "RELEASE", "SOURCE", "EnumType", "Field", "MessageType", "Scalar", "enum_type", "message_names",
    "message_type", "model_config_class",
]  # fmt: skip

Scalar: TypeAlias = "int | float | bool | str | bytes"

_DEFAULTS: dict[str, Scalar] = {"string": "", "bytes": b"", "bool": False, "float": 0.0, "double": 0.0}


RANGES = {
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
"""The smallest and the largest value of each kind of integer."""

BOOLS = {"true": True, "True": True, "t": True, "false": False, "False": False, "f": False}
"""The words that a bool field takes."""


class EnumType:
    """An enum: ``values`` maps a name to its number, ``names`` the other way, ``since`` a name to its release."""

    __slots__ = ("name", "names", "since", "values")

    def __init__(self, name: str, values: dict[str, int]) -> None:
        self.name = name
        self.values = values
        self.names = {number: value for value, number in values.items()}
        self.since = {value: SINCE[f"{name}.{value}"] for value in values if f"{name}.{value}" in SINCE}

    def __repr__(self) -> str:
        return f"EnumType({self.name!r})"


class Field:
    """A field of a message.

    ``kind`` is a scalar's proto name, ``enum`` or ``message``; ``type`` is the enum's or message's type, for a map
    its entry; ``key`` and ``value`` are the fields of a map's entry; ``default`` is what an absent scalar reads as;
    ``since`` is the first release that has the field, such as ``24.08``, None where every release since 20.06 has it.
    """

    __slots__ = ("default", "key", "kind", "map", "name", "number", "oneof", "repeated", "since", "type", "value")

    def __init__(self, name: str, number: int, kind: str, repeated: bool, oneof: str, since: str | None) -> None:
        self.name = name
        self.number = number
        self.kind = kind
        self.repeated = repeated
        self.oneof: str | None = oneof or None
        self.since = since
        self.default: Scalar = _DEFAULTS.get(kind, 0)
        self.type: MessageType | EnumType | None = None
        self.map = False
        self.key: Field | None = None
        self.value: Field | None = None

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {self.kind!r})"

    @property
    def message(self) -> MessageType:
        """The type of a message field. Raises TypeError for any other."""
        if isinstance(self.type, MessageType):
            return self.type
        raise TypeError(f"{self.name} is not a message")

    @property
    def enum(self) -> EnumType:
        """The type of an enum field. Raises TypeError for any other."""
        if isinstance(self.type, EnumType):
            return self.type
        raise TypeError(f"{self.name} is not an enum")


class MessageType:
    """A message: its fields by name in the order of the proto file, its oneofs with their members.

    ``name`` leaves the package out, such as ``ModelOptimizationPolicy.Cuda``; ``entry`` marks the entry of a map.
    """

    __slots__ = ("cache", "defaults", "entry", "fields", "name", "oneofs")

    def __init__(self, name: str, entry: bool, fields: dict[str, Field]) -> None:
        self.name = name
        self.entry = entry
        self.fields = fields
        self.oneofs: dict[str, tuple[str, ...]] = {}
        for field in fields.values():
            if field.oneof:
                self.oneofs[field.oneof] = (*self.oneofs.get(field.oneof, ()), field.name)
        self.cache: Plan | None = None
        # Of scalars, which a reader may share.
        self.defaults = {f.name: f.default for f in fields.values() if f.kind != "message" and not f.repeated}

    def __repr__(self) -> str:
        return f"MessageType({self.name!r})"


@cache
def enum_type(name: str) -> EnumType:
    """The enum of that name, such as ``ModelInstanceGroup.Kind``. Raises KeyError where there is none."""
    return EnumType(name, ENUMS[name])


@cache
def message_type(name: str) -> MessageType:
    """The message of that name, such as ``ModelOptimizationPolicy.Cuda``. Raises KeyError where there is none."""
    entry, rows = MESSAGES[name]
    fields = {}
    for field_name, number, kind, repeated, type_name, oneof in rows:
        field = Field(field_name, number, kind, repeated, oneof, SINCE.get(f"{name}.{field_name}"))
        if kind == "message":
            field.type = inner = message_type(type_name)
            if inner.entry:
                field.map, field.key, field.value = True, inner.fields["key"], inner.fields["value"]
        elif kind == "enum":
            field.type = enum = enum_type(type_name)
            field.default = enum.names[0]
        fields[field_name] = field
    return MessageType(name, entry, fields)


def message_names() -> tuple[str, ...]:
    """The names of all messages but map entries."""
    return tuple(name for name, (entry, _) in MESSAGES.items() if not entry)


@cache
def model_config_class() -> type[ProtobufMessage]:
    """The protobuf class of ``inference.ModelConfig``, of a pool of its own: tritonclient's may be loaded beside it."""
    from google.protobuf import descriptor_pool, message_factory
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    from triton_kit.resources import resource

    descriptor = resource("repository/model_config.binpb").read_bytes()
    pool = descriptor_pool.DescriptorPool()
    pool.Add(FileDescriptorProto.FromString(descriptor))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("inference.ModelConfig"))
