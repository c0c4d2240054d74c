"""Whether a container engine is installed."""

from __future__ import annotations

import shutil

from triton_kit.doctor.finding import Finding, ok, warning
from triton_kit.doctor.machine import Machine


def look(machine: Machine) -> Finding:
    """Docker or Podman on PATH. Without one the embedded server is left, which lacks most backends."""
    engine = machine.engine
    if engine is None:
        return warning(
            "neither docker nor podman is installed",
            "install Docker for all backends and GPUs; tk serve takes the embedded server meanwhile",
        )
    return ok(f"{engine} at {shutil.which(engine)}")
