"""Who is asked what an ONNX Runtime session reports of a model: a program, which this room does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

Sizes: TypeAlias = "Mapping[str, Sequence[int]]"
"""The complete shape of each output, -1 for a size that is not fixed."""

Asker: TypeAlias = "Callable[[Path, int], Sizes | None]"
"""Takes a model file and the optimization level of a configuration; gives ``None`` where nobody can tell."""

_askers: list[Asker] = []


def use(asker: Asker) -> None:
    """Let this one be asked from now on."""
    _askers[:] = [asker]


def ask(path: Path, level: int = 0) -> Sizes | None:
    """What the outputs of a model are in a session; ``None`` where it does not load, or ONNX Runtime is not here."""
    return _askers[0](path, level) if _askers else None
