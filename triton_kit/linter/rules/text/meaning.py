"""Rules about texts that say something else than they seem to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import count
from triton_kit.model.broken import Broken
from triton_kit.model.model import Model
from triton_kit.repository.schema import RANGES, Scalar
from triton_kit.repository.text_format.document import Message
from triton_kit.repository.text_format.source import Route

# It begins with a literal, for which the search is quick.
_MARKS = ("{{", "$", "%", "@", '"<', "'<", '"#', "'#")
"""A text without any of these has no placeholder between quotes."""
_OTHER_BASE = r"0(?<=[\[:,\s-]0)[0-9xX]"


def _values(message: Message, at: Route = ()) -> Iterator[tuple[Route, str, Scalar]]:
    """Every scalar of a message, at any depth: its route, its kind, its value."""
    for name, value in message.fields():
        field = message.type_.fields[name]
        here: Route = (*at, name)
        if isinstance(value, dict):
            for key, item in value.items():
                yield (*here, key), "key", key
                if isinstance(item, Message):
                    yield from _values(item, (*here, key))
                elif field.value is not None:
                    yield (*here, key), field.value.kind, item
        elif isinstance(value, list):
            for i, item in enumerate(value):
                if isinstance(item, Message):
                    yield from _values(item, (*here, i))
                else:
                    yield (*here, i), field.kind, item
        elif isinstance(value, Message):
            yield from _values(value, here)
        else:
            yield here, field.kind, value


@rule(Severity.ERROR, broken=True)
def unrendered_template(model: Model) -> Iterator[Problem]:
    """The configuration is a template that was not filled in.

    Placeholders of a shell, of Jinja, of Python's `string.Template`, of sed. The server refuses the text at the first
    of them (protobuf TextFormat); what else is said of a template would be of no use, so nothing else is.

    Server says:

        Expected integer, got: $

    Bad:

        backend: "python"
        max_batch_size: ${MAX_BATCH}

    Good:

        backend: "python"
        max_batch_size: 8
    """
    found = model.placeholders
    if found:
        names = list(dict.fromkeys(placeholder.text for placeholder in found))
        more = f" and {count(len(names) - 1, 'other')}" if len(names) > 1 else ""
        yield Problem(
            span=model.document.source.span(found[0].start, found[0].end),
            message=f"this is a template: '{names[0]}'{more} must be filled in before a server can read it",
            help="render it first, or leave the file out of what is checked",
        )


@rule(Severity.WARNING)
def unfilled_placeholder(model: Model) -> Iterator[Problem]:
    """A text still has the placeholder of a template.

    Between quotes it parses, and the backend gets it as it stands. The optional parameters of tensorrtllm then have
    their defaults, which is a note (protobuf TextFormat, tensorrtllm docs/model_config.md).

    Bad:

        parameters { key: "engine_dir" value { string_value: "${engine_dir}" } }

    Good:

        parameters { key: "engine_dir" value { string_value: "/engines/1" } }
    """
    text = model.document.source.text
    # Looking for one character after the other costs less than the pattern, which most texts need not.
    if model.document.problems or not any(mark in text for mark in _MARKS):
        return
    from triton_kit.model.placeholders import QUOTED

    held = [
        (at, kind, found[0])
        for at, kind, value in _values(model.config)
        if isinstance(value, str) and kind in ("string", "key") and (found := QUOTED.search(value))
    ]
    optional = [one for one in held if _is_optional(model, one[0])]
    needed = [one for one in held if one not in optional]
    for some, severity in ((needed, None), (optional, Severity.NOTE)):
        if some:
            at, kind, placeholder = some[0]
            others = len({text for _, _, text in some} - {placeholder})
            more = f", and so {'is' if others == 1 else 'are'} {count(others, 'other')} below" if others else ""
            default = "" if severity is None else "; the backend takes the default"
            yield Problem(
                at=at,
                key=kind == "key",
                message=f"'{placeholder}' is a placeholder that was not filled in{more}{default}",
                help="leave optional parameters out" if default else "fill the template in before a server reads it",
                severity=severity,
            )


def _is_optional(model: Model, at: Route) -> bool:
    """Whether the placeholder is the value of a parameter that the backend has a default for."""
    optional = (
        at[:1] == ("parameters",) and at[-1] == "string_value" and at[1] not in ("gpt_model_path", "gpt_model_type")
    )
    try:
        return optional and model.backend == "tensorrtllm"
    except Broken:
        return False


@rule(Severity.WARNING)
def number_in_another_base(model: Model) -> Iterator[Problem]:
    """A number is octal or hexadecimal.

    A leading zero makes it octal: `010` is 8; `0x10` is 16 (protobuf TextFormat).

    Bad:

        max_batch_size: 010

    Good:

        max_batch_size: 8
    """
    source = model.document.source
    if model.document.problems or not re.search(_OTHER_BASE, source.text):
        return
    for at, kind, value in _values(model.config):
        if kind in RANGES and isinstance(value, int):
            (start, end), _ = source.offsets(at)
            written = source.text[start:end].lstrip("-")
            if len(written) > 1 and written[0] == "0" and written.strip("0"):
                base = "hexadecimal" if written[1] in "xX" else "octal"
                yield Problem(at=at, message=f"{written} is {base} for {value}", help=f"write {value} if you mean that")


@rule(Severity.WARNING)
def overridden_value(model: Model) -> Iterator[Problem]:
    """A value is replaced by a later one, without a word.

    Of a key that a map has twice the last entry counts; a field that first has its default value takes a second one
    (protobuf TextFormat).

    Bad:

        max_batch_size: 0
        max_batch_size: 8

    Good:

        max_batch_size: 8
    """
    if model.document.problems:
        return
    for found in model.document.source.overridden():
        there = Related(message="it is replaced here", file=model.at_file, span=found.by)
        yield Problem(
            message=f"{found.what} is given twice, and this one does not count",
            help="remove one of the two",
            span=found.span,
            related=(there,),
        )


@rule(Severity.WARNING)
def text_not_utf8(model: Model) -> Iterator[Problem]:
    """A text has bytes that are not UTF-8.

    It parses, and the configuration that the server hands on is then broken or not available (protobuf TextFormat).

    Server says:

        contains invalid UTF-8 data

    Bad:

        parameters { key: "author" value { string_value: "\\377" } }

    Good:

        parameters { key: "author" value { string_value: "me" } }
    """
    if model.document.problems or (model.document.source.text.isascii() and "\\" not in model.document.source.text):
        return
    for at, kind, value in _values(model.config):
        if isinstance(value, str) and kind in ("string", "key") and any("\ud800" <= c <= "\udfff" for c in value):
            yield Problem(
                at=at,
                key=kind == "key",
                message=f"{at[-1]} has bytes that are not UTF-8",
                help="save the file as UTF-8, or leave them out",
            )
