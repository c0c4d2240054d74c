"""A Python model that computes on a real GPU: it answers rightly, and the server's metrics see the GPU at work.

On a machine with an NVIDIA GPU and torch with CUDA: the embedded server, a model of KIND_GPU that multiplies matrices
with torch on the device that the server gives it. Prints answers a second, the same work by torch alone in this process
as a reference, and the highest ``nv_gpu_utilization`` and ``nv_gpu_memory_used_bytes`` seen meanwhile. Elsewhere it
says so and ends with 0.

    python benchmarks/gpu_python_torch.py [--seconds 10] [--size 2048]
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np

from triton_kit.client import connect
from triton_kit.client.types import Inference
from triton_kit.runtime import ports, session
from triton_kit.runtime.embedded.binaries import RELEASE
from triton_kit.runtime.gpu.devices import look
from triton_kit.runtime.local import LocalRuntime
from triton_kit.runtime.types import ServerSpec

CONFIG = """\
backend: "python"
max_batch_size: 0
input [ { name: "X", data_type: TYPE_FP32, dims: [ -1, -1 ] } ]
output [ { name: "SUM", data_type: TYPE_FP32, dims: [ 1 ] } ]
instance_group [ { count: 1, kind: KIND_GPU, gpus: [ 0 ] } ]
"""

MODEL = """\
import torch
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        self.device = torch.device(f"cuda:{args['model_instance_device_id']}")

    def execute(self, requests):
        responses = []
        for request in requests:
            x = torch.from_numpy(pb_utils.get_input_tensor_by_name(request, "X").as_numpy()).to(self.device)
            for _ in range(20):
                y = x @ x
            total = y.sum().reshape(1).cpu().numpy()
            responses.append(pb_utils.InferenceResponse([pb_utils.Tensor("SUM", total)]))
        return responses
"""
REPEATS = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--size", type=int, default=2048)
    options = parser.parse_args()
    missing = lacks()
    if missing:
        print(f"skipped: {missing}")
        return 0
    with tempfile.TemporaryDirectory() as directory:
        repository = make(Path(directory))
        http, grpc, metrics = ports.choose("127.0.0.1", 0, 0, 0)
        spec = ServerSpec(
            repository=repository, release=RELEASE, http_port=http, grpc_port=grpc, metrics_port=metrics, gpus="all"
        )
        with session.running(LocalRuntime(progress=print), spec) as (server, snapshot):
            if not snapshot.ready:
                print(*(f"{model.name}: {model.reason}" for model in snapshot.failed), sep="\n")
                return 1
            return measure(server.endpoints.http, server.endpoints.metrics, options.seconds, options.size)


def lacks() -> str | None:
    """What this machine lacks, in words; ``None`` where it can be measured."""
    devices = look()
    if not devices.found:
        return f"no NVIDIA GPU ({devices.trouble})"
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed"
    import torch

    return None if torch.cuda.is_available() else "torch sees no CUDA device"


def make(repository: Path) -> Path:
    """The repository with its one model."""
    version = repository / "matrix" / "1"
    version.mkdir(parents=True)
    (version.parent / "config.pbtxt").write_text(CONFIG)
    (version / "model.py").write_text(MODEL)
    return repository


def measure(url: str, metrics: str, seconds: float, size: int) -> int:
    """Ask for ``seconds`` while another thread reads the metrics; 0 where answers and metrics are as they should be."""
    x = np.random.default_rng(7).standard_normal((size, size), dtype=np.float32)
    expected = float((x.astype(np.float64) @ x.astype(np.float64)).sum())
    seen: dict[str, float] = {}
    over = threading.Event()
    watcher = threading.Thread(target=watch, args=(metrics, seen, over))
    watcher.start()
    wrong = answers = 0
    try:
        with connect(url) as client:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                got = float(client.infer(Inference(model="matrix", inputs={"X": x})).outputs["SUM"][0])
                wrong += abs(got - expected) > 1e-3 * size * size
                answers += 1
    finally:
        over.set()
        watcher.join()
    alone = reference(x, seconds / 2)
    ratio = answers / seconds / alone
    print(f"{answers / seconds:.1f} answers/s from the server, {alone:.1f}/s by torch alone: {ratio:.2f} times")
    print(f"nv_gpu_utilization up to {seen.get('nv_gpu_utilization', 0):.2f}")
    print(f"nv_gpu_memory_used_bytes up to {seen.get('nv_gpu_memory_used_bytes', 0):.0f}")
    print(f"{wrong} of {answers} answers wrong")
    used = seen.get("nv_gpu_utilization", 0) > 0 and seen.get("nv_gpu_memory_used_bytes", 0) > 0
    return 0 if answers and not wrong and used else 1


def watch(url: str, seen: dict[str, float], over: threading.Event) -> None:
    """Keep the highest value of each GPU metric."""
    while not over.wait(0.5):
        with urllib.request.urlopen(url, timeout=5) as answer:
            for name, value in re.findall(r"^(nv_gpu_\w+)\{[^}]*\} ([\d.e+]+)$", answer.read().decode(), re.MULTILINE):
                seen[name] = max(seen.get(name, 0.0), float(value))


def reference(x: np.ndarray, seconds: float) -> float:
    """The same work a second by torch alone, on the same GPU."""
    import torch

    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        on_gpu = torch.from_numpy(x).to("cuda:0")
        for _ in range(REPEATS):
            y = on_gpu @ on_gpu
        y.sum().reshape(1).cpu()
        done += 1
    return done / seconds


if __name__ == "__main__":
    sys.exit(main())
