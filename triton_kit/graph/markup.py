"""Any text inside XML or HTML, element or attribute alike."""

from __future__ import annotations

import re

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What no XML document may hold, or should not (https://www.w3.org/TR/xml/#charsets)."""

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def escaped(text: str) -> str:
    """The text with what means something to XML escaped, and with a sign in place of what XML has no way to write."""
    return _FORBIDDEN.sub("\ufffd", text).translate(_ENTITIES)
