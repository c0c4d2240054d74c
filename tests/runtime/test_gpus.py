"""Which GPUs there are, and which a server gets. No driver is on the machine of a test: nvidia-smi is a stand-in."""

from __future__ import annotations

import json
from pathlib import Path

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
)  # fmt: skip

from triton_kit.errors import UsageError
from triton_kit.runtime.docker import DockerRuntime
from triton_kit.runtime.gpu import selection as gpus
from triton_kit.runtime.gpu.devices import Device, look, parse
from triton_kit.runtime.gpu.selection import choose, way_of
from triton_kit.runtime.local import LocalRuntime
from triton_kit.runtime.types import ServerSpec

FIRST = "GPU-11111111-aaaa-bbbb-cccc-000000000000"
PART = "MIG-c7384736-a75d-5afc-978f-d2f1294409fd"


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of programs that comes first; nvidia-smi is put there by each test."""
    only_these_programs(monkeypatch, tmp_path / "bin")
    return tmp_path / "bin"


def test_what_nvidia_smi_says_of_a_gpu_is_read(smi: Path) -> None:
    stand_in_nvidia_smi(smi, H100)
    name = "NVIDIA H100 80GB HBM3"
    assert look().found == (Device(index=0, uuid=FIRST, name=name, memory=81559, driver="560.35.03", compute="9.0"),)
    assert look().driver == "560.35.03"


def test_an_old_nvidia_smi_does_not_know_the_compute_capability(smi: Path) -> None:
    old = "0, GPU-1, Tesla T4, 15360, 470.57.02, [N/A]"
    refuses = "echo 'Field \"compute_cap\" is not a valid field to query.'; exit 2"
    program(smi, "nvidia-smi", f'case "$*" in *compute_cap*) {refuses};; *) echo "{old}";; esac')
    assert look().found == (Device(index=0, uuid="GPU-1", name="Tesla T4", memory=15360, driver="470.57.02"),)


def test_the_parts_of_a_divided_gpu_are_known_by_uuid(smi: Path) -> None:
    stand_in_nvidia_smi(smi, DIVIDED, listing=PARTS)
    (device,) = look().found
    assert device.mig
    assert device.instances == (PART, "MIG-a28ad590-3fda-56dd-84fc-0a0b96edc58d")


@pytest.mark.parametrize(
    ("text", "code", "trouble"),
    [
        (NO_DRIVER, 9, "couldn't communicate with the NVIDIA driver"),
        (MISMATCH, 18, "Driver/library version mismatch"),
        ("No devices were found\n", 0, "No devices were found"),
        ("\x00\x01 garbage, , ,\n", 0, "lists no GPU"),
        ("", 0, "lists no GPU"),
    ],
)
def test_a_driver_in_trouble_is_no_gpu_and_a_reason(text: str, code: int, trouble: str, smi: Path) -> None:
    stand_in_nvidia_smi(smi, text, code=code)
    devices = look()
    assert devices.found == ()
    assert trouble in (devices.trouble or "")
    assert choose("auto").gpus == "none"
    assert trouble in choose("auto").reason


def test_a_hanging_nvidia_smi_is_not_waited_for_for_ever(smi: Path) -> None:
    program(smi, "nvidia-smi", "sleep 60")
    assert look(timeout=0.2).trouble == "nvidia-smi did not answer within 0.2 s"


def test_names_with_commas_and_lines_that_are_none(smi: Path) -> None:
    (device,) = parse("warning: something\n0, GPU-1, NVIDIA X, Y, 8192, 560.1, Disabled, 9.0\n")
    assert (device.name, device.memory, device.driver, device.compute) == ("NVIDIA X, Y", 8192, "560.1", "9.0")


def test_without_nvidia_smi_there_is_no_gpu(smi: Path) -> None:
    assert look().trouble == "nvidia-smi is not installed"


def test_auto_takes_all_of_this_machine(smi: Path) -> None:
    stand_in_nvidia_smi(smi, H100 + SECOND)
    choice = choose("auto")
    assert (choice.gpus, choice.count) == ("all", 2)
    assert choice.reason == "2 GPUs (NVIDIA H100 80GB HBM3)"


def test_auto_takes_the_parts_of_a_divided_gpu(smi: Path) -> None:
    stand_in_nvidia_smi(smi, DIVIDED, listing=PARTS)
    assert choose("auto").gpus == f"{PART},MIG-a28ad590-3fda-56dd-84fc-0a0b96edc58d"


def test_auto_takes_none_that_the_engine_cannot_hand_on(smi: Path) -> None:
    stand_in_nvidia_smi(smi, H100)
    program(smi, "docker", 'echo \'{"Runtimes": {"runc": {}}}\'')
    choice = choose("auto", engine="docker")
    assert choice.gpus == "none"
    assert choice.reason.endswith("which docker cannot hand on: no toolkit, no CDI")


@pytest.mark.parametrize(
    ("info", "way"),
    [
        ({"Runtimes": {"nvidia": {}}}, "toolkit"),
        ({"Runtimes": {}, "DiscoveredDevices": [{"Source": "cdi", "ID": "nvidia.com/gpu=0"}]}, "cdi"),
        ({"Runtimes": None, "DiscoveredDevices": None, "CDISpecDirs": ["/etc/cdi"]}, None),
    ],
)
def test_how_docker_hands_gpus_on(info: dict[str, object], way: str | None, smi: Path) -> None:
    assert way_of("docker", info) == way
    stand_in_nvidia_smi(smi, H100)
    program(smi, "docker", f"echo '{json.dumps(info)}'")
    assert choose("auto", engine="docker").way == way


def test_a_description_of_devices_is_found_where_engines_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, smi: Path
) -> None:
    monkeypatch.setattr(gpus, "_CDI_DIRECTORIES", (tmp_path / "cdi", tmp_path / "absent"))
    assert way_of("podman", {}) is None
    (tmp_path / "cdi").mkdir()
    (tmp_path / "cdi" / "nvidia.yaml").write_text("kind: nvidia.com/gpu\n")
    assert way_of("podman", {}) == "cdi"
    assert way_of("docker", {"CDISpecDirs": ["/etc/cdi"]}) == "cdi"


@pytest.mark.parametrize(("wanted", "count"), [("0", 1), ("0,1", 2), (FIRST, 1), ("GPU-1111", 1), ("all", 2)])
def test_gpus_that_exist_can_be_named(wanted: str, count: int, smi: Path) -> None:
    stand_in_nvidia_smi(smi, H100 + SECOND)
    assert (choose(wanted).gpus, choose(wanted).count) == (wanted, count)


@pytest.mark.parametrize("wanted", ["2", "0,7", "GPU-9999", "MIG-1"])
def test_a_gpu_that_does_not_exist_is_refused(wanted: str, smi: Path) -> None:
    stand_in_nvidia_smi(smi, H100 + SECOND)
    with pytest.raises(UsageError, match="there is no GPU"):
        choose(wanted)


def test_a_divided_gpu_is_not_given_as_a_whole(smi: Path) -> None:
    stand_in_nvidia_smi(smi, DIVIDED, listing=PARTS)
    assert choose(PART).gpus == PART
    with pytest.raises(UsageError, match="is divided") as refused:
        choose("0")
    assert PART in (refused.value.hint or "")


def spec(gpus: str, way: str | None = None) -> ServerSpec:
    return ServerSpec(
        repository=Path("/r"), release="24.10", http_port=1, grpc_port=2, metrics_port=3, gpus=gpus, gpu_way=way
    )  # fmt: skip


@pytest.mark.parametrize(
    ("engine", "gpus", "way", "expected"),
    [
        ("docker", "all", "toolkit", ["--gpus", "all"]),
        ("docker", f"{PART},1", "toolkit", ["--gpus", f'"device={PART},1"']),
        ("docker", "0,1", "cdi", ["--device", "nvidia.com/gpu=0", "--device", "nvidia.com/gpu=1"]),
        ("podman", "all", "cdi", ["--device", "nvidia.com/gpu=all"]),
    ],
)
def test_containers_get_gpus_in_their_engines_form(
    engine: str, gpus: str, way: str | None, expected: list[str]
) -> None:
    argv = DockerRuntime(engine="podman" if engine == "podman" else "docker").argv(spec(gpus, way))
    at = argv.index(expected[0])
    assert argv[at : at + len(expected)] == expected


@pytest.mark.parametrize(("gpus", "seen"), [("none", ""), ("1,0", "1,0"), (PART, PART)])
def test_the_embedded_server_sees_the_gpus_that_were_chosen(gpus: str, seen: str, embedded: LocalRuntime) -> None:
    assert embedded.environment(spec(gpus))["CUDA_VISIBLE_DEVICES"] == seen
