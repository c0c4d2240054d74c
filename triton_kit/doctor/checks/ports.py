"""Whether the usual ports are free."""

from __future__ import annotations

from triton_kit.doctor.finding import Finding, ok, warning
from triton_kit.doctor.machine import Machine
from triton_kit.errors import TkError
from triton_kit.runtime import ports

USUAL = (8000, 8001, 8002)


def look(_machine: Machine, wanted: tuple[int, int, int] = USUAL) -> Finding:
    """HTTP, gRPC and metrics on 127.0.0.1."""
    try:
        ports.choose("127.0.0.1", *wanted)
    except TkError as error:
        return warning(error.message, "take free ones: tk serve --ports auto")
    return ok(f"{', '.join(map(str, wanted))} are free")
