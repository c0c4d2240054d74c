"""Whether the container engine answers this user, and what it is."""

from __future__ import annotations

from triton_kit.doctor.finding import Finding, ok, problem, skipped, warning
from triton_kit.doctor.machine import Machine

OLDEST = (20, 10)
"""The oldest Docker whose ``--gpus``, ``--mount`` and ``--pull`` tk relies on (Docker's release notes)."""


def look(machine: Machine) -> Finding:
    """The daemon answers, and lets this user in."""
    engine, (info, trouble) = machine.engine, machine.info
    if engine is None:
        return skipped("no engine")
    if trouble is not None:
        if "permission denied" in trouble.lower():
            return problem(
                f"{engine} refuses this user",
                "sudo usermod -aG docker $USER, then log in again (that group is as good as root), or use podman",
            )
        start = "start it (sudo systemctl start docker, or Docker Desktop)" if engine == "docker" else "see podman info"
        return problem(trouble, f"{start}, or serve with --runtime local")
    version = version_of(info)
    number = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if engine == "docker" and number and number < OLDEST:
        return warning(f"docker {version}", "update it to 20.10 or later")
    rootless = ", rootless" if is_rootless(info) else ""
    return ok(f"{engine} {version}{rootless} answers")


def version_of(info: object) -> str:
    """The version out of ``docker info`` or ``podman info``."""
    if not isinstance(info, dict):
        return "of an unknown version"
    version = info.get("version")
    inner = version.get("Version") if isinstance(version, dict) else None
    return str(info.get("ServerVersion") or inner or "of an unknown version")


def is_rootless(info: object) -> bool:
    """Whether the engine runs without root: then it sees files as this user does, and cannot bind ports below 1024."""
    if not isinstance(info, dict):
        return False
    options = info.get("SecurityOptions") or ()
    security = ((info.get("host") or {}).get("security") or {}) if isinstance(info.get("host"), dict) else {}
    return any("rootless" in str(option) for option in options) or bool(security.get("rootless"))
