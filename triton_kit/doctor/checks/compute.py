"""Whether the GPU is one that the release still supports."""

from __future__ import annotations

from triton_kit.doctor.driver_versions import least_compute
from triton_kit.doctor.finding import Finding, ok, problem, skipped, unknown
from triton_kit.doctor.machine import Machine


def look(machine: Machine) -> Finding:
    """The compute capability against the least one of the release."""
    if not machine.devices.found:
        return skipped("no GPU")
    least = least_compute(machine.release.container)
    known = [(d.name, d.compute) for d in machine.devices.found if d.compute]
    if least is None or not known:
        what = "the least compute capability of the release" if least is None else "the GPU's compute capability"
        return unknown(f"{what} is not known")
    for name, compute in known:
        major, minor = map(int, str(compute).split("."))
        if (major, minor) < least:
            wanted = ".".join(map(str, least))
            return problem(
                f"{name} has {compute}, and {machine.release.container} wants {wanted}", "take an older --release"
            )
    return ok(", ".join(f"{name}: {compute}" for name, compute in known))
