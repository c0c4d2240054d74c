"""Whether the image of the release is here, or would fit on the disk."""

from __future__ import annotations

import os
import shutil

from triton_kit.doctor.finding import Finding, ok, problem, skipped, warning
from triton_kit.doctor.machine import PATIENCE, Machine
from triton_kit.runtime import process

ROOM = 20_000_000_000
"""Bytes that should be free for an official image: it is over 10 GB, and is unpacked beside what was fetched."""


def look(machine: Machine) -> Finding:
    """The image by its name, its size, and what is free where the engine keeps images."""
    engine, (info, trouble) = machine.engine, machine.info
    if engine is None or trouble is not None:
        return skipped("no engine that answers")
    done = process.run([engine, "image", "inspect", "--format", "{{.Size}}", machine.image], timeout=PATIENCE)
    if done.exit_code == 0:
        size = done.stdout.strip()
        return ok(f"{machine.image} is here" + (f", {int(size) / 1e9:.1f} GB" if size.isdecimal() else ""))
    store = info.get("store")
    root = info.get("DockerRootDir") or (store.get("graphRoot") if isinstance(store, dict) else None)
    if not isinstance(root, str) or not os.path.isdir(root):  # noqa: PTH112 - of another user perhaps, and then not to be seen
        return warning(f"{machine.image} is not on this machine", "tk serve --runtime docker fetches it")
    free = shutil.disk_usage(root).free
    summary = f"{machine.image} is not on this machine; {free / 1e9:.0f} GB are free in {root}"
    if free < ROOM:
        return problem(summary, f"make room: {engine} system prune; an image takes more than 10 GB")
    return warning(summary, "tk serve --runtime docker fetches it")
