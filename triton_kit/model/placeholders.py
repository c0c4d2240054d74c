"""What is left of a template that was not filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from triton_kit.repository.text_format.document import Document

QUOTED = re.compile(
    r"\$\{[^{}]*\}|\{\{.*?\}\}|\{%.*?%\}|^[$%@]\w+[%@]?$|^<[A-Z][A-Z0-9_]*_[A-Z0-9_]+>$"
    r"|^#(?![0-9a-fA-F]{3,8}$)[A-Za-z_]\w+#?$",
    re.DOTALL,
)
"""A placeholder as a text between quotes holds it: of a shell, of Jinja, of Python's string.Template, of sed."""

_SCAN = re.compile(
    r"""(?P<placeholder>\$\{[^{}\n]*\} | \$\(\w+\) | \{\{.*?\}\} | \{%.*?%\} | <%.*?%> | [@%]{1,2}\w+[@%]{1,2} | \$\w+
      | (?<![\w.])__[A-Za-z]\w*__(?!\w) | <[A-Za-z][\w.-]*(?:[ ][\w.-]+)*> | (?<=[:,\[])\{[A-Za-z_]\w*\}
      | (?<=[:,\[][ ])\{[A-Za-z_]\w*\})
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | \#[^\n]*""",
    re.DOTALL | re.VERBOSE,
)
_SED = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?!\w)")
"""A word in capitals where something else belongs: sed writes that over it."""

_NUMBER = re.compile(r"(?!(?:TRUE|FALSE|NONE|NULL|NAN|INF|INFINITY)\b)[A-Z][A-Z0-9]*(?!\w)")
"""A word in capitals that is one only where a number belongs."""

_HASH = re.compile(r"""(?:[:,\[][ \t]*|\b[A-Z]+_)(\#[A-Za-z_]\w*)([ \t]*[\]},])?|"(?:\\.|[^"\\\n])*"|\#[^\n]*""")
"""A word behind a hash where a value belongs, and a bracket behind it: for the parser, both are a comment."""


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
    return tuple(_bare(document.source.text)) or tuple(_words(document)) or tuple(_hashes(document))


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
        number = " is not an integer, as " in problem.message or " is not a number, as " in problem.message
        word = _SED.match(source.text, start) or (_NUMBER.match(source.text, start) if number else None)
        if problem.kind != "type" or word is None:
            return
        found.append(Placeholder(word[0], start, word.end()))
    yield from found


def _hashes(document: Document) -> Iterator[Placeholder]:
    """Words behind hashes, where a value is missing just there, or a bracket was taken for a part of the comment."""
    text, source = document.source.text, document.source
    found = [match for match in _HASH.finditer(text) if match[1]]
    ends = {source.offset(problem.span.end_line, problem.span.end_column) for problem in document.problems}
    if any(match[2] or not ends.isdisjoint((match.start(1), _name_end(text, match.start()))) for match in found):
        for match in found:
            yield Placeholder(match[1], match.start(1), match.end(1))


def _name_end(text: str, colon: int) -> int:
    """The end of the name before a colon."""
    return len(text[:colon].rstrip())
