"""Where the files that ship with tk are: templates and the sample repository."""

from __future__ import annotations

from pathlib import Path

from triton_kit.errors import TkError

_PACKAGE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """The path of a shipped file or directory: inside the package when installed, beside it in a checkout."""
    for place in (_PACKAGE / name, _PACKAGE.parent / name):
        if place.exists():
            return place
    raise TkError(f"{name} is missing from this installation", hint="reinstall triton-kit")
