"""Whether the shared memory suffices for the repository's Python models."""

from __future__ import annotations

import os
import shutil

from triton_kit.doctor.finding import Finding, ok, skipped, warning
from triton_kit.doctor.machine import Machine
from triton_kit.model.repository import Repository
from triton_kit.model.server_flags import server_options
from triton_kit.runtime.shared_memory import shm_size

PLACE = "/dev/shm"


def look(machine: Machine, place: str = PLACE) -> Finding:
    """``/dev/shm``, which the embedded server uses; a container gets its own, of the right size, from tk serve."""
    if machine.repository is None:
        return skipped("no repository")
    if not os.path.isdir(place):  # noqa: PTH112
        return skipped(f"this system has no {place}")
    repository = Repository(machine.repository, server_options(machine.flags, release=machine.release.container))
    need, free = shm_size(repository, flags=machine.flags), shutil.disk_usage(place).free
    summary = f"{free >> 20} MiB free in {place}, the models may take {need >> 20}"
    if free < need:
        return warning(summary, f"sudo mount -o remount,size={(need >> 20) + 64}m {place}, or serve in a container")
    return ok(summary)
