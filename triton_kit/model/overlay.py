"""A repository as it would be with some files changed, without changing them."""

from __future__ import annotations

import os
from typing import NamedTuple, Protocol

from triton_kit.model import disk


class Disk(Protocol):
    """What models are read from: the module ``files``, or an Overlay over it."""

    def listing(self, path: str) -> dict[str, str]:
        """As ``files.listing``."""

    def read_bytes(self, path: str) -> bytes:
        """As ``files.read_bytes``."""


class Overlay(NamedTuple):
    """The new contents of files, and the directories that there are besides, by their real path."""

    texts: dict[str, bytes]
    directories: frozenset[str]

    def listing(self, path: str) -> dict[str, str]:
        """As ``files.listing``."""
        if not self.directories:
            return disk.listing(path)
        real = os.path.realpath(path)
        if real in self.directories and not os.path.lexists(real):
            return {}
        made = [os.path.split(directory) for directory in self.directories]
        return disk.listing(path) | {name: disk.DIRECTORY for folder, name in made if folder == real}

    def read_bytes(self, path: str) -> bytes:
        """As ``files.read_bytes``."""
        planned = self.texts.get(os.path.realpath(path))
        return disk.read_bytes(path) if planned is None else planned
