"""Rules about what the text format of one release takes and that of another does not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model
from triton_kit.repository.message import Message
from triton_kit.repository.text_format.source import Route

if TYPE_CHECKING:
    from triton_kit.repository.message import Item, Value


@rule(Severity.ERROR)
def field_of_newer_release(model: Model) -> Iterator[Problem]:
    """A field is one that the server's release does not have yet.

    An older server knows no such name and refuses the whole file (common protobuf/model_config.proto, by release).

    Server says:

        failed to read text proto from
        has no field named

    Bad:

        -- tk validate --release 24.10
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
        elif field.kind in ("message", "enum"):
            for place, item in _items(value, here):
                if isinstance(item, Message):
                    yield from _newer_places(item, release, place)
                elif field.kind == "enum" and isinstance(item, str):
                    since = field.enum.since.get(item)
                    if since and since > release:
                        yield place, item, since


def _items(value: Value, at: Route) -> Iterator[tuple[Route, Item]]:
    """Each value of a field with its place, whether the field has one, many, or many by their keys."""
    if isinstance(value, dict):
        yield from (((*at, key), item) for key, item in value.items())
    elif isinstance(value, list):
        yield from (((*at, i), item) for i, item in enumerate(value))
    else:
        yield at, value


@rule(Severity.ERROR, until="26.03", about=("input", "output"), backend="onnxruntime")
def bf16_before_release(model: Model) -> Iterator[Problem]:
    """A tensor of an ONNX model is declared TYPE_BF16, which its backend cannot read yet.

    The ONNX Runtime backend takes BF16 in a configuration from 26.03 on (onnxruntime onnxruntime_utils.cc). Read in the
    sources, not seen on a server.

    Server says:

        unsupported datatype

    Bad:

        -- tk validate --release 24.10
        backend: "onnxruntime"
        input { name: "x" data_type: TYPE_BF16 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }

    Good:

        -- tk validate --release 24.10
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
