"""Whether servers that ended without tk are still remembered."""

from __future__ import annotations

from triton_kit.doctor.finding import Finding, ok, warning
from triton_kit.doctor.machine import Machine
from triton_kit.runtime.state import files, registry
from triton_kit.runtime.state.process_identity import alive


def look(_machine: Machine) -> Finding:
    """State files whose process is gone; those of containers are left to tk ps, which asks the engine."""
    known = files.read_all()
    gone = [
        name
        for name, value in known.items()
        if value.get("pid") is not None
        and not alive(value["pid"], value.get("born"))
        and not alive(value.get("owner"), value.get("owner_born"))
    ]
    if gone:
        return warning(f"{', '.join(sorted(gone))} ended without tk", "tk ps, or tk doctor --fix, removes what is left")
    return ok(f"{len(known)} servers are remembered, none of them gone" if known else "no server is remembered")


def fix(_machine: Machine) -> str:
    """Sweep what ended servers left."""
    _, ended = registry.look()
    return f"removed what {', '.join(one.name for one in ended) or 'no server'} left"
