"""What tk asks of a container engine."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from triton_kit.errors import TkError

Engine: TypeAlias = Literal["docker", "podman"]

ENGINES: tuple[Engine, ...] = get_args(Engine)
"""Every engine, the one that is taken first in front."""


def engine_named(name: str) -> Engine:
    """The engine of that name, which a runtime has too. Raises TkError for another, as a newer tk may have recorded."""
    for engine in ENGINES:
        if engine == name:
            return engine
    raise TkError(f"{name} is not a container engine that tk knows", hint=f"those are {' and '.join(ENGINES)}")
