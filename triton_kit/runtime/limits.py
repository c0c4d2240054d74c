"""How much a server may have: sizes as a user writes them, and limits that only a container keeps."""

from __future__ import annotations

from triton_kit.errors import UsageError
from triton_kit.runtime.shared_memory import parse_size


def size_of(option: str, written: str | None) -> int | None:
    """The bytes that an option says. Raises UsageError for what is not a size."""
    if written is None:
        return None
    size = parse_size(written)
    if size is None:
        raise UsageError(f"{option} {written!r} is not a size", hint="write it as 512m or 2g")
    return size


def refuse_limits(memory: str | None, cpus: float | None) -> None:
    """Raise UsageError for a limit that nothing would keep without a container."""
    for option, value in (("--memory", memory), ("--cpus", cpus)):
        if value is not None:
            raise UsageError(
                f"{option} needs a container, and the server would run without one",
                hint="take --runtime docker, or limit the whole of tk: systemd-run --scope -p MemoryMax=2G tk serve",
            )
