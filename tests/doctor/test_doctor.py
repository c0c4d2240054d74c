"""``tk doctor`` on machines that lack something. What no test machine has, a GPU and its driver, are stand-ins."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from docker_engine import IMAGE, need_image
from gpu_stand_ins import H100, MISMATCH, only_these_programs, program, stand_in_nvidia_smi

from triton_kit.cli import run
from triton_kit.doctor import driver_versions
from triton_kit.doctor.checks import clock, daemon, image, memory, ports, proxy, shm
from triton_kit.doctor.examination import examine
from triton_kit.doctor.finding import Check, Finding, ok
from triton_kit.doctor.machine import Machine
from triton_kit.doctor.table import CHECKS
from triton_kit.repository.release import release

ENVIRONMENT = 'parameters { key: "EXECUTION_ENV_PATH" value { string_value: "/e.tar.gz" } }'


def machine(tmp_path: Path, **environment: str) -> Machine:
    return Machine(repository=tmp_path, container="24.10", environment=environment)


def doctor(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    code = run(["doctor", *arguments, "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    return code, {check["name"]: check for check in found["checks"]}


def test_a_healthy_machine_has_no_problem(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = doctor(capsys, str(sample), "--skip", "ports")
    assert code == 0, found
    assert set(found) == {check.name for check in CHECKS} - {"ports"}
    assert found["repository"]["result"] == "ok"


def test_without_an_engine_the_embedded_server_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only_these_programs(monkeypatch, tmp_path / "bin", system=False)
    code, found = doctor(capsys, "--only", "engine", "--only", "daemon", "--only", "image", "--only", "toolkit")
    assert code == 0
    assert found["engine"]["evidence"] == "neither docker nor podman is installed"
    assert {found[name]["result"] for name in ("daemon", "image", "toolkit")} == {"skipped"}


def test_an_engine_whose_daemon_is_down_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which("docker") is None:
        pytest.skip("no docker is installed")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    code, found = doctor(capsys, "--only", "daemon")
    assert code == 1
    assert "Cannot connect to the Docker daemon" in found["daemon"]["evidence"]
    assert "--runtime local" in found["daemon"]["remedy"]


def test_an_engine_that_refuses_this_user_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_these_programs(monkeypatch, tmp_path / "bin")
    said = "permission denied while trying to connect to the Docker daemon socket"
    program(tmp_path / "bin", "docker", f"echo '{{}}'; echo '{said}' >&2; exit 1")
    found = daemon.look(machine(tmp_path))
    assert (found.result, found.evidence) == ("problem", "docker refuses this user")


def test_a_hanging_engine_does_not_hang_the_doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triton_kit.doctor.machine.PATIENCE", 0.2)
    only_these_programs(monkeypatch, tmp_path / "bin")
    program(tmp_path / "bin", "docker", "sleep 60")
    assert daemon.look(machine(tmp_path)).evidence == "docker did not answer within 0.2 s"


def test_a_check_that_hangs_is_unknown_and_the_others_answer(tmp_path: Path) -> None:
    import threading

    def hang(_situation: Machine) -> Finding:
        threading.Event().wait()
        raise AssertionError

    checks = (Check(name="slow", look=hang), Check(name="quick", look=lambda _s: ok("fine")))
    for deadline in (0.3, 3, 30):
        found = examine(checks, machine(tmp_path), deadline=deadline)
        assert list(found) == ["slow", "quick"]
        if found["quick"].result == "ok":  # else the machine had other things to do
            break
    assert (found["slow"].result, found["quick"].result) == ("unknown", "ok")


def test_the_real_engine_and_its_image_are_found(tmp_path: Path) -> None:
    need_image()
    here = Machine(repository=None, container="24.10", environment={}, image=IMAGE)
    assert daemon.look(here).result == "ok"
    assert image.look(here).evidence.startswith(f"{IMAGE} is here, ")
    absent = Machine(repository=None, container="24.10", environment={}, image="triton-kit/none:1")
    assert image.look(absent).evidence.startswith("triton-kit/none:1 is not on this machine; ")


def test_little_room_for_an_image_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_these_programs(monkeypatch, tmp_path / "bin")
    info = json.dumps({"ServerVersion": "28.0.0", "DockerRootDir": str(tmp_path)})
    program(tmp_path / "bin", "docker", f"case $1 in info) echo '{info}';; *) exit 1;; esac")
    monkeypatch.setattr(image, "ROOM", shutil.disk_usage(tmp_path).free + 10**12)
    assert image.look(machine(tmp_path)).result == "problem"


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = ports.look(machine(tmp_path), (port, 0, 0))
    assert found.result == "warning"
    assert f"port {port} is in use" in found.evidence


def test_a_driver_in_trouble_is_a_problem_and_its_absence_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only_these_programs(monkeypatch, tmp_path / "bin")
    only = ["--only", "gpu", "--only", "driver", "--only", "compute", "--only", "toolkit"]
    code, found = doctor(capsys, *only)
    assert (code, {check["result"] for check in found.values()}) == (0, {"skipped"})
    stand_in_nvidia_smi(tmp_path / "bin", MISMATCH, code=18)
    code, found = doctor(capsys, *only)
    assert code == 1
    assert found["gpu"]["remedy"] == "reboot, or load the new driver"


def test_what_a_gpu_can_run_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only_these_programs(monkeypatch, tmp_path / "bin")
    stand_in_nvidia_smi(tmp_path / "bin", H100)
    program(tmp_path / "bin", "docker", 'echo \'{"ServerVersion": "28.0.0", "Runtimes": {"runc": {}}}\'')
    only = ("--only", "gpu", "--only", "driver", "--only", "compute", "--only", "toolkit")
    code, found = doctor(capsys, "--from", "24.10", *only)
    assert code == 1
    assert found["gpu"]["evidence"] == "NVIDIA H100 80GB HBM3 (81559 MiB)"
    assert found["driver"]["result"] == "ok"
    assert found["driver"]["evidence"].startswith("driver 560.35.03 runs 23.")
    assert found["compute"]["result"] == "ok"
    assert "nvidia-ctk" in found["toolkit"]["remedy"]


@pytest.mark.parametrize(
    ("container", "driver", "gpu", "verdict"),
    [
        ("24.10", "560.35.03", "NVIDIA H100 80GB HBM3", "yes"),
        ("24.10", "550.54.15", "NVIDIA H100 PCIe", "minor"),
        ("24.10", "535.104.05", "NVIDIA A100-SXM4-40GB", "minor"),
        ("24.10", "525.60.13", "NVIDIA GeForce RTX 4090", "minor"),
        ("24.10", "524.99", "NVIDIA H100 PCIe", "no"),
        ("24.10", "470.82.01", "NVIDIA A100-SXM4-40GB", "compatible"),
        ("24.10", "470.82.01", "NVIDIA GeForce RTX 4090", "no"),
        ("24.10", "470.82.01", "NVIDIA RTX A6000", "unknown"),
        ("24.10", "470.42.01", "Tesla T4", "no"),
        ("24.10", "510.47.03", "Tesla T4", "no"),
        ("23.12", "510.47.03", "Tesla T4", "compatible"),
        ("24.10", "garbage", "NVIDIA H100 PCIe", "unknown"),
        ("23.01", "525.85", "Tesla T4", "unknown"),
        ("23.10", "525.85", "Tesla T4", "yes"),
        ("25.06", "570.124.06", "NVIDIA H100 PCIe", "minor"),
        ("25.07", "570.124.06", "NVIDIA GeForce RTX 4090", "minor"),
        ("25.08", "575.57.08", "NVIDIA H100 PCIe", "no"),
        ("25.12", "575.57.08", "NVIDIA GeForce RTX 4090", "no"),
        ("25.12", "570.124.06", "NVIDIA H100 PCIe", "unknown"),
        ("25.12", "570.124.06", "NVIDIA GeForce RTX 4090", "no"),
        ("25.12", "535.104.05", "NVIDIA H100 PCIe", "compatible"),
        ("26.04", "535.104.05", "NVIDIA H100 PCIe", "compatible"),
        ("26.05", "535.104.05", "NVIDIA H100 PCIe", "unknown"),
        ("26.04", "580.95.05", "NVIDIA H100 PCIe", "minor"),
        ("26.08", "580.65.06", "NVIDIA GeForce RTX 4090", "minor"),
        ("26.08", "615.61", "NVIDIA H100 PCIe", "yes"),
        ("26.10", "580.95.05", "NVIDIA H100 PCIe", "yes"),
        ("26.10", "575.57.08", "NVIDIA H100 PCIe", "no"),
        ("98.12", "580.95.05", "NVIDIA H100 PCIe", "yes"),
    ],
)
def test_which_release_a_driver_runs(container: str, driver: str, gpu: str, verdict: str) -> None:
    assert driver_versions.runs(release(container), driver, gpu) == verdict


@pytest.mark.parametrize(
    ("container", "driver", "result", "said"),
    [
        ("24.10", "550.54.15", "ok", "24.10 was built with 560.35.03 and runs in CUDA's minor-version mode"),
        ("25.06", "570.124.06", "ok", "25.06 was built with 575.51.03 and runs in CUDA's minor-version mode"),
        ("25.08", "575.57.08", "problem", "25.08 has CUDA 13, which wants 580 or later"),
        ("25.12", "575.57.08", "problem", "25.12 has CUDA 13, which wants 580 or later"),
        ("26.04", "580.95.05", "ok", "26.04 was built with 595.58.03 and runs in CUDA's minor-version mode"),
        ("26.08", "580.95.05", "ok", "26.08 was built with 615.61 and runs in CUDA's minor-version mode"),
    ],
)
def test_the_doctor_judges_a_driver_by_the_major_version_of_cuda(
    container: str,
    driver: str,
    result: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    only_these_programs(monkeypatch, tmp_path / "bin")
    stand_in_nvidia_smi(tmp_path / "bin", H100.replace("560.35.03", driver))
    code, found = doctor(capsys, "--only", "driver", "--release", container)
    assert (found["driver"]["result"], found["driver"]["evidence"].partition("; ")[2]) == (result, said)
    assert (code == 1) == (result == "problem")


@pytest.mark.parametrize(
    ("environment", "result"),
    [
        ({}, "ok"),
        ({"HTTP_PROXY": "http://p:3128"}, "warning"),
        ({"http_proxy": "http://p:3128", "no_proxy": "example.org, 127.0.0.1"}, "ok"),
        ({"all_proxy": "socks5://p", "NO_PROXY": ""}, "warning"),
    ],
)
def test_a_proxy_spares_this_machine(environment: dict[str, str], result: str, tmp_path: Path) -> None:
    assert proxy.look(machine(tmp_path, **environment)).result == result


def test_a_clock_before_the_installation_cannot_be_right(tmp_path: Path) -> None:
    assert clock.look(machine(tmp_path), now=0.0).result == "warning"
    assert clock.look(machine(tmp_path)).result == "ok"


def test_memory_is_held_against_what_the_models_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m" / "1").mkdir(parents=True)
    (tmp_path / "m" / "1" / "model.plan").write_bytes(b"x" * 5000)
    assert memory.look(machine(tmp_path)).result == "ok"
    monkeypatch.setattr(memory, "available", lambda: 4999)
    assert memory.look(machine(tmp_path)).result == "warning"
    monkeypatch.setattr(shm, "shm_size", lambda _repository, **_flags: 1 << 60)
    assert shm.look(machine(tmp_path), str(tmp_path)).result == "warning"


@pytest.mark.parametrize(
    ("flags", "need"),
    [
        ([], 448),
        (["--model-config-name=wide"], 832),
        (["--model-config-name", "absent"], 448),
        (["--backend-config=python,shm-default-byte-size=134217728"], 640),
        (["--backend-config=python,shm-default-byte-size=1048576"], 448),
    ],
    ids=["none", "another configuration", "one that is not there", "larger stubs", "smaller stubs"],
)
def test_shared_memory_is_reckoned_with_the_flags_of_the_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], need: int
) -> None:
    (tmp_path / "m" / "1").mkdir(parents=True)
    (tmp_path / "m" / "1" / "model.py").write_text("class TritonPythonModel: ...\n")
    (tmp_path / "m" / "configs").mkdir()
    for place, count in (("config.pbtxt", 2), ("configs/wide.pbtxt", 8)):
        (tmp_path / "m" / place).write_text(f'backend: "python"\ninstance_group {{ count: {count} kind: KIND_CPU }}\n')
    run(["doctor", str(tmp_path), "--only", "shm", "--", *flags])
    assert f"the models may take {need}\n" in capsys.readouterr().out


def test_directories_are_made_by_fix_and_one_that_cannot_be_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TK_CACHE_DIR", str(tmp_path / "cache"))
    assert doctor(capsys, "--only", "directories")[1]["directories"]["result"] == "warning"
    assert not (tmp_path / "cache").exists()
    code, found = doctor(capsys, "--only", "directories", "--fix")
    assert (code, found["directories"]["result"]) == (0, "ok")
    assert (tmp_path / "cache").is_dir()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TK_CACHE_DIR", str(tmp_path / "file" / "cache"))
    code, found = doctor(capsys, "--only", "directories")
    assert (code, found["directories"]["result"]) == (1, "problem")


def test_a_server_that_is_gone_is_swept_by_fix(capsys: pytest.CaptureFixture[str]) -> None:
    from triton_kit.runtime.state.registry import Running, record
    from triton_kit.runtime.types import Endpoints

    where = Endpoints(http="http://127.0.0.1:1", grpc="127.0.0.1:2", metrics="http://127.0.0.1:3/metrics")
    record(
        Running(
            name="gone", runtime="local", repository=Path("/m"), release="24.10", image=None, endpoints=where,
            started=0.0, pid=2**22 + 1, born="never", detached=True,
        )
    )  # fmt: skip
    assert doctor(capsys, "--only", "leftovers")[1]["leftovers"]["evidence"] == "gone ended without tk"
    assert doctor(capsys, "--only", "leftovers", "--fix")[1]["leftovers"]["result"] == "ok"


def test_a_repository_with_a_mistake_is_a_problem_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m" / "1").mkdir(parents=True)
    (tmp_path / "m" / "config.pbtxt").write_text("max_batch_sise: 1\n")
    code, found = doctor(capsys, str(tmp_path), "--only", "repository")
    assert code == 1
    assert "m/config.pbtxt:1: " in found["repository"]["evidence"]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [(["--only", "prots"], "did you mean ports?"), (["--release", "24.99"], "known are"), (["/none"], "give the path")],
)
def test_what_cannot_be_meant_is_a_usage_error(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor", *arguments, "--skip", "image"]) in (1, 2)
    said = capsys.readouterr()
    assert hint in said.err + said.out
    assert "Traceback" not in said.err


def upgrade(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = run(["doctor", "--only", "clock", "--format", "json", *arguments])
    steps = json.loads(capsys.readouterr().out)["upgrade"]
    assert all(step["source"] for step in steps)
    return code, "\n".join(f"{step['weight']} {step['what']}" for step in steps)


def test_what_another_release_breaks_in_a_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, config, file in (
        ("tf", 'platform: "tensorflow_savedmodel"\n', "model.savedmodel/saved_model.pb"),
        ("trt", 'platform: "tensorrt_plan"\n', "model.plan"),
        ("py", f'backend: "python"\n{ENVIRONMENT}\n', "model.py"),
        ("fine", 'backend: "python"\n', "model.py"),
    ):  # fmt: skip
        path = tmp_path / name / "1" / file
        path.parent.mkdir(parents=True)
        path.write_text("class TritonPythonModel:\n    def execute(self, requests): ...\n")
        (tmp_path / name / "config.pbtxt").write_text(config)
    code, told = upgrade(
        capsys, str(tmp_path), "--from", "24.01", "--release", "26.08", "--", "--allow-client-shm=true"
    )
    assert code == 1
    assert "breaks" in told
    assert "the tensorflow backend is not part of releases from 25.03 on" in told
    assert "model.plan was built for one release of TensorRT" in told
    assert "Python goes from 3.10 to 3.12" in told
    assert "look from 25.06 on HTTP bodies over 64 MB are refused by default" in told
    assert "client shared memory" not in told
    assert "Model Analyzer" not in told
    assert "/fine/" not in told


def test_flags_are_judged_by_both_releases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = upgrade(
        capsys, str(tmp_path), "--from", "25.06", "--release", "24.10", "--", "--http-max-input-size=1"
    )
    assert code == 1
    assert "breaks --http-max-input-size is in tritonserver from 25.06 on, and this is 24.10" in told
    code, told = upgrade(capsys, str(tmp_path), "--from", "24.10", "--release", "25.06", "--", "--no-such-flag")
    assert (code, "--no-such-flag" in told) == (0, False)


def test_a_closed_pipe_and_an_interrupt_leave_quietly(sample: Path) -> None:
    argv = f"{sys.executable} -m triton_kit doctor {sample} --skip ports | head -1"
    done = subprocess.run(["bash", "-c", argv], capture_output=True, text=True, env={**os.environ}, timeout=60)
    assert "Traceback" not in done.stderr
