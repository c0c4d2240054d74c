"""Whether SELinux or AppArmor are between a container and the repository."""

from __future__ import annotations

from pathlib import Path

from triton_kit.doctor.finding import Finding, ok, warning
from triton_kit.doctor.machine import Machine

_SELINUX = Path("/sys/fs/selinux/enforce")
_APPARMOR = Path("/sys/module/apparmor/parameters/enabled")


def look(machine: Machine) -> Finding:
    """An enforcing SELinux keeps containers from files without the label that it wants."""
    if _read(_SELINUX) == "1":
        where = machine.repository or "REPOSITORY"
        return warning(
            "SELinux is enforcing: a container may not be let at the repository",
            f"chcon -R -t container_file_t {where}",
        )
    if _read(_APPARMOR).startswith("Y"):
        return ok("AppArmor is on, with the engine's own profile for containers")
    return ok("neither SELinux nor AppArmor is in the way")


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
