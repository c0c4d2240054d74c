"""A repository shown to a server whose Python would write bytecode beside the sources: it writes beside copies of them.

The python backend's stub is an embedded, isolated Python, which heeds neither PYTHONDONTWRITEBYTECODE nor
PYTHONPYCACHEPREFIX, and whose packages are those of the machine (seen on 24.10).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from triton_kit.errors import TkError
from triton_kit.runtime.embedded.plain_path import is_plain
from triton_kit.runtime.temporary_directory import make_directory

_BYTECODE = "__pycache__"


def make_mirror(repository: Path, ending: ExitStack) -> Path:
    """A new directory with the repository's content: copies of Python sources, and links to everything else.

    A directory without Python sources is a link as a whole. ``ending`` removes it. Raises TkError where it cannot be
    made.
    """
    folder = tempfile.gettempdir()
    try:
        place = make_directory(ending, prefix=f"tk-{os.getuid()}-", folder=folder if is_plain(folder) else "/tmp")
        _fill(repository.absolute(), place, ())
    except OSError as error:
        raise TkError(
            f"{repository} cannot be shown to the server: {error.strerror or error}",
            hint="make room where temporary files go, or set TMPDIR",
        ) from None
    return place


def _fill(source: Path, target: Path, above: tuple[str, ...]) -> None:
    above = (*above, os.path.realpath(source))
    for entry in os.scandir(source):
        if entry.name == _BYTECODE:
            continue
        place = target / entry.name
        if entry.is_dir() and _has_sources(Path(entry.path), above):
            place.mkdir()
            _fill(Path(entry.path), place, above)
        elif entry.name.endswith(".py") and entry.is_file() and os.access(entry.path, os.R_OK):
            shutil.copy2(entry.path, place)
        else:
            place.symlink_to(entry.path)


def _has_sources(folder: Path, above: tuple[str, ...]) -> bool:
    """Whether there is Python below a directory; not where that leads back to one that it is in."""
    here = os.path.realpath(folder)
    if here in above:
        return False
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return False
    return any(
        _has_sources(Path(entry.path), (*above, here)) if entry.is_dir() else entry.name.endswith(".py")
        for entry in entries
    )
