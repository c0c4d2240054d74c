"""The values that a backend gives, and what makes a backend."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from triton_kit.backends.facts import Facts
from triton_kit.repository.release_name import NEWEST
from triton_kit.signature.types import Signature
from triton_kit.value import Value


class ConfigTensor(Value):
    """An input or output as config.pbtxt has it: ``dims`` without the batch dimension where the model batches.

    ``reshape`` is ``None`` where the config has none; an empty tuple is an empty shape (``reshape { }``).
    """

    name: str
    data_type: str
    dims: tuple[int, ...]
    reshape: tuple[int, ...] | None = None
    optional: bool = False


class Completion(Value):
    """What a server completes an empty config to.

    ``blockers`` says why the result would be refused, one phrase for each reason, starting with the offending tensor;
    it is empty where the model can be served.
    """

    max_batch_size: int
    inputs: tuple[ConfigTensor, ...]
    outputs: tuple[ConfigTensor, ...]
    dynamic_batching: bool
    blockers: tuple[str, ...] = ()


class FileKind(Value):
    """How a model file is served: the ``platform`` of its config (may be empty), its name in a version directory."""

    platform: str
    default_file: str


class Companion(Value):
    """A file that must travel with a model file: where it is, and its path relative to the version directory."""

    source: Path
    target: str


class Backend(Protocol):
    """A backend of Triton; each is a module of this package, and its functions take a model file's path.

    ``name`` is what ``backend:`` in a config says. ``platforms`` are the values of ``platform:`` that belong to it,
    the usual one first; empty where it needs none. ``default_file`` is the file's name in a version directory.
    ``suffixes`` are the names it recognises files by. ``last_release`` is the last container release that has it, or
    ``None``. ``facts`` are what it does, as far as a configuration depends on it; they stand nowhere else.
    """

    @property
    def name(self) -> str: ...
    @property
    def platforms(self) -> tuple[str, ...]: ...
    @property
    def default_file(self) -> str: ...
    @property
    def suffixes(self) -> tuple[str, ...]: ...
    @property
    def last_release(self) -> str | None: ...
    @property
    def facts(self) -> Facts: ...

    def recognise(self, path: Path) -> FileKind | None:
        """How this backend serves the file, by its name, then its first bytes; ``None`` where it does not."""

    def read(self, path: Path) -> Signature | None:
        """What the file says of its tensors; ``None`` where it does not say. Raises ModelFileError."""

    def complete(self, signature: Signature, *, release: str = NEWEST) -> Completion:
        """The config for a model of that signature, as the server completes an empty one."""

    def companions(self, path: Path) -> tuple[Companion, ...]:
        """The files that must travel with this one. Raises ModelFileError."""


class Completer(Protocol):
    """A backend whose ``facts.completes`` is ``signature``: it fills in what a written configuration lacks."""

    def complete(
        self, signature: Signature, *, release: str, max_batch_size: int, default_max_batch_size: int
    ) -> Completion:
        """The tensors and the batching of a configuration with that ``max_batch_size`` and without tensors."""


@runtime_checkable
class NeedsValues(Protocol):
    """A backend whose template takes more than the tensors, such as parameters that the model file tells."""

    def template_values(
        self, source: Path | None, *, model: str, release: str, given: Mapping[str, object]
    ) -> dict[str, object]:
        """Values for its template, for a new model of that name and file; ``given`` are those that the user set.

        Raises ModelFileError for a file that is not what it should be.
        """
