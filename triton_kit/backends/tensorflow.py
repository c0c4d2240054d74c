"""The TensorFlow backend: SavedModel directories and frozen graphs, in releases up to 25.02."""

from __future__ import annotations

from pathlib import Path

from triton_kit.backends.generic import complete_as_is
from triton_kit.backends.types import Companion, Completion, FileKind
from triton_kit.repository.tensor import DATA_TYPES
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.files import require_kind
from triton_kit.signature.types import Signature

name = "tensorflow"
platforms = ("tensorflow_savedmodel", "tensorflow_graphdef")
default_file = "model.savedmodel"
suffixes = (".savedmodel", ".graphdef", ".pb")
last_release: str | None = "25.02"
"""build.py of the server leaves TensorFlow out of the default build from 25.03 on."""

_SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")
_TYPES = frozenset(DATA_TYPES) - {"TYPE_BF16"}


def recognise(path: Path) -> FileKind | None:
    """A directory with a saved_model.pb is a SavedModel; a .graphdef or other .pb file a frozen graph."""
    if path.is_dir():
        if path.suffix == ".savedmodel" or any((path / file).is_file() for file in _SAVED_MODEL_FILES):
            return FileKind(platform=platforms[0], default_file=default_file)
        return None
    if path.suffix.lower() in {".graphdef", ".pb"}:
        return FileKind(platform=platforms[1], default_file="model.graphdef")
    return None


def read(path: Path) -> Signature | None:
    """Does not tell. Raises ModelFileError for a directory or a file that is no TensorFlow model."""
    if path.is_dir():
        if not any((path / file).is_file() for file in _SAVED_MODEL_FILES):
            raise ModelFileError(
                path, "has no saved_model.pb in it", reason="foreign", hint="give the directory that TensorFlow saved"
            )
        return None
    if path.name in _SAVED_MODEL_FILES:
        raise ModelFileError(
            path,
            "is only a part of a SavedModel",
            reason="foreign",
            hint=f"give its directory, {path.parent}",
        )
    require_kind(path, "a TensorFlow graph", ())
    return None


def complete(signature: Signature, *, release: str | None = None) -> Completion:  # noqa: ARG001 - the Protocol's
    """The complete shapes as dims, without batching."""
    return complete_as_is(signature, _TYPES)


def companions(path: Path) -> tuple[Companion, ...]:  # noqa: ARG001 - the Protocol's
    """None: a SavedModel travels as its directory, a frozen graph is one file."""
    return ()
