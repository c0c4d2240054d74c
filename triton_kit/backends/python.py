"""The Python backend: a model.py with a class TritonPythonModel."""

from __future__ import annotations

from pathlib import Path

from triton_kit.backends.facts import Facts
from triton_kit.backends.generic import complete_as_is, first_bytes
from triton_kit.backends.types import Companion, Completion, FileKind
from triton_kit.repository.release_name import NEWEST
from triton_kit.signature.types import Signature

name = "python"
platforms: tuple[str, ...] = ()
default_file = "model.py"
suffixes = (".py",)
last_release: str = NEWEST
facts = Facts(
    completes="code",
    responses="many",
    states=False,
    batch_io=False,
    accelerators=False,
    batch_checked=True,
    dims_checked=False,
    environment=True,
    shipped=True,
)


def recognise(path: Path) -> FileKind | None:
    """A file called model.py, or a .py file that speaks of TritonPythonModel."""
    if path.suffix != ".py":
        return None
    if path.name == default_file or b"TritonPythonModel" in first_bytes(path, 1 << 20):
        return FileKind(platform="", default_file=default_file)
    return None


def read(path: Path) -> Signature | None:  # noqa: ARG001 - the Protocol's
    """Always ``None``: the tensors are in the config, or in code that runs."""
    return None


def complete(signature: Signature, *, release: str = NEWEST) -> Completion:  # noqa: ARG001 - the Protocol's
    """The complete shapes as dims, without batching; the backend takes every data type."""
    return complete_as_is(signature)


def companions(path: Path) -> tuple[Companion, ...]:  # noqa: ARG001 - the Protocol's
    """None: which modules a model imports is not known before it runs."""
    return ()
