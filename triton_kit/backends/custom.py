"""A backend of one's own: a shared library called libtriton_NAME.so."""

from __future__ import annotations

import re
from pathlib import Path

from triton_kit.backends.facts import Facts
from triton_kit.backends.generic import complete_as_is, first_bytes
from triton_kit.backends.types import Companion, Completion, FileKind
from triton_kit.errors import UsageError
from triton_kit.repository.release_name import NEWEST
from triton_kit.signature.types import Signature

name = "custom"
platforms: tuple[str, ...] = ()
default_file = ""
suffixes: tuple[str, ...] = ()
last_release: str = NEWEST
facts = Facts(
    responses="many",
    states=True,
    library=True,
)

_LIBRARY = re.compile(r"libtriton_([A-Za-z0-9_.-]+)\.so")
_MACHINES = {62: "x86-64", 183: "aarch64"}
"""The machines that Triton's images are made for, by the number in an ELF file (elf.h)."""


def backend_name(library: Path) -> str:
    """The name of the backend in a library. Raises UsageError for a file that Triton would not find, or not load.

    Core looks for ``libtriton_NAME.so`` in the version's directory, then the model's, then the server's own
    (core backend_model.cc).
    """
    found = _LIBRARY.fullmatch(library.name)
    if found is None:
        raise UsageError(
            f"{library} is not called libtriton_NAME.so, and the server would not find it",
            hint="name the library after its backend",
        )
    if not library.is_file():
        raise UsageError(f"{library} is not a file" if library.exists() else f"{library} does not exist")
    head = first_bytes(library, 20)
    if head[:4] != b"\x7fELF" or len(head) < 20:
        raise UsageError(f"{library} is not a shared library (ELF)", hint="build it for Linux")
    order: str = "big" if head[5] == 2 else "little"
    kind, machine = (int.from_bytes(head[i : i + 2], order) for i in (16, 18))  # type: ignore[arg-type]
    if kind != 3:
        raise UsageError(
            f"{library} is not a shared library, but another kind of ELF file", hint="link it with -shared"
        )
    if machine not in _MACHINES:
        raise UsageError(
            f"{library} is for a machine that Triton does not run on",
            hint=f"build it for {' or '.join(_MACHINES.values())}",
        )
    return found[1]


def recognise(path: Path) -> FileKind | None:  # noqa: ARG001 - the Protocol's
    """Never: what its model files are, only the backend knows."""
    return None


def read(path: Path) -> Signature | None:  # noqa: ARG001 - the Protocol's
    """Always ``None``."""
    return None


def complete(signature: Signature, *, release: str = NEWEST) -> Completion:  # noqa: ARG001 - the Protocol's
    """The complete shapes as dims, without batching."""
    return complete_as_is(signature)


def companions(path: Path) -> tuple[Companion, ...]:  # noqa: ARG001 - the Protocol's
    """None."""
    return ()
