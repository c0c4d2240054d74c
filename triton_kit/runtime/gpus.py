"""Which GPUs a server gets."""

from __future__ import annotations

import re
import shutil

from triton_kit.errors import TkError, UsageError
from triton_kit.runtime import process

_LIST = re.compile(r"(?:\d+|(?:GPU|MIG)-[0-9A-Za-z/-]+)(?:,(?:\d+|(?:GPU|MIG)-[0-9A-Za-z/-]+))*", re.ASCII)


def resolve(wanted: str, *, engine: str | None = None) -> str:
    """``none``, ``all``, or a comma-separated list of indices or UUIDs, out of what the user wrote.

    ``auto`` is ``all`` where nvidia-smi lists a GPU and the container engine, if one is named, can hand GPUs on;
    otherwise ``none``. Raises UsageError for anything else.
    """
    value = wanted.strip()
    if value == "auto":
        return "all" if present() and (engine is None or can_pass(engine)) else "none"
    if value in ("all", "none"):
        return value
    value = value.replace(" ", "")
    if not _LIST.fullmatch(value):
        raise UsageError(f"--gpus {wanted!r} names no GPUs", hint="write auto, all, none, or indices such as 0,1")
    ids = value.split(",")
    for i, gpu in enumerate(ids):
        if gpu in ids[:i]:
            raise UsageError(f"--gpus {wanted} names GPU {gpu} twice", hint="name each GPU once")
    return value


def present() -> tuple[str, ...]:
    """The GPUs that nvidia-smi lists, one line each; none where it is absent or finds no driver."""
    if shutil.which("nvidia-smi") is None:
        return ()
    try:
        done = process.run(["nvidia-smi", "--list-gpus"], timeout=20)
    except TkError:
        return ()
    return tuple(line for line in done.stdout.splitlines() if line.startswith("GPU ")) if done.exit_code == 0 else ()


def can_pass(engine: str) -> bool:
    """Whether a container engine can hand GPUs on: by NVIDIA's container toolkit, or by a CDI description."""
    if shutil.which("nvidia-container-runtime-hook") is not None or shutil.which("nvidia-ctk") is not None:
        return True
    try:
        done = process.run([engine, "info", "--format", "{{json .}}"], timeout=20)
    except TkError:
        return False
    return done.exit_code == 0 and "nvidia" in done.stdout.lower()
