"""Which GPUs a server gets, and how much shared memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from triton_kit.errors import UsageError
from triton_kit.model.repository import Repository
from triton_kit.runtime.gpu.selection import check
from triton_kit.runtime.shared_memory import LEAST, MIB, parse_size, shm_size


@pytest.mark.parametrize("wanted", ["all", "none", "0", "0,1", "GPU-1234-ab", "MIG-GPU-12/1/0"])
def test_what_is_said_plainly_stays(wanted: str) -> None:
    assert check(wanted) == wanted


@pytest.mark.parametrize("wanted", ["", "two", "0,,1", "0;1", "-1", "0,all"])
def test_what_names_no_gpus_is_refused(wanted: str) -> None:
    with pytest.raises(UsageError, match="names no GPUs"):
        check(wanted)


def test_a_gpu_named_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="names GPU 1 twice"):
        check("1,0,1")


def make(tmp_path: Path, **configs: str) -> Repository:
    for name, text in configs.items():
        (tmp_path / name / "1").mkdir(parents=True)
        (tmp_path / name / "config.pbtxt").write_text(text)
    return Repository(tmp_path)


def test_an_empty_repository_gets_the_least(tmp_path: Path) -> None:
    assert shm_size(make(tmp_path)) == LEAST + 64 * MIB


def test_every_instance_that_may_be_a_python_stub_counts(tmp_path: Path) -> None:
    base = shm_size(make(tmp_path))
    grown = make(
        tmp_path,
        py='backend: "python" instance_group [ { count: 3 kind: KIND_CPU } ]',
        onnx='backend: "onnxruntime"',
        nothing_said="",
        trt='platform: "tensorrt_plan" instance_group [ { count: 8 } ]',
        ens='platform: "ensemble"',
    )
    assert shm_size(grown) == base + (3 + 1 + 1) * 64 * MIB


def test_a_group_on_several_gpus_counts_for_each(tmp_path: Path) -> None:
    base = shm_size(make(tmp_path))
    grown = make(tmp_path, m='backend: "python" instance_group [ { count: 2 kind: KIND_GPU gpus: [ 0, 1 ] } ]')
    assert shm_size(grown) == base + 4 * 64 * MIB


def test_a_broken_configuration_does_not_stop_the_count(tmp_path: Path) -> None:
    assert shm_size(make(tmp_path, m="backend: [ {")) >= LEAST


@pytest.mark.parametrize(
    ("text", "size"),
    [("512m", 512 * MIB), ("2g", 2048 * MIB), ("1G", 1024 * MIB), ("64MiB", 64 * MIB), ("4096", 4096), ("8kb", 8192)],
)
def test_sizes_are_read_as_docker_writes_them(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "m", "-1", "1.5g", "0", "1t", "²m"])
def test_what_is_no_size_is_none(text: str) -> None:
    assert parse_size(text) is None
