"""Comments as other languages write them: ``//`` and ``/*``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from triton_kit.repository.text_format.lexer import skip
from triton_kit.repository.text_format.source import Replacement

if TYPE_CHECKING:
    from triton_kit.repository.text_format.reader import Reader

_SLASHES = re.compile(r"//[^\n\0]*(?:\n[ \t]*//[^\n\0]*)*")
_SLASH = re.compile(r"(^|\n[ \t]*)//")


def code_comment(reader: Reader, pos: int) -> int:
    """Report such a comment; where reading goes on beyond it."""
    text = reader.text
    if text.startswith("//", pos):
        end = text.index("\n", pos)
    else:
        end = text.find("*/", pos) + 2 if "*/" in text[pos:] else text.index("\n", pos)
    if reader.code_comment != pos:
        what = f"{text[pos : pos + 2]} does not begin a comment"
        reader.report("syntax", pos, pos + 2, what, "write # before a comment", _hashes(text, pos))
    following = skip(text, end)
    reader.code_comment = following
    return following


def _hashes(text: str, pos: int) -> Replacement | None:
    """The lines of // comments from here on, with # instead."""
    lines = _SLASHES.match(text, pos)
    return Replacement(pos, lines.end(), _SLASH.sub(r"\1#", lines[0])) if lines else None
