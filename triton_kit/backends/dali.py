"""The DALI backend: a serialised pipeline, or the source of one."""

from __future__ import annotations

from pathlib import Path

from triton_kit.backends.facts import Facts
from triton_kit.backends.generic import complete_as_is, first_bytes
from triton_kit.backends.types import Companion, Completion, FileKind
from triton_kit.repository.release_name import NEWEST
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.files import require_kind
from triton_kit.signature.types import Signature

name = "dali"
platforms: tuple[str, ...] = ()
default_file = "model.dali"
source_file = "dali.py"
suffixes = (".dali",)
last_release: str = NEWEST
facts = Facts(
    completes_parts=True,
    needs_tensors=False,
    states=False,
    python_stub=False,
    shipped=True,
)

AUTOSERIALIZE = b"autoserialize"
"""The decorator by which the backend finds the pipeline in dali.py (dali docs, autoserialization)."""


def recognise(path: Path) -> FileKind | None:
    """A .dali file, or Python that marks a pipeline to be serialised by the backend."""
    if path.suffix.lower() in suffixes:
        return FileKind(platform="", default_file=default_file)
    if path.suffix == ".py" and (path.name == source_file or AUTOSERIALIZE in first_bytes(path, 1 << 20)):
        return FileKind(platform="", default_file=source_file)
    return None


def read(path: Path) -> Signature | None:
    """Always ``None``: only DALI can open a pipeline. Raises ModelFileError for what is none."""
    if path.suffix != ".py":
        require_kind(path, "a DALI pipeline", ())
    elif AUTOSERIALIZE not in first_bytes(path, 1 << 20):
        raise ModelFileError(
            path,
            "marks no pipeline for the backend to serialise",
            reason="malformed",
            hint="put @autoserialize of nvidia.dali.plugin.triton above its @pipeline_def",
        )
    return None


def complete(signature: Signature, *, release: str = NEWEST) -> Completion:  # noqa: ARG001 - the Protocol's
    """The complete shapes as dims, without batching; the server completes the rest out of the pipeline."""
    return complete_as_is(signature)


def companions(path: Path) -> tuple[Companion, ...]:  # noqa: ARG001 - the Protocol's
    """None: a pipeline is one file."""
    return ()
