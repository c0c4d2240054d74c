"""A model as the server sees it: each fact read once, when it is asked for."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from triton_kit.backends.detect import NOTHING, Detected, Listing, detect_backend
from triton_kit.backends.facts import Facts, facts
from triton_kit.model import disk
from triton_kit.model.broken import Broken, Guarded, kept
from triton_kit.model.completion import Completed, Readers, Tensor, complete, tensors
from triton_kit.model.version import Version, overflows, selected, version_folder, version_numbers
from triton_kit.repository.names import CONFIG_NAME
from triton_kit.repository.release_name import show_release
from triton_kit.repository.text_format.document import Document, SourceMap, parse

if TYPE_CHECKING:
    import ast

    from triton_kit.model.placeholders import Placeholder
    from triton_kit.model.repository import Repository
    from triton_kit.repository.model_config import ModelConfig
    from triton_kit.signature.errors import ModelFileError
    from triton_kit.signature.onnx.model import OnnxModel


class Model:
    """A model as the server sees it; nothing is read before it is asked for, and reading what is broken raises Broken.

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
        return f"Model({self.directory!r})"

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
        return os.path.join(self.directory, *names)

    # --- the configuration as written

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

    # --- the configuration as the server completes it

    @cached_property
    def detected(self) -> Detected:
        """Backend, platform and model file name after the server's own completion, which is always on."""
        config = self.config
        backend, platform, name = config.backend, config.platform, config.default_model_filename
        looks = not (platform or name) and backend in ("", "tensorflow")
        return detect_backend(
            model_name=self.name,
            backend=backend,
            platform=platform,
            filename=name,
            listing=self.inspected if looks else NOTHING,
            release=show_release(self.options.release),
        )

    @property
    def inspected(self) -> Listing:
        """What is in the one directory that detection looks into: the first by name, whatever it is."""
        if not self.directories:
            return NOTHING
        entries = self.listing(self.directories[0])
        folders = frozenset(name for name, kind in entries.items() if kind == disk.DIRECTORY)
        return Listing(names=frozenset(entries), directories=folders)

    @property
    def backend(self) -> str:
        """The backend's name after completion; empty where there is none, as for an ensemble."""
        return self.detected.backend

    @property
    def facts(self) -> Facts:
        """What the backend does."""
        return facts(self.backend)

    @property
    def platform(self) -> str:
        """The platform after completion."""
        return self.detected.platform

    @property
    def file_name(self) -> str:
        """The model file's name in a version directory, the backend's default where none is given."""
        return self.detected.default_model_filename

    @property
    def is_ensemble(self) -> bool:
        """Whether the server takes it for an ensemble."""
        return self.platform == "ensemble"

    @cached_property
    def version_numbers(self) -> dict[str, int]:
        """The directories that count as versions; Broken where one of them kills the server."""
        numbers = version_numbers(self.directories)
        if any(map(overflows, numbers.values())):
            raise Broken("versions")
        return numbers

    @property
    def all_versions(self) -> list[Version]:
        """The versions that the server counts, whether or not its policy selects them, lowest first."""
        return [Version(number, self.directory) for number in sorted(set(version_numbers(self.directories).values()))]

    @cached_property
    def versions(self) -> list[Version]:
        """The versions that the server loads, as the version policy selects them, lowest first."""
        policy = self.config.version_policy if self.config.has("version_policy") else None
        return [Version(number, self.directory) for number in selected(self.version_numbers.values(), policy)]

    @cached_property
    def inputs(self) -> list[Tensor]:
        """The inputs as written."""
        return tensors(self.config, "input")

    @cached_property
    def outputs(self) -> list[Tensor]:
        """The outputs as written."""
        return tensors(self.config, "output")

    @cached_property
    def _completed(self) -> dict[int, Completed]:
        return {}

    def completed(self, version: int) -> Completed:
        """The configuration of one version after the backend's completion; Broken where that fails."""
        if self.config.max_batch_size < 0:
            raise Broken("max_batch_size")
        if version not in self._completed:
            written = Completed(self.config.max_batch_size, self.inputs, self.outputs)
            if self.options.auto_complete and not self.is_ensemble:
                readers = Readers(lambda: self.signature(version).signature, lambda: self.python(version))
                written = complete(written, self.config, self.backend, self.options, readers)
            self._completed[version] = written
        return self._completed[version]

    def model_file(self, version: int) -> str:
        """The path of a version's model file."""
        return self.join(self.version_folder(version), self.file_name)

    @staticmethod
    def version_folder(version: int) -> str:
        """The name of the directory that is opened for a version."""
        return version_folder(version)

    @cached_property
    def reads(self) -> dict[tuple[int, object], object]:
        """What readers said of model files, by version and reader: see ``model_file``."""
        return {}

    @cached_property
    def _onnx(self) -> dict[int, OnnxModel | ModelFileError]:
        return {}

    def onnx(self, version: int) -> OnnxModel | ModelFileError:
        """The OnnxModel of a version or the ModelFileError that reading it gave; Broken where there is no file."""
        if version not in self._onnx:
            from triton_kit.signature.onnx.signature import ModelFileError, infer_missing, read

            path = self.model_file(version)
            kind = disk.kind_of(path)
            if kind == disk.DIRECTORY:
                path = os.path.join(path, "model.onnx")
                kind = disk.kind_of(path)
            if kind != disk.FILE:
                raise Broken(path)
            try:
                self._onnx[version] = infer_missing(path, read(path, confined=False, checked=True, regular=True))
            except ModelFileError as error:
                self._onnx[version] = kept(error)
        return self._onnx[version]

    def signature(self, version: int) -> OnnxModel:
        """The OnnxModel of a version; Broken where it cannot be read."""
        found = self.onnx(version)
        if isinstance(found, Exception):
            raise Broken(self.file_name)
        return found

    @cached_property
    def _python(self) -> dict[int, ast.Module | Exception]:
        return {}

    def python(self, version: int) -> ast.Module | Exception:
        """The syntax tree of a version's model.py or the SyntaxError; Broken where there is no such file."""
        if version not in self._python:
            import ast
            import warnings

            try:
                source = disk.read_bytes(self.model_file(version))
            except (OSError, ValueError):
                raise Broken(self.file_name) from None
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    self._python[version] = ast.parse(source)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                self._python[version] = kept(error)
        return self._python[version]

    @property
    def at_file(self) -> Path:
        """Where findings about the configuration stand: the file, or the directory where there is none."""
        if self.listing_error is None and self.config_kind is None:
            return self.path
        return Path(self.join(self.config_name))


def _tainted(document: Document) -> frozenset[str]:
    """The top-level fields that a broken place may concern: all of them where that cannot be told."""
    from triton_kit.model.damage import tainted_fields

    return tainted_fields(document)
