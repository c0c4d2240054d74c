"""Whether tk's own directories can be written."""

from __future__ import annotations

import os
from pathlib import Path

from triton_kit.doctor.finding import Finding, ok, problem, warning
from triton_kit.doctor.machine import Machine
from triton_kit.files.cache import cache_dir
from triton_kit.runtime.state.files import make_directory, servers_dir


def look(_machine: Machine) -> Finding:
    """The cache, for what can be had again, and the state directory, for the servers that run."""
    missing = []
    for place, variable in ((cache_dir(), "TK_CACHE_DIR"), (servers_dir(), "XDG_STATE_HOME")):
        existing = _existing(place)
        if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
            return problem(f"{existing} cannot be written", f"set {variable} to a directory that can")
        if existing != place:
            missing.append(place)
    if missing:
        return warning(f"{' and '.join(map(str, missing))} will be made when needed", "tk doctor --fix makes them now")
    return ok(f"{cache_dir()} and {servers_dir()} can be written")


def fix(_machine: Machine) -> str:
    """Make them."""
    cache_dir().mkdir(parents=True, exist_ok=True)
    make_directory()
    return f"made {cache_dir()} and {servers_dir()}"


def _existing(place: Path) -> Path:
    """The place itself, or its nearest parent that exists."""
    return next(path for path in (place, *place.parents) if path.exists())
