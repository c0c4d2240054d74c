"""Whether this user may open enough files and lock enough memory."""

from __future__ import annotations

import resource

from triton_kit.doctor.finding import Finding, ok, warning
from triton_kit.doctor.machine import Machine

FILES = 1024
"""Open files: every connection, model and shared library takes one."""


def look(_machine: Machine) -> Finding:
    """``ulimit -n`` and ``ulimit -l``."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    locked, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    summary = f"{_text(files)} open files, {_text(locked)} bytes of locked memory"
    if files != resource.RLIM_INFINITY and files < FILES:
        return warning(summary, f"ulimit -n {FILES * 4}")
    return ok(summary)


def _text(limit: int) -> str:
    return "any number of" if limit == resource.RLIM_INFINITY else f"{limit:,}"
