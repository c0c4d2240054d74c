"""Which GPUs a server gets: what the user says, what the machine has, and what its container engine hands on."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from triton_kit.errors import TkError, UsageError
from triton_kit.runtime import process
from triton_kit.runtime.gpu.devices import Devices, look

Way: TypeAlias = Literal["toolkit", "cdi"]
"""How an engine hands GPUs on: by NVIDIA's container toolkit, or by a description of the devices (CDI)."""

_LIST = re.compile(r"(?:\d+|(?:GPU|MIG)-[0-9A-Za-z/-]+)(?:,(?:\d+|(?:GPU|MIG)-[0-9A-Za-z/-]+))*", re.ASCII)
_CDI_DIRECTORIES = (Path("/etc/cdi"), Path("/var/run/cdi"))
_KIND = "nvidia.com/gpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuChoice:
    """The GPUs of a server: ``none``, ``all``, or a comma-separated list of indices or UUIDs, and why.

    ``count`` is how many that are, ``None`` where this machine does not say. ``way`` is how a container gets them.
    """

    gpus: str
    reason: str
    count: int | None = None
    way: Way | None = None


NO_GPU = GpuChoice(gpus="none", reason="not asked for", count=0)


def choose(wanted: str, *, engine: str | None = None) -> GpuChoice:
    """Decide on GPUs; ``engine`` is the container engine, ``None`` for a server without one.

    ``auto`` takes all there are where the engine can hand them on. Raises UsageError for what names no GPU, or one that
    does not exist.
    """
    value = check(wanted)
    devices = look()
    asks = engine is not None and value != "none" and (value != "auto" or devices.found)
    way = gpu_way(engine) if engine and asks else None
    if value == "auto":
        return automatic(devices, engine=engine, way=way)
    if value == "none":
        return GpuChoice(gpus="none", reason="--gpus none", count=0)
    known = len(usable(devices)) if devices.found else None
    if value == "all":
        return GpuChoice(gpus="all", reason="--gpus all", count=known, way=way)
    if devices.found:
        check_there(value, devices)
    return GpuChoice(gpus=value, reason=f"--gpus {value}", count=len(value.split(",")), way=way)


def automatic(devices: Devices, *, engine: str | None, way: Way | None) -> GpuChoice:
    """What ``auto`` means on a machine with these devices, and an engine that hands them on that way or not at all."""
    names = usable(devices)
    if not names:
        trouble = devices.trouble or "the GPUs are divided (MIG), and no part is made"
        return GpuChoice(gpus="none", reason=f"no GPU: {trouble}", count=0)
    there = f"{len(names)} GPU{'s' if len(names) > 1 else ''} ({devices.found[0].name})"
    if engine is not None and way is None:
        return GpuChoice(gpus="none", reason=f"{there}, which {engine} cannot hand on: no toolkit, no CDI", count=0)
    gpus = ",".join(names) if any(device.mig for device in devices.found) else "all"
    return GpuChoice(gpus=gpus, reason=there, count=len(names), way=way)


def check(wanted: str) -> str:
    """The value of ``--gpus`` without blanks. Raises UsageError where it names no GPUs, or one twice."""
    value = wanted.replace(" ", "")
    if value in ("auto", "all", "none"):
        return value
    if not _LIST.fullmatch(value):
        raise UsageError(f"--gpus {wanted!r} names no GPUs", hint="write auto, all, none, or indices such as 0,1")
    ids = value.split(",")
    for i, gpu in enumerate(ids):
        if gpu in ids[:i]:
            raise UsageError(f"--gpus {wanted} names GPU {gpu} twice", hint="name each GPU once")
    return value


def check_there(value: str, devices: Devices) -> None:
    """Raise UsageError where one of the GPUs is not on this machine; a UUID may be cut short, as CUDA takes it."""
    known = [str(device.index) for device in devices.found]
    uuids = [uuid for device in devices.found for uuid in (device.uuid, *device.instances)]
    for gpu in value.split(","):
        there = gpu in known if gpu.isdecimal() else any(uuid.startswith(gpu) for uuid in uuids)
        if not there:
            listed = ", ".join(known if gpu.isdecimal() else uuids)
            raise UsageError(f"--gpus {value}: there is no GPU {gpu} on this machine", hint=f"there are: {listed}")
        divided = next((d for d in devices.found if d.mig and gpu in (str(d.index), d.uuid)), None)
        if divided is not None:
            hint = f"name its parts: {', '.join(divided.instances) or 'none is made yet (nvidia-smi mig -cgi)'}"
            raise UsageError(f"--gpus {value}: GPU {gpu} is divided (MIG), and is not used as a whole", hint=hint)


def usable(devices: Devices) -> tuple[str, ...]:
    """What a server can be given: the indices of whole GPUs, the UUIDs of the parts of divided ones."""
    return tuple(name for d in devices.found for name in (d.instances if d.mig else (str(d.index),)))


def gpu_way(engine: str) -> Way | None:
    """How a container engine hands GPUs on; ``None`` where it cannot, or does not answer."""
    try:
        done = process.run([engine, "info", "--format", "{{json .}}"], timeout=20)
        info = json.loads(done.stdout) if done.exit_code == 0 else None
    except (TkError, ValueError):
        return None
    if not isinstance(info, dict):
        return None
    return way_of(engine, info)


def way_of(engine: str, info: dict[str, object]) -> Way | None:
    """How an engine hands GPUs on, by what ``docker info`` or ``podman info`` says, and by what is installed here."""
    if engine == "podman":
        return "cdi" if any(_described()) else None
    runtimes, discovered = info.get("Runtimes"), info.get("DiscoveredDevices")
    if (isinstance(runtimes, dict) and "nvidia" in runtimes) or shutil.which("nvidia-container-runtime-hook"):
        return "toolkit"
    found = discovered if isinstance(discovered, list) else ()
    if any(isinstance(d, dict) and str(d.get("ID", "")).startswith(_KIND) for d in found):
        return "cdi"
    return "cdi" if info.get("CDISpecDirs") and any(_described()) else None


def _described() -> Iterator[Path]:
    """The files of this machine that describe NVIDIA's GPUs to engines (Container Device Interface)."""
    for directory in _CDI_DIRECTORIES:
        for path in sorted(directory.glob("*")) if directory.is_dir() else ():
            if path.suffix in (".yaml", ".yml", ".json") and _KIND.encode() in _content(path):
                yield path


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
