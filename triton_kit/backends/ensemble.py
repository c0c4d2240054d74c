"""Ensembles: steps over other models, built into the server, without a file of their own."""

from __future__ import annotations

from pathlib import Path

from triton_kit.backends.facts import Facts
from triton_kit.backends.generic import complete_as_is
from triton_kit.backends.types import Companion, Completion, FileKind
from triton_kit.repository.release_name import NEWEST
from triton_kit.signature.types import Signature

name = "ensemble"
platforms = ("ensemble",)
default_file = ""
suffixes: tuple[str, ...] = ()
last_release: str = NEWEST
facts = Facts(
    completes="nothing",
    steps=True,
    states=False,
    python_stub=False,
)


def recognise(path: Path) -> FileKind | None:  # noqa: ARG001 - the Protocol's
    """Never: an ensemble has no file."""
    return None


def read(path: Path) -> Signature | None:  # noqa: ARG001 - the Protocol's
    """Always ``None``: an ensemble has no file."""
    return None


def complete(signature: Signature, *, release: str = NEWEST) -> Completion:  # noqa: ARG001 - the Protocol's
    """The complete shapes as dims, without batching."""
    return complete_as_is(signature)


def companions(path: Path) -> tuple[Companion, ...]:  # noqa: ARG001 - the Protocol's
    """None."""
    return ()
