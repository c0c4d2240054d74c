"""Whether a proxy would catch requests to this machine."""

from __future__ import annotations

from triton_kit.doctor.finding import Finding, ok, warning
from triton_kit.doctor.machine import Machine

_SPARED = ("127.0.0.1", "localhost", "127.0.0.0/8", "*")


def look(machine: Machine) -> Finding:
    """``http_proxy`` without 127.0.0.1 in ``no_proxy``: curl and many clients then ask the proxy for this machine."""
    named = {name.lower(): value for name, value in machine.environment.items() if value}
    proxy = next((name for name in ("http_proxy", "all_proxy") if name in named), None)
    if proxy is None:
        return ok("no proxy is set for HTTP")
    spared = [host.strip() for host in named.get("no_proxy", "").split(",")]
    if any(host in _SPARED for host in spared):
        return ok(f"{proxy} is set, and spares this machine")
    return warning(f"{proxy} is set, and no_proxy does not spare 127.0.0.1", "export no_proxy=127.0.0.1,localhost")
