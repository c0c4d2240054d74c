"""A verdict on 20 models: from a real server, started to try them, against ``tk validate``.

Half are ONNX models, half Python models; one is refused. The server is the embedded one, started by hand; its verdict
is there when its repository index names the state of every model. Both say the same of each model, or there is nothing
to compare.

    python benchmarks/validate_against_server.py [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from common import TK, command, environment, in_turns, ratio, show, verdict
from repositories import model, onnx_bytes

from triton_kit.runtime import ports
from triton_kit.runtime.embedded.binaries import RELEASE, server_home
from triton_kit.runtime.local import LocalRuntime
from triton_kit.runtime.session import running
from triton_kit.runtime.types import ServerSpec

BAR = 80.0
MODELS = 20
PYTHON = """import triton_python_backend_utils as utils


class TritonPythonModel:
    def execute(self, requests):
        tensors = [utils.get_input_tensor_by_name(request, "x").as_numpy() for request in requests]
        return [utils.InferenceResponse([utils.Tensor("y", tensor)]) for tensor in tensors]
"""


def make(root: Path) -> None:
    """20 models, of which the last one has a batch size that no server takes."""
    for i in range(MODELS):
        folder = root / f"m{i:02}"
        (folder / "1").mkdir(parents=True)
        if i % 2:
            size = -1 if i == MODELS - 1 else 8
            tensors = (
                'input { name: "x" data_type: TYPE_FP32 dims: 4 }\noutput { name: "y" data_type: TYPE_FP32 dims: 4 }\n'
            )
            (folder / "config.pbtxt").write_text(f'backend: "python"\nmax_batch_size: {size}\n{tensors}')
            (folder / "1" / "model.py").write_text(PYTHON)
        else:
            made = model(i)
            text = made.config.replace(made.name, folder.name).replace("KIND_GPU", "KIND_CPU")
            (folder / "config.pbtxt").write_text(text.partition("optimization")[0])
            (folder / "1" / "model.onnx").write_bytes(onnx_bytes(made, 4))


def spec_of(repository: Path) -> ServerSpec:
    http, grpc, metrics = ports.choose("127.0.0.1", 0, 0, 0)
    return ServerSpec(repository=repository, release=RELEASE, http_port=http, grpc_port=grpc, metrics_port=metrics)


def ask_server(repository: Path) -> dict[str, bool]:
    """Start a server on the repository, and stop it when it has said of each model whether it is ready."""
    spec = spec_of(repository)
    runtime = LocalRuntime()
    models = sum(folder.is_dir() for folder in repository.iterdir())
    server = subprocess.Popen(
        runtime.argv(spec),
        env=runtime.environment(spec),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while server.poll() is None:
            try:
                request = urllib.request.Request(f"http://127.0.0.1:{spec.http_port}/v2/repository/index", data=b"{}")
                with urllib.request.urlopen(request, timeout=5) as answer:
                    states = {one["name"]: one.get("state") for one in json.load(answer)}
            except OSError:
                states = {}
            # A model whose configuration is refused has no state at all.
            if len(states) == models and not {"LOADING", "UNLOADING"} & set(states.values()):
                return {name: state == "READY" for name, state in states.items()}
            time.sleep(0.01)
        raise SystemExit("the server ended before its verdict")
    finally:
        # With its Python stubs, at once: to end in order takes time that is not part of the verdict.
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        for left in Path("/dev/shm").glob(f"tk_127.0.0.1_{spec.http_port}_*"):
            left.unlink(missing_ok=True)


def ask_tk(repository: Path) -> dict[str, bool]:
    said = subprocess.run(
        [*TK, "validate", "--format=json", str(repository)],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    found = json.loads(said.stdout)["diagnostics"]
    refused = {one["model"] for one in found if one["severity"] == "error"}
    return {f"m{i:02}": f"m{i:02}" not in refused for i in range(MODELS)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    server_home(print)
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder, "models")
        make(repository)
        with running(LocalRuntime(), spec_of(repository)):
            pass  # the files are read from the disk once, and the backend directory is made
        theirs, ours = ask_server(repository), ask_tk(repository)
        if theirs != ours:
            print("not the same verdict:", {name: theirs[name] for name in theirs if theirs[name] != ours.get(name)})
            return 1
        tasks = {
            "a real server, until its verdict": lambda: ask_server(repository),
            "tk validate": command([*TK, "validate", str(repository)], ok=(1,)),
        }
        times = in_turns(tasks, options.rounds)
    show(times)
    return 0 if verdict("the server over tk validate", ratio(times, *times), BAR, most=False) else 1


if __name__ == "__main__":
    sys.exit(main())
