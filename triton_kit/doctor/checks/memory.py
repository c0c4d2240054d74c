"""Whether the memory suffices for the model files."""

from __future__ import annotations

from pathlib import Path

from triton_kit.doctor.finding import Finding, ok, unknown, warning
from triton_kit.doctor.machine import Machine
from triton_kit.model.repository import Repository
from triton_kit.repository.size import show_size

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def look(machine: Machine) -> Finding:
    """What is available, within the limit of the control group, against the size of all version directories."""
    free = available()
    if free is None:
        return unknown("this system does not report its memory")
    if machine.repository is None:
        return ok(f"{free / 1e9:.1f} GB are available")
    need = sum(
        file.stat().st_size
        for model in Repository(machine.repository).models.values()
        if model.listing_error is None
        for version in model.all_versions
        for file in version.path.rglob("*")
        if file.is_file()
    )
    summary = f"{free / 1e9:.1f} GB are available, the model files are {show_size(need)}"
    if need > free:
        return warning(summary, "serve fewer models or versions at a time, or on a larger machine")
    return ok(summary)


def available() -> int | None:
    """Bytes that a program may take now; ``None`` where Linux does not report it."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        free = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None
    for path in _LIMITS:
        if path.is_file() and (text := path.read_text().strip()).isdecimal():
            free = min(free, int(text))
    return free
