"""A model's directory: what is in it, and its configuration as written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from triton_kit.model import disk
from triton_kit.model.broken import Broken, Guarded, kept
from triton_kit.repository.names import CONFIG_NAME
from triton_kit.repository.text_format.document import Document, SourceMap, parse
from triton_kit.value import cached_property

if TYPE_CHECKING:
    from triton_kit.model.placeholders import Placeholder
    from triton_kit.model.repository import Repository
    from triton_kit.repository.model_config import ModelConfig


class ModelDirectory:
    """A model's directory; nothing is read before it is asked for, and reading what is broken raises Broken.

    ``directory`` is where it is, as it was given.
    """

    def __init__(self, directory: str, repository: Repository) -> None:
        self.directory = directory
        self.repository = repository
        self.options = repository.options

    @cached_property
    def name(self) -> str:
        """The name of its directory."""
        return os.path.basename(os.path.abspath(self.directory))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.directory!r})"

    @cached_property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.directory)

    @cached_property
    def _listing(self) -> dict[str, str] | OSError:
        try:
            return self.repository.disk.listing(self.directory)
        except OSError as error:
            return kept(error)

    @property
    def listing_error(self) -> str | None:
        """Why the directory cannot be listed."""
        return disk.reason(self._listing) if isinstance(self._listing, OSError) else None

    @property
    def entries(self) -> dict[str, str]:
        """What is in the directory: names and their kinds."""
        if isinstance(self._listing, OSError):
            raise Broken(self.directory)
        return self._listing

    @cached_property
    def directories(self) -> list[str]:
        """The sub-directories, by bytes."""
        return disk.by_bytes(self.entries, disk.DIRECTORY)

    @property
    def first_directory(self) -> str | None:
        """The first sub-directory by bytes, whatever it is: the one that the server's detection looks into."""
        return self.directories[0] if self.directories else None

    @cached_property
    def _listings(self) -> dict[str, dict[str, str]]:
        return {}

    def listing(self, name: str) -> dict[str, str]:
        """What is in a sub-directory; Broken where that cannot be listed."""
        if name not in self._listings:
            try:
                self._listings[name] = self.repository.disk.listing(self.join(name))
            except OSError:
                raise Broken(name) from None
        return self._listings[name]

    def join(self, *names: str) -> str:
        """A path below the model's directory."""
        return "/".join((self.directory, *names))

    @cached_property
    def config_name(self) -> str:
        """The configuration's path below the model: ``config.pbtxt``, or the one of ``configs/`` that was asked for.

        A model without a file of that name falls back (core model_repository_manager.cc:GetModelConfigFullPath).
        """
        asked = self.options.config_name
        if asked:
            name = f"configs/{asked}.pbtxt"
            if disk.kind_of(self.join(name)):
                return name
        return CONFIG_NAME

    @cached_property
    def config_kind(self) -> str | None:
        """What the configuration file is: one of the kinds of ``files``, or ``None`` where there is none."""
        if self.config_name != CONFIG_NAME:
            return disk.kind_of(self.join(self.config_name))
        return self.entries.get(CONFIG_NAME)

    @property
    def has_config(self) -> bool:
        """Whether there is a configuration file."""
        return self.config_kind == disk.FILE

    @property
    def config_path(self) -> Path:
        """Where its configuration is, whether or not it exists."""
        return Path(self.join(self.config_name))

    @cached_property
    def _config_bytes(self) -> bytes | OSError:
        if self.config_kind != disk.FILE:
            return b""
        try:
            return self.repository.disk.read_bytes(self.join(self.config_name))
        except OSError as error:
            return kept(error)

    @property
    def config_remedy(self) -> str:
        """What to do about a configuration that cannot be read."""
        return disk.remedy(self._config_bytes) if isinstance(self._config_bytes, OSError) else ""

    @property
    def config_error(self) -> str | None:
        """Why an existing ``config.pbtxt`` cannot be read."""
        return disk.reason(self._config_bytes) if isinstance(self._config_bytes, OSError) else None

    @cached_property
    def document(self) -> Document:
        """The parsed configuration; an absent one is empty where the server completes it."""
        if self.config_kind is None and not self.options.auto_complete:
            raise Broken(CONFIG_NAME)
        if isinstance(self._config_bytes, OSError) or self.config_kind not in (disk.FILE, None):
            raise Broken(CONFIG_NAME)
        document = parse(self._config_bytes)
        # The document has the text: twice is too much of a large one.
        self._config_bytes = b""
        return document

    @property
    def source(self) -> SourceMap:
        """Where each part of the configuration is in its file."""
        return self.document.source

    @cached_property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """What nobody filled in, where the configuration is for that reason none yet, but a template."""
        from triton_kit.model.placeholders import unrendered

        try:
            return unrendered(self.document)
        except Broken:
            return ()

    @cached_property
    def config(self) -> ModelConfig:
        """The configuration as written, a Message; fields that could not be read raise Broken."""
        document = self.document
        if not document.problems:
            return document.config
        return cast("ModelConfig", Guarded(document.message, _tainted(document)))

    def written(self) -> frozenset[str] | None:
        """The fields that are written, at any depth, or ``None`` where the configuration is broken in some way."""
        try:
            document = self.document
        except Broken:
            return None
        return None if document.problems else document.names

    @property
    def at_file(self) -> Path:
        """Where findings about the configuration stand: the file, or the directory where there is none."""
        if self.listing_error is None and self.config_kind is None:
            return self.path
        return Path(self.join(self.config_name))


def _tainted(document: Document) -> frozenset[str]:
    """The top-level fields that a broken place may concern: all of them where that is not known."""
    from triton_kit.model.damage import tainted_fields

    return tainted_fields(document)
