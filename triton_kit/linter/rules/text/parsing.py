"""Rules about the text of config.pbtxt: what Triton's text-format parser refuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.linter.fix.edits import replace
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model
from triton_kit.repository.message import Message
from triton_kit.repository.text_format.source import Route

if TYPE_CHECKING:
    from triton_kit.repository.message import Item


def _parse_problems(model: Model, kind: str) -> Iterator[Problem]:
    for found in model.document.problems:
        if found.kind == kind:
            file = model.at_file
            yield Problem(
                at=found.at,
                message=found.message,
                help=found.help,
                fix=replace(found.replacement),
                span=found.span,
                related=tuple(Related(message=m, file=file, span=s) for m, s in found.related),
            )


@rule(Severity.ERROR, broken=True)
def syntax(model: Model) -> Iterator[Problem]:
    """The text is no protobuf text format.

    Triton reads no further and refuses the model with `failed to read text proto` (core
    filesystem/api.cc:ReadTextProto, protobuf TextFormat).

    Server says:

        failed to read text proto from
        Expected identifier, got:
        Expected ":", found
        Expected ",", found
        Expected "{", found "]"
        Expected integer, got: ]
        Expected integer, got: $
        is not defined or is not an extension
        Numbers starting with leading zero must be in octal
        Invalid escape sequence in string literal
        String literals cannot cross line boundaries

    Bad:

        max_batch_size: 8
        dynamic_batching { preferred_batch_size: [ 4, 8, ] }

    Good:

        max_batch_size: 8
        dynamic_batching { preferred_batch_size: [ 4, 8 ] }
    """
    yield from _parse_problems(model, "syntax")


@rule(Severity.ERROR, broken=True)
def unknown_field(model: Model) -> Iterator[Problem]:
    """A field has no such name where it stands.

    Names are exact: case, underscores and nesting count (protobuf TextFormat).

    Server says:

        failed to read text proto from
        has no field named

    Bad:

        maxBatchSize: 8

    Good:

        max_batch_size: 8
    """
    yield from _parse_problems(model, "unknown-field")


@rule(Severity.ERROR, broken=True)
def unknown_enum_value(model: Model) -> Iterator[Problem]:
    """An enumeration has no value of that name.

    Names must match with their prefix and case (protobuf TextFormat).

    Server says:

        failed to read text proto from
        Unknown enumeration value of

    Bad:

        instance_group [ { kind: CPU } ]

    Good:

        instance_group [ { kind: KIND_CPU } ]
    """
    yield from _parse_problems(model, "unknown-enum")


@rule(Severity.ERROR, broken=True)
def wrong_type(model: Model) -> Iterator[Problem]:
    """A value is of another type than its field.

    Numbers take no quotes, strings need them, a block is no scalar (protobuf TextFormat).

    Server says:

        failed to read text proto from
        Expected integer, got:
        Expected integer or identifier, got:
        Expected identifier, got:
        Expected string, got:
        Expected "{", found
        Expect a decimal number
        Invalid value for boolean field
        Integer out of range (2)

    Bad:

        max_batch_size: "8"

    Good:

        max_batch_size: 8
    """
    yield from _parse_problems(model, "type")


@rule(Severity.ERROR, broken=True)
def out_of_range(model: Model) -> Iterator[Problem]:
    """A number does not fit its field.

    The parser refuses what is beyond the field's 32 or 64 bits, and any minus before an unsigned one (protobuf
    TextFormat).

    Server says:

        failed to read text proto from
        Integer out of range (
        Expected integer, got: -

    Bad:

        max_batch_size: 4294967296

    Good:

        max_batch_size: 8
    """
    yield from _parse_problems(model, "range")


@rule(Severity.ERROR, broken=True)
def duplicate_field(model: Model) -> Iterator[Problem]:
    """A field that can be given once is given again.

    A block twice is refused even when empty, a scalar unless its first value was the default (protobuf TextFormat).

    Server says:

        failed to read text proto from
        is specified multiple times

    Bad:

        max_batch_size: 4
        max_batch_size: 8

    Good:

        max_batch_size: 8
    """
    yield from _parse_problems(model, "duplicate")


@rule(Severity.ERROR, broken=True)
def conflicting_fields(model: Model) -> Iterator[Problem]:
    """Two fields of which only one may be given stand together.

    The members of a oneof exclude each other (protobuf TextFormat).

    Server says:

        failed to read text proto from
        another member of oneof

    Bad:

        max_batch_size: 8
        dynamic_batching { }
        sequence_batching { }

    Good:

        max_batch_size: 8
        dynamic_batching { }
    """
    yield from _parse_problems(model, "oneof")


@rule(Severity.ERROR, broken=True)
def encoding(model: Model) -> Iterator[Problem]:
    """The file has bytes that the parser does not take.

    A byte-order mark, or a control character outside a literal (protobuf TextFormat).

    Server says:

        failed to read text proto from
        Interpreting non ascii codepoint
        Invalid control characters encountered in text

    Bad:

        \ufeffmax_batch_size: 8

    Good:

        max_batch_size: 8
    """
    yield from _parse_problems(model, "encoding")


@rule(Severity.ERROR)
def field_of_newer_release(model: Model) -> Iterator[Problem]:
    """A field is one that the server's release does not have yet.

    An older server knows no such name and refuses the whole file (common protobuf/model_config.proto, by release).

    Server says:

        failed to read text proto from
        has no field named

    Bad:

        model_metrics { }

    Good:

        -- tk validate --release 24.11
        model_metrics { }
    """
    year, month = model.options.release
    newer = _newer_names(f"{year}.{month:02}")
    text = model.document.source.text
    if any(name in text for name in newer):
        for at, name, since in _newer_places(model.config, f"{year}.{month:02}"):
            what = "a field" if at[-1] == name else "a value"
            yield Problem(
                at=at,
                key=at[-1] == name,
                message=f"'{name}' is {what} of release {since} and later",
                help="leave it out, or set --release to the server's",
            )


@cache
def _newer_names(release: str) -> tuple[str, ...]:
    """The names of fields and enum values that came after a release: a text without any of them is done with."""
    from triton_kit.repository.schema import message_names, message_type

    names = set()
    for message in message_names():
        for field in message_type(message).fields.values():
            if field.since and field.since > release:
                names.add(field.name)
            if field.kind == "enum":
                names.update(value for value, since in field.enum.since.items() if since > release)
    return tuple(sorted(names))


def _newer_places(message: Message, release: str, at: Route = ()) -> Iterator[tuple[Route, str, str]]:
    """What is set in a message and came after a release; of a newer block only the block itself."""
    for name, value in message.fields():
        field = message.type_.fields[name]
        here: Route = (*at, name)
        if field.since and field.since > release:
            yield here, name, field.since
            continue
        places: Iterable[tuple[Route, Item]] = [(here, value)] if not isinstance(value, list | dict) else ()
        if isinstance(value, dict):
            places = (((*here, key), item) for key, item in value.items())
        elif isinstance(value, list):
            places = (((*here, i), item) for i, item in enumerate(value))
        for place, item in places:
            if isinstance(item, Message):
                yield from _newer_places(item, release, place)
            elif field.kind == "enum" and isinstance(item, str):
                since = field.enum.since.get(item)
                if since and since > release:
                    yield place, item, since


@rule(Severity.ERROR, until="26.03", about=("input", "output"), backend="onnxruntime")
def bf16_before_release(model: Model) -> Iterator[Problem]:
    """A tensor of an ONNX model is declared TYPE_BF16, which its backend cannot read yet.

    The ONNX Runtime backend takes BF16 in a configuration from 26.03 on (onnxruntime onnxruntime_utils.cc).

    Server says:

        unsupported datatype

    Bad:

        backend: "onnxruntime"
        input { name: "x" data_type: TYPE_BF16 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }

    Good:

        backend: "onnxruntime"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    for tensor in (*model.inputs, *model.outputs):
        if tensor.data_type == "TYPE_BF16":
            year, month = model.options.release
            yield Problem(
                at=(*tensor.at, "data_type"),
                message=f"TYPE_BF16 is not taken by the onnxruntime backend of {year}.{month:02}",
                help="export the model with FP16 or FP32 tensors, or serve it with release 26.03 or later",
            )
