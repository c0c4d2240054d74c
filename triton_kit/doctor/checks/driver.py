"""Whether the NVIDIA driver runs the release, and which releases it runs."""

from __future__ import annotations

from triton_kit.doctor.driver_versions import runs
from triton_kit.doctor.finding import Finding, ok, problem, skipped, unknown
from triton_kit.doctor.machine import Machine
from triton_kit.errors import assert_never
from triton_kit.repository.release import releases


def look(machine: Machine) -> Finding:
    """The driver against the least one that the release's notes name."""
    devices, release = machine.devices, machine.release
    if not devices.found:
        return skipped("no GPU")
    driver, gpu = devices.driver, devices.found[0].name
    if driver is None:
        return unknown("nvidia-smi does not report the driver's version")
    able = [one.container for one in releases().values() if runs(one, driver, gpu) in ("yes", "compatible")]
    span = f"runs {able[0]} to {able[-1]} for certain" if able else "runs none for certain"
    seen = f"driver {driver} {span}"
    verdict = runs(release, driver, gpu)
    match verdict:
        case "yes":
            return ok(f"{seen}; {release.container} wants {release.min_driver}")
        case "compatible":
            return ok(f"{seen}; {release.container} runs through forward compatibility")
        case "no":
            last = f"tk serve --release {able[-1]}, or " if able else ""
            return problem(f"{seen}; {release.container} wants {release.min_driver}", f"{last}update the driver")
        case "unknown":
            return unknown(f"{seen}; whether {release.container} runs is not known")
        case _:
            assert_never(verdict)
