"""tk convert: the command line that builds an engine, containers with a stand-in for trtexec, parity on a real server.

TensorRT needs an NVIDIA GPU. Instead, ``trtexec`` is a script in an image of its own, and ``docker`` a script that
leaves out ``--gpus`` and says that it has NVIDIA's toolkit; the containers, mounts, users and signals are real.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from docker_engine import IMAGE, docker, need_image
from gpu_stand_ins import H100, program, stand_in_nvidia_smi
from running_server import address, serving
from scaffold_models import write_onnx

from triton_kit.cli import run
from triton_kit.convert.profiles import Profile, parse_shapes, profiles
from triton_kit.convert.trtexec import Build, argv, explain, trtexec
from triton_kit.errors import UsageError
from triton_kit.repository.tensor import TensorSpec
from triton_kit.repository.text_format.document import parse
from triton_kit.runtime.local import LocalRuntime

TRTEXEC = """\
#!/bin/sh
# A stand-in for trtexec: writes its arguments where the engine belongs.
for a; do case $a in --saveEngine=*) out=${a#*=} ;; --timingCacheFile=*) cache=${a#*=} ;; esac; done
if [ -f /model/behave ]; then . /model/behave; fi
echo "[I] building"
printf 'ptrt\\000\\000\\000\\000%s' "$*" > "$out"
echo tactics >> "$cache"
"""

BUILD = Build(
    source=Path("/r/m/1/model.onnx"),
    out=Path("/r/out"),
    cache=Path("/c"),
    release="24.10",
    image="image:24.10",
    name="tk-trtexec-1",
)
NOTHING = parse_shapes((), (), ())


def documented(command: str) -> set[str]:
    """The keys at the top of a command's JSON, by docs/json.md."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "json.md").read_text()
    section = text.partition(f"\n## {command}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, flags=re.MULTILINE)
    return {re.split(r"[.\[]", key)[0] for row in rows for key in re.findall(r"`([^`]+)`", row)}


def inputs(*shape: int | str | None) -> tuple[TensorSpec, ...]:
    return (TensorSpec(name="x", dtype="FP32", shape=shape),)


def test_the_batch_follows_from_max_batch_size() -> None:
    (found,) = profiles(inputs(-1, 4), configured={"x": (4,)}, max_batch_size=8, preferred=None, given=NOTHING)
    assert found == Profile(name="x", least=(1, 4), best=(8, 4), most=(8, 4))
    (found,) = profiles(inputs(-1, 4), configured={"x": (4,)}, max_batch_size=8, preferred=2, given=NOTHING)
    assert found.best == (2, 4)


def test_the_dims_of_the_config_fix_a_size_that_the_model_leaves_open() -> None:
    (found,) = profiles(inputs(-1, -1), configured={"x": (7,)}, max_batch_size=2, preferred=None, given=NOTHING)
    assert found == Profile(name="x", least=(1, 7), best=(2, 7), most=(2, 7))


def test_a_model_of_fixed_shapes_needs_no_profile() -> None:
    assert profiles(inputs(1, 4), configured={"x": (1, 4)}, max_batch_size=0, preferred=None, given=NOTHING) == ()


@pytest.mark.parametrize(
    ("least", "best", "most", "said"),
    [
        ((), (), (), "a size is open"),
        (("y=1x2",), (), (), "--min y: the model has no such input"),
        ((), (), ("x=4",), "--max x=4: the input is"),
        ((), (), ("x=2x9",), "its batch of 2 is under max_batch_size, 4"),
        (("x=4x9",), ("x=2x5",), ("x=4x9",), "do not grow"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    least: tuple[str, ...], best: tuple[str, ...], most: tuple[str, ...], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        profiles(
            inputs(-1, -1),
            configured={"x": (-1,)},
            max_batch_size=4,
            preferred=None,
            given=parse_shapes(least, best, most),
        )
    assert said in caught.value.message


@pytest.mark.parametrize("text", ["x", "x=", "=1x2", "x=1xx2", "x=-1x2", "x=0x2", "x=1x2 "])
def test_a_shape_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--opt"):
        parse_shapes((), (text,), ())


def test_the_command_line_is_the_same_for_the_same_build() -> None:
    build = replace(
        BUILD,
        profiles=(Profile(name="x", least=(1, 4), best=(2, 4), most=(8, 4)),),
        precision="fp16",
        workspace=2048,
        user="5:6",
    )
    assert argv(build) == argv(build)
    assert trtexec(build) == [
        "trtexec",
        "--onnx=/model/model.onnx",
        "--saveEngine=/out/model.plan",
        "--skipInference",
        "--timingCacheFile=/cache/timing.cache",
        "--minShapes=x:1x4",
        "--optShapes=x:2x4",
        "--maxShapes=x:8x4",
        "--fp16",
        "--memPoolSize=workspace:2048",
    ]
    command = argv(build)
    assert command[:5] == ["docker", "run", "--rm", "--name", "tk-trtexec-1"]
    assert "type=bind,source=/r/m/1,target=/model,readonly" in command
    assert command[command.index("--network") + 1] == "none"
    assert command[command.index("--user") + 1] == "5:6"
    assert command[command.index("--gpus") + 1] == "all"
    assert "--buildOnly" in trtexec(replace(build, release="22.12"))


def test_gpus_are_named_in_the_way_of_the_engine() -> None:
    assert '"device=0,1"' in argv(replace(BUILD, gpus="0,1"))
    for build in (replace(BUILD, gpus="0,1", engine="podman"), replace(BUILD, gpus="0,1", gpu_way="cdi")):
        command = argv(build)
        assert [command[i + 1] for i, part in enumerate(command) if part == "--device"] == [
            "nvidia.com/gpu=0",
            "nvidia.com/gpu=1",
        ]


@pytest.mark.parametrize(
    ("code", "log", "said"),
    [
        (1, "[E] Cuda failure: 35", "finds no GPU that it can use"),
        (1, "[E] Error[4]: No importer registered for op: Foo. Attempting", "does not have the operator Foo"),
        (1, "Unknown option: --fp16", "has no option --fp16"),
        (1, "[W] a\n[E] Error[2]: OutOfMemory (no further information)", "memory was not enough"),
        (1, "[I] b\n[01/02] [E] Error[9]: strange things\n&&&& FAILED", "no engine was built: strange things"),
        (127, "exec: trtexec: not found", "has no trtexec"),
        (1, "", "exit code 1"),
    ],
)
def test_a_failure_is_told_short(code: int, log: str, said: str) -> None:
    error = explain(BUILD, code, log.splitlines())
    assert said in error.message
    assert error.hint


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A project with the ONNX model ``net``, and a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TK_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "model_repository").mkdir()
    (tmp_path / "tk.yaml").write_text("release: '24.10'\nrepository: model_repository\n")
    write_onnx(tmp_path / "net.onnx")
    assert run(["add", "net", "--from", "net.onnx", "--max-batch-size", "8"]) == 0
    capsys.readouterr()
    return tmp_path


def files(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_a_dry_run_prints_the_command_and_touches_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(project)
    assert run(["convert", "tensorrt", "net", "--fp16", "--workspace", "2g", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert " nvcr.io/nvidia/tritonserver:24.10-py3 trtexec --onnx=/model/model.onnx " in out
    assert "--minShapes=x:1x4 --optShapes=x:8x4 --maxShapes=x:8x4 --fp16 --memPoolSize=workspace:2048" in out
    assert out.endswith("model_repository/net_trt/1/model.plan\n")
    assert files(project) == before
    assert run(["convert", "tensorrt", "net", "--dry-run", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["profiles"] == [{"input": "x", "min": [1, 4], "opt": [8, 4], "max": [8, 4]}]
    assert found["precision"] == "fp32"
    assert set(found) == documented("tk convert tensorrt")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none"], "has no model none"),
        (["net", "--fp16", "--bf16"], "exclude each other"),
        (["net", "--int8"], "no QuantizeLinear nodes"),
        (["net", "--bf16", "--release", "24.02"], "the TensorRT of 24.02 does not have it"),
        (["net", "--version", "7"], "has no version 7"),
        (["net", "--into", "net"], "exists, and is not a TensorRT model"),
        (["net", "--gpus", "none"], "an engine is built on a GPU"),
        (["net", "--workspace", "much"], "much is not a size"),
        (["net", "--runtime", "local"], "an engine is built in a container"),
        (["net", "--max", "x=2x4"], "is under max_batch_size, 8"),
        (["net", "--accelerator", "tensorflow"], "tensorflow is not an accelerator"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    arguments: list[str], said: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(project)
    assert run(["convert", "tensorrt", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert files(project) == before


def test_an_accelerator_is_written_into_a_model_that_is_there(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(project)
    request = ["convert", "tensorrt", "net", "--accelerator", "tensorrt:fp16,workspace=1g"]
    assert run([*request, "--dry-run"]) == 0
    assert '+        name: "tensorrt"' in capsys.readouterr().out
    assert files(project) == before
    capsys.readouterr()
    assert run([*request, "--format", "json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == documented("tk convert tensorrt --accelerator")
    config = project / "model_repository/net/config.pbtxt"
    (entry,) = parse(config.read_bytes()).message.to_dict()["optimization"]["execution_accelerators"][
        "gpu_execution_accelerator"
    ]
    assert entry["parameters"] == {"precision_mode": "FP16", "max_workspace_size_bytes": "1073741824"}
    assert run(["render", "net", "--check"]) == 0
    assert run(["validate"]) == 0
    assert run(request) == 2
    assert "there are accelerators already" in capsys.readouterr().err


def test_a_config_without_model_yaml_gets_the_accelerator_and_keeps_its_comments(project: Path) -> None:
    model = project / "model_repository/net"
    (model / "model.yaml").unlink()
    (model / "config.pbtxt").write_text('backend: "onnxruntime" # by hand\nmax_batch_size: 4\n')
    assert run(["convert", "tensorrt", "net", "--accelerator", "openvino"]) == 0
    text = (model / "config.pbtxt").read_text()
    assert text.startswith('backend: "onnxruntime" # by hand\nmax_batch_size: 4\n')
    assert 'name: "openvino"' in text


def test_a_rendered_config_that_was_edited_by_hand_is_left_alone(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = project / "model_repository/net/config.pbtxt"
    config.write_text(config.read_text() + "# mine\n")
    before = files(project)
    assert run(["convert", "tensorrt", "net", "--accelerator", "openvino"]) == 2
    assert "was edited by hand" in capsys.readouterr().err
    assert files(project) == before


def test_without_a_gpu_it_is_refused_before_anything_is_pulled(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # A stand-in for an engine that answers: what it is asked is in a file.
    program(project / "bin", "docker", f'echo "$1" >> {project}/asked\necho "{{}}"')
    monkeypatch.setenv("PATH", f"{project / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    stand_in_nvidia_smi(project / "bin", "No devices were found\n", code=6)
    before = files(project / "model_repository")
    assert run(["convert", "tensorrt", "net"]) == 3
    assert "an engine is built on a GPU, and there is none" in capsys.readouterr().err
    assert set((project / "asked").read_text().split()) <= {"version", "info"}
    assert files(project / "model_repository") == before


@pytest.fixture(scope="session")
def stand_in_image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The local image with a stand-in for trtexec, gone afterwards."""
    need_image()
    name = f"triton-kit-test/trtexec-stand-in:{uuid.uuid4().hex[:8]}"
    script = tmp_path_factory.mktemp("image") / "trtexec"
    script.write_text(TRTEXEC)
    script.chmod(0o755)
    container = docker("create", IMAGE, "true")
    try:
        docker("cp", str(script), f"{container}:/usr/local/bin/trtexec")
        docker("commit", container, name)
    finally:
        docker("rm", "--force", container)
    yield name
    docker("rmi", "--force", name)


@pytest.fixture
def convert(project: Path, stand_in_image: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """The arguments of a conversion with the stand-ins, and one GPU that nvidia-smi (a stand-in) tells of."""
    real = shutil.which("docker")
    program(
        project / "bin",
        "docker",
        'case "$1 $3" in "info {{json .}}") echo \'{"Runtimes": {"nvidia": {}}}\'; exit ;; esac\n'
        "gpus=\nfor part; do\n  shift\n"
        '  if [ "$part" = --gpus ]; then gpus=next; continue; fi\n'
        '  if [ "$gpus" = next ]; then gpus=; continue; fi\n'
        f'  set -- "$@" "$part"\ndone\nexec {real} "$@"',
    )
    stand_in_nvidia_smi(project / "bin", H100)
    monkeypatch.setenv("PATH", f"{project / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return lambda *more: ["convert", "tensorrt", "net", "--image", stand_in_image, "--pull", "never", *more]


def containers(image: str) -> str:
    return docker("ps", "-aq", "--filter", f"ancestor={image}")


@pytest.mark.docker
def test_an_engine_becomes_a_model_and_then_a_version(
    project: Path, convert: Callable[..., list[str]], stand_in_image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    onnx = files(project / "model_repository/net")
    assert run(convert("--fp16")) == 0, capsys.readouterr().err
    model = project / "model_repository/net_trt"
    assert b"--fp16" in (model / "1/model.plan").read_bytes()
    config = parse((model / "config.pbtxt").read_bytes()).message.to_dict()
    assert (config["backend"], config["max_batch_size"]) == ("tensorrt", 8)
    assert config["input"] == [{"name": "x", "data_type": "TYPE_FP32", "dims": [4]}]
    assert run(["render", "net_trt", "--check"]) == 0
    assert (project / "cache/tensorrt/24.10/timing.cache").read_text() == "tactics\n"
    assert run(convert("--bf16")) == 0
    assert b"--fp16" in (model / "1/model.plan").read_bytes()
    assert b"--bf16" in (model / "2/model.plan").read_bytes()
    assert (project / "cache/tensorrt/24.10/timing.cache").read_text() == "tactics\ntactics\n"
    assert files(project / "model_repository/net") == onnx
    assert sorted(p.name for p in (project / "model_repository").iterdir()) == ["net", "net_trt"]
    assert containers(stand_in_image) == ""


@pytest.mark.docker
@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ('echo "[E] Error[4]: No importer registered for op: Foo"; exit 1', "does not have the operator Foo"),
        ("exit 0", "wrote no engine"),
        (': > "$out"; exit 0', "wrote no engine"),
        ('echo half > "$out"; exit 137', "no engine was built"),
        ('echo half > "$out"; exit 0', "wrote no engine"),
        ('echo x > /model/model.onnx || { echo "[E] read-only"; exit 1; }', "no engine was built: read-only"),
    ],
)
def test_a_failure_leaves_what_was_there(
    behaviour: str,
    said: str,
    project: Path,
    convert: Callable[..., list[str]],
    stand_in_image: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (project / "model_repository/net/1/behave").write_text(behaviour)
    before = files(project / "model_repository")
    assert run(convert()) == 3
    assert said in capsys.readouterr().err
    assert files(project / "model_repository") == before
    assert [p.name for p in (project / "model_repository").iterdir()] == ["net"]
    assert containers(stand_in_image) == ""


@pytest.mark.docker
def test_ctrl_c_removes_the_container_and_keeps_the_old_engine(
    project: Path, convert: Callable[..., list[str]], stand_in_image: str
) -> None:
    assert run(convert()) == 0
    (project / "model_repository/net/1/behave").write_text('echo half > "$out"; sleep 100')
    before = files(project / "model_repository")
    with subprocess.Popen([sys.executable, "-m", "triton_kit", *convert()], stderr=subprocess.PIPE) as tk:
        end = time.monotonic() + 60
        while not docker("ps", "-q", "--filter", f"ancestor={stand_in_image}"):
            assert time.monotonic() < end
            assert tk.poll() is None
            time.sleep(0.1)
        tk.send_signal(signal.SIGINT)
        _, said = tk.communicate(timeout=60)
    assert tk.returncode == 130
    assert b"Traceback" not in said
    assert containers(stand_in_image) == ""
    assert files(project / "model_repository") == before
    assert sorted(p.name for p in (project / "model_repository").iterdir()) == ["net", "net_trt"]


@pytest.mark.local
def test_two_models_of_a_server_are_compared(
    embedded: LocalRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    repository = tmp_path / "model_repository"
    repository.mkdir()
    write_onnx(tmp_path / "net.onnx")
    for name in ("one", "same"):
        assert run(["add", name, "--from", "net.onnx"]) == 0
    tensors = ["--input", "x:FP32:4", "--output", "y0:FP32:4", "--max-batch-size", "4"]
    assert run(["add", "near", "--backend", "python", *tensors]) == 0
    (repository / "near/1/model.py").write_text(
        "import triton_python_backend_utils as pb_utils\n\n\nclass TritonPythonModel:\n"
        "    def execute(self, requests):\n"
        "        xs = [pb_utils.get_input_tensor_by_name(r, 'x').as_numpy() for r in requests]\n"
        "        return [pb_utils.InferenceResponse([pb_utils.Tensor('y0', x + x.dtype.type(1.01))]) for x in xs]\n"
    )
    capsys.readouterr()
    with serving(embedded, repository, "one", "same", "near") as server:
        where = ["--url", address(server, "http")]
        assert run(["convert", "parity", "one", "same", *where]) == 0
        assert "yes" in capsys.readouterr().out
        assert run(["convert", "parity", "one", "near", *where, "--format", "json"]) == 1
        found = json.loads(capsys.readouterr().out)
        assert found["agrees"] is False
        assert set(found) == documented("tk convert parity")
        assert found["outputs"][0]["max_absolute"] == pytest.approx(0.01, rel=1e-3)
        assert run(["convert", "parity", "one", "near", *where, "--precision", "fp16"]) == 0
        assert run(["convert", "parity", "one", "near", *where, "--precision", "fp13"]) == 2
        assert run(["convert", "parity", "one", "near", *where, "--rtol", "-1"]) == 2
        assert run(["convert", "parity", "one", "none", *where]) != 0
