"""Whether the NVIDIA driver runs the release, and which releases it runs."""

from __future__ import annotations

from triton_kit.doctor.driver_versions import built_with, cuda_major, least_driver, runs
from triton_kit.doctor.finding import Finding, ok, problem, skipped, unknown
from triton_kit.doctor.machine import Machine
from triton_kit.errors import assert_never
from triton_kit.repository.release import Release, releases


def look(machine: Machine) -> Finding:
    """The driver against the least one for the release's CUDA."""
    devices, release = machine.devices, machine.release
    if not devices.found:
        return skipped("no GPU")
    driver, gpu = devices.driver, devices.found[0].name
    if driver is None:
        return unknown("nvidia-smi does not report the driver's version")
    able = [one.container for one in releases().values() if runs(one, driver, gpu) in ("yes", "minor", "compatible")]
    span = f"runs {able[0]} to {able[-1]} for certain" if able else "runs none for certain"
    seen = f"driver {driver} {span}"
    verdict = runs(release, driver, gpu)
    match verdict:
        case "yes":
            return ok(f"{seen}; {demand(release)}")
        case "minor":
            built = f"{release.container} was built with {built_with(release)}"
            return ok(f"{seen}; {built} and runs in CUDA's minor-version mode")
        case "compatible":
            return ok(f"{seen}; {release.container} runs through forward compatibility")
        case "no":
            last = f"tk serve --release {able[-1]}, or " if able else ""
            return problem(f"{seen}; {demand(release)}", f"{last}update the driver")
        case "unknown":
            return unknown(f"{seen}; whether {release.container} runs is not known")
        case _:
            assert_never(verdict)


def demand(release: Release) -> str:
    """What a release wants of the driver, as a sentence."""
    return f"{release.container} has CUDA {cuda_major(release)}, which wants {least_driver(release)} or later"
