"""Make ``data/healthy_logs.json.xz`` again: the logs of servers with which nothing is wrong.

    .venv/bin/python tests/runtime/capture_healthy_logs.py [NAME]...

Each run serves a small repository with the embedded server, sends it good requests, and ends it. Paths of this machine
are replaced.
"""

from __future__ import annotations

import json
import lzma
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scaffold_models import write_onnx

from triton_kit.files.cache import cache_dir
from triton_kit.runtime.health import ready
from triton_kit.runtime.local import LocalRuntime, LocalServer
from triton_kit.runtime.ports import choose
from triton_kit.runtime.types import ServerSpec

HERE = Path(__file__).resolve().parent
PATH = HERE / "data" / "healthy_logs.json.xz"
CLIENT = HERE.parent / "client" / "models"
SAMPLE = HERE.parents[1] / "sample_repository"
TK = [sys.executable, "-m", "triton_kit"]

VECTOR = 'input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }\noutput { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }\n'
TWICE = """\
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            x = pb_utils.get_input_tensor_by_name(request, "x").as_numpy()
            answers.append(pb_utils.InferenceResponse([pb_utils.Tensor("y", x * 2)]))
        return answers
"""
TALKATIVE = """\
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        print("validation error: 0.031, failed samples: 0", flush=True)
        print("exception handlers are set; nothing to report as fatal", flush=True)
        pb_utils.Logger.log_info("no weights failed to load, error rate 0")
        pb_utils.Logger.log_verbose("verbose words on errors")

    def execute(self, requests):
        answers = []
        for request in requests:
            x = pb_utils.get_input_tensor_by_name(request, "x").as_numpy()
            pb_utils.Logger.log_info("handled without error")
            answers.append(pb_utils.InferenceResponse([pb_utils.Tensor("y", x * 2)]))
        return answers

    def finalize(self):
        print("cannot be better: cleaned up", flush=True)
"""
STREAM = """\
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        for request in requests:
            x = pb_utils.get_input_tensor_by_name(request, "x").as_numpy()
            sender = request.get_response_sender()
            for i in range(3):
                sender.send(pb_utils.InferenceResponse([pb_utils.Tensor("y", x * i)]))
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
"""
BLS = """\
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            x = pb_utils.get_input_tensor_by_name(request, "x")
            asked = pb_utils.InferenceRequest(model_name="twice", requested_output_names=["y"], inputs=[x])
            answer = asked.exec()
            if answer.has_error():
                raise pb_utils.TritonModelException(answer.error().message())
            answers.append(pb_utils.InferenceResponse(answer.output_tensors()))
        return answers
"""
COMPLETES = """\
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        config.add_input({"name": "x", "data_type": "TYPE_FP32", "dims": [4]})
        config.add_output({"name": "y", "data_type": "TYPE_FP32", "dims": [4]})
        config.set_max_batch_size(4)
        return config

""" + TWICE.partition("class TritonPythonModel:\n")[2]
SEQUENCE = """\
sequence_batching {{ max_sequence_idle_microseconds: 5000000 {how}
  control_input {{ name: "START" control {{ kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1 ] }} }}
  control_input {{ name: "READY" control {{ kind: CONTROL_SEQUENCE_READY fp32_false_true: [ 0, 1 ] }} }}
}}
"""
WARMUP = """\
model_warmup {
  name: "zeros"
  batch_size: 1
  inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 4 ] zero_data: true } }
}
"""
STEPS = """\
platform: "ensemble"
max_batch_size: 8
ensemble_scheduling {
  step {
    model_name: "twice" model_version: -1
    input_map { key: "x" value: "x" } output_map { key: "y" value: "middle" }
  }
  step {
    model_name: "plus" model_version: -1
    input_map { key: "x" value: "middle" } output_map { key: "y0" value: "y" }
  }
}
"""


def python(root: Path, name: str = "twice", code: str = TWICE, config: str = "max_batch_size: 8\n" + VECTOR) -> None:
    version = root / name / "1"
    version.mkdir(parents=True)
    (version / "model.py").write_text(code)
    if config:
        (root / name / "config.pbtxt").write_text(f'backend: "python"\n{config}')


def onnx(root: Path, name: str = "plus", config: str | None = None, versions: Sequence[int] = (1,)) -> None:
    for version in versions:
        write_onnx(root / name / str(version) / "model.onnx", weight=version)
    if config is not None:
        (root / name / "config.pbtxt").write_text(f'backend: "onnxruntime"\n{config}')


def ensemble(root: Path) -> None:
    python(root)
    onnx(root, config="max_batch_size: 8\n")
    (root / "both" / "1").mkdir(parents=True)
    (root / "both" / "config.pbtxt").write_text(STEPS + VECTOR)


def bls(root: Path) -> None:
    python(root)
    python(root, "caller", BLS)


def client_model(name: str) -> Callable[[Path], None]:
    def make(root: Path) -> None:
        shutil.copytree(CLIENT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))

    return make


def sample(root: Path) -> None:
    shutil.copytree(SAMPLE, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.png", "*.md"))


def with_config(code: str, more: str, *, name: str = "twice") -> Callable[[Path], None]:
    return lambda root: python(root, name, code, "max_batch_size: 8\n" + VECTOR + more)


@dataclass(frozen=True)
class Run:
    """What is served, with which flags, and the requests sent to it."""

    make: Callable[[Path], object]
    infer: tuple[tuple[str, ...], ...] = ()
    flags: tuple[str, ...] = ()
    meanwhile: Callable[[Path, str], object] | None = None
    cpu: bool = False


def ask(model: str, *more: str) -> tuple[str, ...]:
    return ("infer", model, "--random", *more)


def touch(root: Path, _url: str) -> None:
    onnx(root, versions=(2,))
    time.sleep(4)


def load_and_unload(_root: Path, url: str) -> None:
    for command in (("load", "plus"), ("infer", "plus", "--random"), ("unload", "plus")):
        send(command, url)


EXPLICIT = ("--model-control-mode=explicit",)
IN_SEQUENCE = (
    ask("twice", "--sequence-id", "7", "--sequence-start"),
    ask("twice", "--sequence-id", "7", "--sequence-end"),
)

RUNS = {
    "onnx": Run(onnx, (ask("plus"),)),
    "onnx-configured": Run(lambda r: onnx(r, config="max_batch_size: 4\n"), (ask("plus"), ask("plus", "--grpc"))),
    "onnx-two-versions": Run(
        lambda r: onnx(r, config="version_policy: { all { } }\n", versions=(1, 2)),
        (ask("plus"),)
    ),
    "python": Run(python, (ask("twice"),)),
    "python-prints": Run(with_config(TALKATIVE, ""), (ask("twice"),)),
    "python-instances": Run(with_config(TWICE, "instance_group { count: 2 kind: KIND_CPU }\n"), (ask("twice"),)),
    "python-automatic": Run(lambda r: python(r, code=COMPLETES, config="parameters: {}\n"), (ask("twice"),)),
    "decoupled": Run(
        with_config(STREAM, "model_transaction_policy { decoupled: true }\n"), (ask("twice", "--grpc"),)
    ),
    "ensemble": Run(ensemble, (ask("both"),)),
    "sample-ensemble": Run(sample, (("infer", "digits", "--image", str(SAMPLE / "digit.png")),)),
    "bls": Run(bls, (ask("caller"),)),
    "sequence-oldest": Run(
        with_config(TWICE, SEQUENCE.format(how="oldest { max_candidate_sequences: 4 }")), IN_SEQUENCE
    ),
    "sequence-direct": Run(with_config(TWICE, SEQUENCE.format(how="direct { }")), IN_SEQUENCE),
    "dynamic-batching": Run(
        with_config(TWICE, "dynamic_batching { max_queue_delay_microseconds: 100 }\n"), (ask("twice",
            "--repeat", "20"),)
    ),
    "warm-up": Run(with_config(TWICE, WARMUP), (ask("twice"),)),
    "response-cache": Run(
        with_config(TWICE, "response_cache { enable: true }\n"), (ask("twice"), ask("twice")),
        flags=("--cache-config=local,size=1048576",),
    ),
    "cache-without-models": Run(python, flags=("--cache-config=local,size=1048576",)),
    "verbose": Run(ensemble, (ask("both"), ask("both", "--grpc")), flags=("--log-verbose=1",)),
    "very-verbose": Run(bls, (ask("caller"),), flags=("--log-verbose=3",)),
    "polling": Run(
        onnx, (ask("plus"),), flags=("--model-control-mode=poll", "--repository-poll-secs=1"), meanwhile=touch
    ),
    "explicit": Run(onnx, flags=EXPLICIT, meanwhile=load_and_unload),
    "explicit-ensemble": Run(ensemble, (ask("both"),), flags=(*EXPLICIT, "--load-model=both")),
    "iso-times": Run(ensemble, (ask("both"),), flags=("--log-format=ISO8601",)),
    "without-metrics": Run(python, (ask("twice"),), flags=("--allow-metrics=false",)),
    "cpu-metrics": Run(python, (ask("twice"),), flags=("--allow-cpu-metrics=true", "--metrics-interval-ms=200")),
    "metrics-of-latencies": Run(python, (ask("twice"),), flags=("--metrics-config=summary_latencies=true",)),
    "rate-limiter": Run(
        with_config(TWICE, 'instance_group { rate_limiter { resources { name: "R1" count: 1 } } }\n'), (ask("twice"),),
        flags=("--rate-limit=execution_count",),
    ),
    "strict-configuration": Run(python, (ask("twice"),), flags=("--disable-auto-complete-config",)),
    "namespaces": Run(python, (ask("twice"),), flags=("--model-namespacing=true",)),
    "tracing": Run(
        python,
        (ask("twice"),),
        flags=("--trace-config=triton,file=ROOT/trace.json", "--trace-config=rate=1",
               "--trace-config=level=TIMESTAMPS")
    ),
    "threads": Run(
        ensemble, (ask("both"),), flags=("--model-load-thread-count=1", "--http-thread-count=2",
            "--buffer-manager-thread-count=2")
    ),
    "bytes-and-optional-inputs": Run(client_model("echo"), (ask("echo", "--repeat", "2"),)),
    "without-models": Run(lambda r: None),
    "ended-under-load": Run(client_model("sleepy"), (("infer", "sleepy", "SECONDS=0.2", "--repeat", "3"),)),
    "on-cpu": Run(with_config(TWICE, "instance_group { kind: KIND_CPU }\n"), (ask("twice"),), cpu=True),
}  # fmt: skip


def log_of(run: Run, root: Path) -> str:
    """The whole log of the server, from its start to its end, with good requests between them."""
    repository = root / "models"
    repository.mkdir()
    run.make(repository)
    http, grpc, metrics = choose("127.0.0.1", 0, 0, 0)
    spec = ServerSpec(
        repository=repository,
        release="24.10",
        http_port=http,
        grpc_port=grpc,
        metrics_port=metrics,
        gpus="none" if run.cpu else "all",
        server_args=tuple(flag.replace("ROOT", str(root)) for flag in run.flags),
    )
    server = LocalRuntime().start(spec)
    try:
        wait_until_ready(server)
        for command in run.infer:
            send(command, f"127.0.0.1:{grpc if '--grpc' in command else http}")
        if run.meanwhile is not None:
            run.meanwhile(repository, f"127.0.0.1:{http}")
        time.sleep(0.3)
    finally:
        server.stop()
    return anonymous("".join(f"{line}\n" for line in server.log()), root)


def wait_until_ready(server: LocalServer) -> None:
    end = time.monotonic() + 90
    while not ready(server.endpoints):
        if server.exit_code is not None or time.monotonic() > end:
            raise AssertionError("\n".join(server.log()))
        time.sleep(0.05)


def send(command: Sequence[str], url: str) -> None:
    subprocess.run([*TK, *command, "--url", url], check=True, stdout=subprocess.DEVNULL)


def anonymous(text: str, root: Path) -> str:
    """The log without the paths of this machine."""
    text = text.replace(str(root), "/work").replace(str(cache_dir()), "/cache").replace(sys.prefix, "/venv")
    return re.sub(r"/(?:home|root)/[^\s'\"|]*", "/elsewhere", text)


def main() -> None:
    kept: dict[str, str] = {}
    if (asked := sys.argv[1:]) and PATH.exists():
        kept = json.loads(lzma.decompress(PATH.read_bytes()))
    for name, run in RUNS.items():
        if asked and name not in asked:
            continue
        with tempfile.TemporaryDirectory() as place:
            try:
                kept[name] = log_of(run, Path(place))
            except (AssertionError, subprocess.CalledProcessError) as error:
                print(f"{name}: {error}", flush=True)
                continue
        print(f"{name}: {len(kept[name].splitlines())} lines", flush=True)
    PATH.write_bytes(lzma.compress(json.dumps(kept, indent=0).encode(), preset=9))


if __name__ == "__main__":
    main()
