"""Whether a server would take the repository."""

from __future__ import annotations

from triton_kit.doctor.finding import Finding, ok, problem, skipped, warning
from triton_kit.doctor.machine import Machine
from triton_kit.linter.diagnostic import Severity
from triton_kit.linter.engine import lint


def look(machine: Machine) -> Finding:
    """What ``tk validate`` says, for the release and for the GPUs of this machine."""
    if machine.repository is None:
        return skipped("no repository")
    devices = machine.devices
    count = len(devices.found) if devices.found or "not installed" in (devices.trouble or "") else None
    report = lint(machine.repository, release=machine.release.container, gpus=count)
    errors = [found for found in report.diagnostics if found.severity is Severity.ERROR]
    models = f"{len(report.models)} model{'' if len(report.models) == 1 else 's'} in {machine.repository}"
    if errors:
        first = errors[0]
        where = f"{first.file}:{first.span.line}" if first.file else str(machine.repository)
        more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
        return problem(f"{where}: {first.message}{more}", f"tk validate {machine.repository}")
    if report.diagnostics:
        return warning(f"{models}, {len(report.diagnostics)} warnings or notes", f"tk validate {machine.repository}")
    return ok(f"{models}, nothing that a server would refuse")
