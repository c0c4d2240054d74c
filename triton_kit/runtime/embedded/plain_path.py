"""Paths that the python backend can take: it starts its stub through a shell, and does not quote.

With a blank in a path the stub gets wrong arguments, dies before it can report, and the server waits for ever (seen on
24.10; model names with one are refused since 25.08, ``stub_launcher.cc``).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

from triton_kit.errors import TkError

_PLAIN = re.compile(r"[\w./+,@%=-]*", re.ASCII)


def is_plain(text: str) -> bool:
    """Whether the python backend takes a path, or a part of one, as it is."""
    return _PLAIN.fullmatch(text) is not None


def plain(path: Path, owner: str) -> Path:
    """The path itself if it is plain, else where ``link`` puts a link to it for ``owner``, who removes it."""
    if is_plain(str(path)):
        return path
    digest = hashlib.sha256(f"{path} {owner}".encode("utf-8", "surrogateescape")).hexdigest()[:12]
    places = [os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"]
    for place in places[:-1]:
        if place and _PLAIN.fullmatch(place) and (place != places[0] or _private(Path(place))):
            return Path(place) / f"tk-{os.getuid()}-{digest}"
    return Path(places[-1]) / f"tk-{os.getuid()}-{digest}"


def _private(place: Path) -> bool:
    """Whether a directory is the user's own and closed to others, as the one for a session's files is."""
    with contextlib.suppress(OSError):
        status = place.stat()
        return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077
    return False


def link(path: Path, owner: str) -> Path | None:
    """Make the link that ``plain`` speaks of; None when none is needed. Raises TkError when it cannot be made."""
    place = plain(path, owner)
    if place == path:
        return None
    try:
        if place.is_symlink() and place.lstat().st_uid == os.getuid():  # of a tk that was killed
            place.unlink()
        place.symlink_to(path)
    except OSError as error:
        raise TkError(
            f"{place} cannot be made: {error.strerror or error}",
            hint=f"{path} needs it, since the server takes no blanks in paths: rename that, or set TMPDIR",
        ) from None
    return place
