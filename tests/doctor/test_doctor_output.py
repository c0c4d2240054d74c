"""The whole text of ``tk doctor`` on machines that are stand-ins."""

from __future__ import annotations

import json

import pytest
from gpu_stand_ins import (
    DIVIDED,
    H100,
    MISMATCH,
    NO_DRIVER,
    PARTS,
    SECOND,
    only_these_programs,
    program,
    stand_in_nvidia_smi,
)

INFO = json.dumps({"ServerVersion": "28.0.0", "DockerRootDir": "/", "Runtimes": {"nvidia": {}, "runc": {}}})
GPUS = {
    "H100": {"query": H100},
    "two": {"query": H100 + SECOND},
    "divided": {"query": DIVIDED, "listing": PARTS},
    "no driver": {"query": NO_DRIVER, "code": 9},
    "mismatch": {"query": MISMATCH, "code": 18},
    "old": {"query": H100.replace("560.35.03", "470.10.01").replace("9.0", "5.2")},
}
ONLY = (
    "--from 24.10 --only engine --only daemon --only gpu --only driver --only compute --only toolkit --only repository"
)


@pytest.mark.parametrize("name", GPUS)
def test_a_machine_with_that_gpu(told, tmp_path, monkeypatch, name, sample, snapshot):
    only_these_programs(monkeypatch, tmp_path / "bin")
    program(tmp_path / "bin", "docker", f"case $1 in info) echo '{INFO}';; *) exit 1;; esac")
    made = dict(GPUS[name])
    stand_in_nvidia_smi(tmp_path / "bin", made.pop("query"), **made)
    (tmp_path / "models").symlink_to(sample)
    assert told(f"doctor models {ONLY}", f"doctor models {ONLY} --format json") == snapshot


def test_a_machine_with_nothing(told, tmp_path, monkeypatch, snapshot):
    only_these_programs(monkeypatch, tmp_path / "bin", system=False)
    (tmp_path / "empty").mkdir()
    assert told(f"doctor empty {ONLY}", "doctor --only engin", "doctor none --only repository") == snapshot


def test_what_another_release_breaks(told, tmp_path, monkeypatch, sample, snapshot):
    only_these_programs(monkeypatch, tmp_path / "bin", system=False)
    (tmp_path / "models").symlink_to(sample)
    pairs = (("23.01", "24.10"), ("24.10", "23.01"), ("24.10", "24.10"))
    commands = [
        f"doctor models --only engine --from {one} --release {other}{form}"
        for one, other in pairs
        for form in ("", " --format json")
    ]
    assert told(*commands) == snapshot
