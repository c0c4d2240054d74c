"""Whether the container engine can hand GPUs on."""

from __future__ import annotations

from triton_kit.doctor.finding import Finding, ok, problem, skipped
from triton_kit.doctor.machine import Machine
from triton_kit.runtime.gpu.selection import way_of


def look(machine: Machine) -> Finding:
    """By NVIDIA's container toolkit, or by a description of the devices (CDI)."""
    engine, (info, trouble) = machine.engine, machine.info
    if not machine.devices.found:
        return skipped("no GPU to hand on")
    if engine is None or trouble is not None:
        return skipped("no engine that answers")
    way = way_of(engine, dict(info))
    if way is None:
        remedy = "install nvidia-container-toolkit, then sudo nvidia-ctk " + (
            "cdi generate --output=/etc/cdi/nvidia.yaml"
            if engine == "podman"
            else "runtime configure --runtime=docker && sudo systemctl restart docker"
        )
        return problem(f"{engine} cannot hand GPUs on", remedy)
    return ok(f"{engine} hands GPUs on by {'the container toolkit' if way == 'toolkit' else 'CDI'}")
