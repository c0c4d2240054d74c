"""What tk suggests, taken out of what it prints, to be typed again: commands, and options of the command itself."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from triton_kit.cli import COMMANDS

_COMMAND = re.compile(rf"(?<![\w./-])tk (?=(?:{'|'.join(sorted(COMMANDS, key=len, reverse=True))})(?![\w-]))")
_PROSE = frozenset(("and", "or", "then", "to", "with", "for", "which", "again", "shows", "writes", "from"))
"""Words that end a command in a sentence; an argument that reads like one would be quoted."""
_HEADER = re.compile(r"[ +-]?# Rendered by tk ")
"""What a rendered file begins with, which a comparison shows too: it tells what to do after a change."""
_OPTION = re.compile(r"\b(add|take|write|say which:|leave out) (?=--[a-z])")


def commands_in(text: str, fill: Mapping[str, str] | None = None) -> list[list[str]]:
    """The arguments of each ``tk`` command in a text, in order; ``fill`` is what stands for ``NAME`` and the like."""
    found = []
    for line in text.splitlines():
        if _HEADER.match(line):
            continue
        starts = [match.end() for match in _COMMAND.finditer(line)]
        for start in starts:
            found.append(_filled(_words(line[start:]), fill or {}))
    return found


def variants_in(text: str, command: Sequence[str], fill: Mapping[str, str] | None = None) -> list[list[str]]:
    """The command as each ``add --option value``, ``take``, ``write`` and ``leave out --option`` changes it."""
    found = []
    for match in _OPTION.finditer(text):
        words = _filled(_words(text[match.end() :].partition("\n")[0]), fill or {})
        name, rest = words[0], words[1:]
        if match[1] == "leave out":
            names = re.match(r"--[\w-]+(?: or --[\w-]+)*", text[match.end() :])
            assert names
            found += [_without(command, one) for one in names[0].split(" or ")]
        elif match[1] == "add":
            found.append([*command, name, *rest])
        else:
            found.append([*_without(command, name), name, *rest])
    return found


def _words(text: str) -> list[str]:
    """The words of a command that a sentence begins with."""
    words: list[str] = []
    lexer = shlex.shlex(text, posix=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    for word in lexer:
        if word in _PROSE:
            break
        end = word[-1] if word[-1] in ",;:)" else ""
        words += shlex.split(word.removesuffix(end))
        if end:
            break
    return words


def _filled(words: Sequence[str], fill: Mapping[str, str]) -> list[str]:
    """The words with what stands for a placeholder; AssertionError for one that nothing stands for."""
    result = [fill.get(word, word) for word in words]
    open_ = [word for word in result if re.fullmatch(r"[A-Z][A-Z,]*", word)]
    assert not open_, f"{' '.join(words)} has {', '.join(open_)} to fill in"
    return result


def _without(command: Sequence[str], option: str) -> list[str]:
    """The command without an option and its values."""
    kept: list[str] = []
    skipping = False
    for word in command:
        skipping = word == option or (skipping and not word.startswith("--"))
        if not skipping:
            kept.append(word)
    return kept
