"""Rules about texts that say something else than they seem to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from triton_kit.linter.checked import CheckedModel
from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.linter.rule import rule
from triton_kit.repository.schema import RANGES
from triton_kit.repository.source import Path
from triton_kit.repository.textproto import Message

_VARIABLE = r"\$\{[^{}]*\}|\{\{.*?\}\}|\{%.*?%\}|^[$%@]\w+[%@]?$"
# It begins with a literal, for which the search is quick.
_OTHER_BASE = r"0(?<=[\[:,\s-]0)[0-9xX]"


def _values(message: Message, at: Path = ()) -> Iterator[tuple[Path, str, Any]]:
    """Every scalar of a message, at any depth: its route, its kind, its value."""
    for name, value in message.fields():
        field = message.type_.fields[name]
        here: Path = (*at, name)
        if field.map and field.value is not None:
            for key, item in value.items():
                yield (*here, key), "key", key
                if isinstance(item, Message):
                    yield from _values(item, (*here, key))
                else:
                    yield (*here, key), field.value.kind, item
        elif field.kind == "message":
            for i, item in enumerate(value if field.repeated else [value]):
                yield from _values(item, (*here, i) if field.repeated else here)
        elif field.repeated:
            for i, item in enumerate(value):
                yield (*here, i), field.kind, item
        else:
            yield here, field.kind, value


@rule(Severity.WARNING)
def unfilled_placeholder(model: CheckedModel) -> Iterator[Problem]:
    """A text still has the placeholder of a template.

    Between quotes it parses, and the backend gets it as it stands (protobuf TextFormat).

    Bad:

        parameters { key: "engine_dir" value { string_value: "${engine_dir}" } }

    Good:

        parameters { key: "engine_dir" value { string_value: "/engines/1" } }
    """
    text = model.document.source.text
    # Looking for one character after the other costs less than the pattern, which most texts need not.
    if model.document.problems or not ("{{" in text or "$" in text or "%" in text or "@" in text):
        return
    search = re.compile(_VARIABLE, re.DOTALL).search
    for at, kind, value in _values(model.config):
        if kind in ("string", "key") and (found := search(value)):
            yield Problem(
                at=at,
                key=kind == "key",
                message=f"'{found[0]}' is a placeholder that nobody filled in",
                help="fill the template in before the server reads it",
            )


@rule(Severity.WARNING)
def number_in_another_base(model: CheckedModel) -> Iterator[Problem]:
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
        if kind in RANGES:
            (start, end), _ = source.offsets(at)
            written = source.text[start:end].lstrip("-")
            if len(written) > 1 and written[0] == "0" and written.strip("0"):
                base = "hexadecimal" if written[1] in "xX" else "octal"
                yield Problem(
                    at=at, message=f"{written} is {base} for {value}", help=f"write {value}, if that is meant"
                )


@rule(Severity.WARNING)
def overridden_value(model: CheckedModel) -> Iterator[Problem]:
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
def text_not_utf8(model: CheckedModel) -> Iterator[Problem]:
    """A text has bytes that are not UTF-8.

    It parses, and the configuration that the server hands on is then broken or not to be had (protobuf TextFormat).

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
        if kind in ("string", "key") and any("\ud800" <= c <= "\udfff" for c in value):
            yield Problem(
                at=at,
                key=kind == "key",
                message=f"{at[-1]} has bytes that are not UTF-8",
                help="save the file as UTF-8, or leave them out",
            )
