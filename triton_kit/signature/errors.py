"""The failures of reading a model file."""

from __future__ import annotations

from pathlib import Path

from triton_kit.errors import TkError


class ModelFileError(TkError):
    """A model file that cannot be read for what it should be.

    ``reason`` is one of: ``missing``, ``unreadable``, ``directory``, ``special`` (a pipe, socket or device), ``empty``,
    ``git-lfs``, ``foreign`` (a file of another kind), ``truncated``, ``malformed``, ``trailing`` (bytes after the
    end), ``external`` (external data that may not be followed), ``ambiguous`` (several things it may mean).
    ``detail`` is the message without the file's name.
    """

    def __init__(self, path: str | Path, detail: str, *, reason: str, hint: str | None = None) -> None:
        super().__init__(f"{path} {detail}", hint=hint)
        self.path = Path(path)
        self.detail = detail
        self.reason = reason
