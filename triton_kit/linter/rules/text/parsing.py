"""Rules about the text of config.pbtxt: what Triton's text-format parser refuses."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.linter.fix.edits import replace
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model


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
    """The text is not protobuf text format.

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
    """A field has no such name where it is.

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

    Numbers take no quotes, strings need them, a block is not a scalar (protobuf TextFormat).

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
