"""Whether there is a GPU, and its driver works."""

from __future__ import annotations

from triton_kit.doctor.finding import Finding, ok, problem, skipped
from triton_kit.doctor.machine import Machine


def look(machine: Machine) -> Finding:
    """nvidia-smi lists GPUs; a machine without one serves on the CPU."""
    devices = machine.devices
    if not devices.found:
        trouble = devices.trouble or "none"
        if "not installed" in trouble or "No devices" in trouble:
            return skipped(f"no NVIDIA GPU: {trouble}")
        fix = "reboot, or load the new driver" if "mismatch" in trouble.lower() else "look at dmesg | grep -i nvrm"
        return problem(trouble, fix)
    names = ", ".join(f"{device.name} ({device.memory or '?'} MiB)" for device in devices.found)
    divided = next((device for device in devices.found if device.mig and not device.instances), None)
    if divided is not None:
        return problem(
            f"GPU {divided.index} is divided (MIG), and no part is made", "make one: sudo nvidia-smi mig -cgi 9 -C"
        )
    return ok(names)
