"""The NVIDIA GPUs of this machine, by what its driver's own program says."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace

from triton_kit.errors import TkError
from triton_kit.runtime import process

PATIENCE = 20.0
"""Seconds that nvidia-smi gets: it is slow where no persistence daemon keeps the driver awake."""

_FIELDS = ("index", "uuid", "name", "memory.total", "driver_version", "mig.mode.current", "compute_cap")
_OLD_FIELDS = _FIELDS[:-1]
"""Without the compute capability, which nvidia-smi tells from driver 510 on."""

_GPU = re.compile(r"GPU (\d+): ")
_MIG = re.compile(r"\s+MIG .*\(UUID: (MIG-[\w/-]+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A GPU: ``memory`` is in MiB, ``compute`` the compute capability such as ``9.0``; ``None`` where it is not known.

    With ``mig`` it is divided, and only its parts, ``instances`` by UUID, can be used.
    """

    index: int
    uuid: str
    name: str
    memory: int | None = None
    driver: str | None = None
    compute: str | None = None
    mig: bool = False
    instances: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """The GPUs that were found, and why none were where something is wrong: a sentence, otherwise ``None``."""

    found: tuple[Device, ...] = ()
    trouble: str | None = None

    @property
    def driver(self) -> str | None:
        """The version of the driver, where a GPU has it."""
        return next((device.driver for device in self.found if device.driver), None)


def look(*, timeout: float = PATIENCE) -> Devices:
    """Ask nvidia-smi for the GPUs; never raises."""
    if shutil.which("nvidia-smi") is None:
        return Devices(trouble="nvidia-smi is not installed")
    try:
        done = _query(_FIELDS, timeout)
        if done.exit_code != 0 and "not a valid field" in done.stdout + done.stderr:
            done = _query(_OLD_FIELDS, timeout)
        if done.exit_code != 0:
            return Devices(trouble=f"nvidia-smi says: {_first_line(done.stdout or done.stderr)}")
        found = parse(done.stdout)
        if any(device.mig for device in found):
            found = with_instances(found, process.run(["nvidia-smi", "--list-gpus"], timeout=timeout).stdout)
    except TkError as error:
        return Devices(trouble=error.message.partition(":")[0])
    if not found:
        return Devices(trouble=f"nvidia-smi lists no GPU: {_first_line(done.stdout)}")
    return Devices(found=found)


def parse(text: str) -> tuple[Device, ...]:
    """The GPUs out of the lines of ``nvidia-smi --query-gpu``; a line that is none is passed over."""
    found = []
    for line in text.splitlines():
        words = [word.strip() for word in line.split(",")]
        if len(words) < len(_OLD_FIELDS) or not words[0].isdecimal() or not words[1].startswith("GPU-"):
            continue
        index, uuid, *name, memory, driver, mig = words[: len(words) - (len(words) > len(_OLD_FIELDS))]
        compute = words[-1] if re.fullmatch(r"\d+\.\d+", words[-1]) else None
        found.append(
            Device(
                index=int(index),
                uuid=uuid,
                name=", ".join(name),
                memory=int(memory) if memory.isdecimal() else None,
                driver=driver if re.fullmatch(r"\d+(?:\.\d+)+", driver) else None,
                compute=compute,
                mig=mig == "Enabled",
            )
        )
    return tuple(found)


def with_instances(devices: Sequence[Device], listing: str) -> tuple[Device, ...]:
    """The GPUs with their MIG instances, out of ``nvidia-smi --list-gpus``."""
    instances: dict[int, list[str]] = {}
    index = -1
    for line in listing.splitlines():
        if gpu := _GPU.match(line):
            index = int(gpu[1])
        elif part := _MIG.match(line):
            instances.setdefault(index, []).append(part[1])
    return tuple(replace(device, instances=tuple(instances.get(device.index, ()))) for device in devices)


def _query(fields: Sequence[str], timeout: float) -> process.Completed:
    argv = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
    return process.run(argv, timeout=timeout)


def _first_line(text: str) -> str:
    return next((line.strip().rstrip(".") for line in text.splitlines() if line.strip()), "nothing")
