"""A repository, its models and their versions, each read when it is asked for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.errors import UsageError
from triton_kit.repository.text_format.document import Document, SourceMap, parse

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelConfig

CONFIG_NAME = "config.pbtxt"

RESERVED_DIRECTORIES = frozenset({"warmup", "initial_state", "configs"})
"""Sub-directories of a model that are never versions (core model_lifecycle.cc:VersionsToLoad)."""

TESTS = "tests"
"""Where tk keeps a model's golden cases; the server skips a directory of that name."""


def is_directory(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a directory, or a link to one; a link that leads nowhere, or to itself, is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version directory of a model."""

    number: int
    path: Path


class Model:
    """A model directory; nothing is read before it is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"Model({str(self.path)!r})"

    @property
    def name(self) -> str:
        """The name of the directory, which is the name of the model."""
        return self.path.name

    @property
    def config_path(self) -> Path:
        """Where its configuration is, whether or not it exists."""
        return self.path / CONFIG_NAME

    @cached_property
    def has_config(self) -> bool:
        """Whether there is a configuration file."""
        return self.config_path.is_file()

    @cached_property
    def document(self) -> Document:
        """The configuration with its source map and parse problems; an absent file is an empty one.

        Raises OSError where the file cannot be read.
        """
        return parse(self.config_path.read_bytes() if self.has_config else b"")

    @property
    def config(self) -> ModelConfig:
        """The configuration as written; absent fields read as their proto3 default."""
        return self.document.config

    @property
    def source(self) -> SourceMap:
        """Where each part of the configuration stands in its file."""
        return self.document.source

    @cached_property
    def directories(self) -> tuple[str, ...]:
        """The names of all sub-directories, sorted as Triton's detection sorts them: by bytes."""
        with os.scandir(self.path) as entries:
            return tuple(sorted((e.name for e in entries if is_directory(e)), key=os.fsencode))

    @cached_property
    def versions(self) -> tuple[Version, ...]:
        """The version directories, plain decimal names only, lowest first."""
        numbers = (n for n in self.directories if n.isascii() and n.isdecimal() and str(int(n)) == n)
        return tuple(Version(number=n, path=self.path / str(n)) for n in sorted(map(int, numbers)))


class Repository:
    """A model repository: every sub-directory is a model, hidden ones included, as the server sees it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"Repository({str(self.path)!r})"

    @cached_property
    def models(self) -> dict[str, Model]:
        """The models by name, sorted. Raises UsageError when the path is not a readable directory."""
        try:
            with os.scandir(self.path) as entries:
                names = sorted(e.name for e in entries if is_directory(e))
        except NotADirectoryError:
            raise UsageError(f"{self.path} is not a directory", hint="give the path of a model repository") from None
        except FileNotFoundError:
            raise UsageError(f"{self.path} does not exist", hint="give the path of a model repository") from None
        except PermissionError:
            raise UsageError(f"{self.path} cannot be read: permission denied", hint="check its permissions") from None
        return {name: Model(self.path / name) for name in names}
