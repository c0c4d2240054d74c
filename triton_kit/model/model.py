"""What a rule sees of a model and of its repository: each fact read once, when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.model import disk
from triton_kit.model.completion import DEFAULT_MAX_BATCH_SIZE, Completed, Detected, Tensor, complete, detect, tensors
from triton_kit.model.overlay import Disk
from triton_kit.model.version import overflows, selected, version_numbers
from triton_kit.repository.model import CONFIG_NAME
from triton_kit.repository.text_format.document import Document, Message, parse

if TYPE_CHECKING:
    import ast
    from typing import Protocol

    from triton_kit.model.placeholders import Placeholder
    from triton_kit.repository.model_config import ModelConfig
    from triton_kit.signature.errors import ModelFileError
    from triton_kit.signature.onnx.model import OnnxModel

    class _Judged(Protocol):
        """What a rule is here: something that counts as much."""

        @property
        def severity(self) -> Severity: ...


class Options(NamedTuple):
    """What the server is told and has, as far as it changes what it refuses, and which rules to hear.

    ``release`` is the container release; ``gpus`` how many GPUs the server's machine has, ``None`` when unknown;
    ``select`` and ``ignore`` are names of rules or areas, an empty ``select`` meaning all. ``image_backends`` are the
    backends that the server has, ``None`` when unknown. With ``explicit`` model control only what ``load_models``
    names is loaded, everything in turn where that is empty. ``config_name`` is that of ``--model-config-name``;
    ``default_max_batch_size`` that of the backend option; ``rate_limit`` whether ``--rate-limit=execution_count`` is
    set, ``None`` when unknown, with the ``rate_resources`` that it grants where they are listed.
    ``severities`` are what rules count as for this project, by name or area.
    """

    release: tuple[int, int] = (24, 10)
    auto_complete: bool = True
    gpus: int | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    image_backends: frozenset[str] | None = None
    explicit: bool = False
    load_models: tuple[str, ...] = ()
    namespacing: bool = False
    config_name: str | None = None
    default_max_batch_size: int = DEFAULT_MAX_BATCH_SIZE
    rate_limit: bool | None = None
    severities: tuple[tuple[str, Severity], ...] = ()
    rate_resources: tuple[tuple[str, int], ...] = ()


class Broken(Exception):
    """What a rule reads is broken, and another rule says so: this one has nothing to say."""


Failure = TypeVar("Failure", bound=BaseException)


def kept(error: Failure) -> Failure:
    """An error to be remembered: without the frames that it came through, which hold the model and all it has read."""
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


class Guarded:
    """A configuration of which some fields could not be read: asking for one of those raises Broken."""

    def __init__(self, message: Message, tainted: frozenset[str]) -> None:
        self._message = message
        self._tainted = tainted

    def __getattr__(self, name: str) -> object:
        if name in self._tainted:
            raise Broken(name)
        return getattr(self._message, name)

    def has(self, name: str) -> bool:
        """As Message.has."""
        if name in self._tainted:
            raise Broken(name)
        return self._message.has(name)


class Model:
    """A model directory under examination. Reading what is broken raises Broken."""

    def __init__(self, path: str, repository: Repository) -> None:
        self.path = path
        self.repository = repository
        self.options = repository.options

    @cached_property
    def name(self) -> str:
        """The name of its directory."""
        return os.path.basename(os.path.abspath(self.path))

    @cached_property
    def _listing(self) -> dict[str, str] | OSError:
        try:
            return self.repository.disk.listing(self.path)
        except OSError as error:
            return kept(error)

    @property
    def listing_error(self) -> str | None:
        """Why the directory cannot be listed."""
        return disk.reason(self._listing) if isinstance(self._listing, OSError) else None

    @property
    def entries(self) -> dict[str, str]:
        """What stands in the directory: names and their kinds."""
        if isinstance(self._listing, OSError):
            raise Broken(self.path)
        return self._listing

    @cached_property
    def directories(self) -> list[str]:
        """The sub-directories, by bytes."""
        return disk.by_bytes(self.entries, disk.DIRECTORY)

    @cached_property
    def _listings(self) -> dict[str, dict[str, str]]:
        return {}

    def listing(self, name: str) -> dict[str, str]:
        """What stands in a sub-directory; Broken where that cannot be listed."""
        if name not in self._listings:
            try:
                self._listings[name] = self.repository.disk.listing(self.join(name))
            except OSError:
                raise Broken(name) from None
        return self._listings[name]

    def join(self, *names: str) -> str:
        """A path below the model's directory."""
        return os.path.join(self.path, *names)

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
        """The top-level fields that are written, or ``None`` where the configuration is broken in some way."""
        try:
            document = self.document
        except Broken:
            return None
        return None if document.problems else frozenset(name for name, _ in document.message.fields())

    # --- the configuration as the server completes it

    @cached_property
    def detected(self) -> Detected:
        """Backend, platform and model file name after the server's own completion."""
        return detect(self)

    @property
    def backend(self) -> str:
        """The backend's name after completion; empty where there is none, as for an ensemble."""
        return self.detected.backend

    @property
    def platform(self) -> str:
        """The platform after completion."""
        return self.detected.platform

    @property
    def file_name(self) -> str:
        """The model file's name in a version directory, the backend's default where none is given."""
        return self.detected.file_name

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

    @cached_property
    def versions(self) -> list[int]:
        """The versions that the server loads, lowest first."""
        policy = self.config.version_policy if self.config.has("version_policy") else None
        return list(selected(self.version_numbers.values(), policy))

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
            self._completed[version] = complete(self, version)
        return self._completed[version]

    def model_file(self, version: int) -> str:
        """The path of a version's model file."""
        return self.join(self.version_folder(version), self.file_name)

    @staticmethod
    def version_folder(version: int) -> str:
        """The directory that is opened for a version; the server makes a negative number an unsigned one."""
        return str(version % 2**64)

    @cached_property
    def reads(self) -> dict[tuple[int, object], object]:
        """What readers said of model files, by version and reader: see modelread."""
        return {}

    @cached_property
    def _onnx(self) -> dict[int, OnnxModel | ModelFileError]:
        return {}

    def onnx(self, version: int) -> OnnxModel | ModelFileError:
        """The OnnxModel of a version or the ModelFileError that reading it gave; Broken where there is no file."""
        if version not in self._onnx:
            from triton_kit.signature.onnx.signature import ModelFileError, infer_missing, read

            path = self.model_file(version)
            if disk.kind_of(path) == disk.DIRECTORY:
                path = os.path.join(path, "model.onnx")
            if disk.kind_of(path) != disk.FILE:
                raise Broken(path)
            try:
                self._onnx[version] = infer_missing(Path(path), read(Path(path), confined=False, checked=True))
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
            return Path(self.path)
        return Path(self.join(self.config_name))


def _tainted(document: Document) -> frozenset[str]:
    """The top-level fields that a broken place may concern: all of them where that cannot be told."""
    from triton_kit.model.damage import tainted_fields

    return tainted_fields(document)


class Repository:
    """A model repository under examination; models outside the ones asked for are read only when a rule asks."""

    def __init__(
        self, path: str, options: Options, judge: Callable[[Model], Sequence[tuple[_Judged, Problem]]]
    ) -> None:
        self.path = path
        self.options = options
        self._judge = judge
        self._models: dict[str, Model] = {}
        self.others: tuple[Repository, ...] = ()
        """The server's other repositories, where several were given."""
        self.second = False
        """Whether another one was given before it."""
        self.disk: Disk = disk

    @cached_property
    def entries(self) -> dict[str, str]:
        """What stands in the repository; Broken where it cannot be listed."""
        try:
            return disk.listing(self.path)
        except OSError:
            raise Broken(self.path) from None

    @cached_property
    def names(self) -> list[str]:
        """The names of all models: every sub-directory is one."""
        return disk.by_bytes(self.entries, disk.DIRECTORY)

    def model(self, name: str) -> Model | None:
        """The model of that name, or ``None``."""
        if name not in self._models:
            if not name or "/" in name or "\0" in name or name in (".", ".."):
                return None
            path = os.path.join(self.path, name)
            if not os.path.isdir(path):
                return None
            self._models[name] = Model(path, self)
        return self._models[name]

    def forget(self, name: str) -> None:
        """Let go of what was read of a model; who asks for it again gets it read again."""
        self._models.pop(name, None)

    def holders(self, name: str) -> list[Repository]:
        """The server's repositories that have a model of that name, this one first."""
        return [one for one in (self, *self.others) if one.model(name) is not None]

    def find(self, name: str, namespace: str = "") -> Model | None:
        """The model that an ensemble of this repository gets by that name; ``None`` where there is none, or several.

        With namespacing the own repository comes first, or the one that ``namespace`` names (core
        model_repository_manager.cc:DependencyGraph::FindNode).
        """
        holders = self.holders(name)
        if self.options.namespacing and namespace:
            holders = [one for one in holders if one.path == namespace]
        if len(holders) == 1 or (holders and holders[0] is self):
            return holders[0].model(name)
        return None

    def refusal(self, model: Model) -> Problem | None:
        """The first error found in a model, or ``None`` where the server would take it."""
        return next((p for rule, p in self._judge(model) if (p.severity or rule.severity) is Severity.ERROR), None)
