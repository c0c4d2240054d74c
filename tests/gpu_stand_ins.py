"""Stand-ins for what only a machine with an NVIDIA GPU has: nvidia-smi, and an engine that knows the toolkit."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

H100 = "0, GPU-11111111-aaaa-bbbb-cccc-000000000000, NVIDIA H100 80GB HBM3, 81559, 560.35.03, Disabled, 9.0\n"
SECOND = "1, GPU-22222222-aaaa-bbbb-cccc-000000000000, NVIDIA H100 80GB HBM3, 81559, 560.35.03, Disabled, 9.0\n"
DIVIDED = "0, GPU-33333333-aaaa-bbbb-cccc-000000000000, NVIDIA A100-SXM4-40GB, 40960, 535.104.05, Enabled, 8.0\n"
PARTS = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-33333333-aaaa-bbbb-cccc-000000000000)
  MIG 3g.20gb     Device  0: (UUID: MIG-c7384736-a75d-5afc-978f-d2f1294409fd)
  MIG 3g.20gb     Device  1: (UUID: MIG-a28ad590-3fda-56dd-84fc-0a0b96edc58d)
"""
NO_DRIVER = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n"
MISMATCH = "Failed to initialize NVML: Driver/library version mismatch\n"


def program(directory: Path, name: str, script: str) -> None:
    """An executable of that name, a shell script."""
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def stand_in_nvidia_smi(directory: Path, query: str, *, listing: str = "", code: int = 0) -> None:
    """A stand-in for nvidia-smi that answers ``--query-gpu`` and ``--list-gpus`` with these texts."""
    program(
        directory,
        "nvidia-smi",
        f'case "$*" in *--list-gpus*) cat <<"E"\n{listing}E\n;; *) cat <<"E"\n{query}E\n;; esac\nexit {code}',
    )


def only_these_programs(monkeypatch: pytest.MonkeyPatch, directory: Path, *, system: bool = True) -> None:
    """Look for programs there first, and nowhere else but, with ``system``, in the usual directories."""
    directory.mkdir(exist_ok=True)
    usual = ["/usr/bin", "/bin"] if system else []
    monkeypatch.setenv("PATH", os.pathsep.join([str(directory), *usual]))
