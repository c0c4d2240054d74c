"""What is left of a template that was not filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from triton_kit.repository.text_format.document import Document

QUOTED = re.compile(r"\$\{[^{}]*\}|\{\{.*?\}\}|\{%.*?%\}|^[$%@]\w+[%@]?$", re.DOTALL)
"""A placeholder as a text between quotes holds it: of a shell, of Jinja, of Python's string.Template, of sed."""

_SCAN = re.compile(
    r"""(?P<placeholder>\$\{[^{}\n]*\} | \$\(\w+\) | \{\{.*?\}\} | \{%.*?%\} | <%.*?%> | [@%]{1,2}\w+[@%]{1,2} | \$\w+
      | (?<![\w.])__[A-Za-z]\w*__(?!\w) | <[A-Z][A-Z0-9_]*>)
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | \#[^\n]*""",
    re.DOTALL | re.VERBOSE,
)
_SED = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
"""A word in capitals where a number belongs: sed writes the number over it."""


class Placeholder(NamedTuple):
    """A placeholder outside quotes, and where it is in the text."""

    text: str
    start: int
    end: int


def unrendered(document: Document) -> tuple[Placeholder, ...]:
    """The placeholders that keep the text from being a configuration, in order; none where it can be read.

    Those between quotes do no harm to the syntax, and are not among them.
    """
    if not document.problems:
        return ()
    return tuple(_bare(document.source.text)) or tuple(_words(document))


def _bare(text: str) -> Iterator[Placeholder]:
    for found in _SCAN.finditer(text):
        if found["placeholder"]:
            yield Placeholder(found[0], found.start(), found.end())


def _words(document: Document) -> Iterator[Placeholder]:
    """Words in capitals, where they are all that is wrong."""
    source = document.source
    found = []
    for problem in document.problems:
        start = source.offset(problem.span.line, problem.span.column)
        word = _SED.match(source.text, start)
        if problem.kind != "type" or word is None:
            return
        found.append(Placeholder(word[0], start, word.end()))
    yield from found
