"""How a report writes the path of a file."""

from __future__ import annotations

import os
from pathlib import Path


def show_path(path: Path) -> str:
    """The path with forward slashes; bytes of a name that are not text are shown escaped, so that it can be encoded."""
    return path.as_posix().encode("utf-8", "backslashreplace").decode()


def relative_uri(path: Path) -> str:
    """The path as a URI reference (RFC 3986): relative where it lies below the current directory."""
    from urllib.parse import quote_from_bytes

    raw = os.fsencode(path)
    here = os.fsencode(os.getcwd()) + b"/"
    raw = raw.removeprefix(here) if raw.startswith(here) else raw
    return ("file://" if raw.startswith(b"/") else "") + quote_from_bytes(raw, safe="/~")
