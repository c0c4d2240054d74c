"""The fixes of ``tk validate --fix`` on disk, or as a diff."""

from __future__ import annotations

import contextlib
import difflib
import stat
from collections.abc import Iterator
from pathlib import Path

from triton_kit.errors import TkError
from triton_kit.files.write import explain_os_errors, replace_text, sync
from triton_kit.linter.fix.plan import FixedFile, Fixes
from triton_kit.model import disk

KEEP = ".gitkeep"
"""What holds an empty version directory in git."""


def write_fixes(fixes: Fixes) -> None:
    """Write what was planned: each file in one step, through a symbolic link, with its mode.

    Raises TkError, before anything is written, for a file that is not to be written or that somebody changed since it
    was read.
    """
    for file in fixes.files:
        _refuse_changed(file)
    for directory in fixes.directories:
        _make(directory)
    for file in fixes.files:
        # What was written before took its time.
        _refuse_changed(file)
        replace_text(file.path, file.new)


def diff(fixes: Fixes) -> Iterator[str]:
    """What would be written as a unified diff, for ``git apply -p0``, without line ends."""
    for file in fixes.files:
        old, new = (text.split("\n") for text in (file.old, file.new))
        # A text without a line break at its end differs from one with it, as in git.
        ends = [lines.pop() for lines in (old, new)]
        for lines, end in zip((old, new), ends, strict=True):
            if end:
                lines.append(f"{end}\n\\ No newline at end of file")
        yield from difflib.unified_diff(old, new, str(file.path), str(file.path), lineterm="")
    for directory in fixes.directories:
        yield from (f"diff --git {directory / KEEP} {directory / KEEP}", "new file mode 100644")


def _refuse_changed(file: FixedFile) -> None:
    try:
        mode = file.path.stat().st_mode
        data = disk.read_bytes(str(file.path))
    except OSError as error:
        raise TkError(f"{file.path} cannot be read: {disk.reason(error)}", hint=disk.remedy(error)) from None
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise TkError(f"{file.path} is read-only, and nothing was written", hint="make it writable, or leave it out")
    if data != file.old.encode("utf-8", "surrogateescape"):
        raise TkError(f"{file.path} was changed in the meantime, and is left alone", hint="run it again")


def _make(directory: Path) -> None:
    with explain_os_errors(directory):
        # The directory alone is what the server needs: complete at once.
        with contextlib.suppress(FileExistsError):
            directory.mkdir()
        if not any(directory.iterdir()):
            (directory / KEEP).touch()
        sync(directory.parent)
