"""A real Docker engine with the locally made image, for tests of what runs in containers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from conftest import skip_or_fail

IMAGE = os.environ.get("TK_TEST_IMAGE", "triton-kit/tritonserver:24.10-local")

MODEL_PY = """\
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        return [
            pb_utils.InferenceResponse([pb_utils.Tensor("Y", pb_utils.get_input_tensor_by_name(r, "X").as_numpy() * 2)])
            for r in requests
        ]
"""

CONFIG = """\
backend: "python"
max_batch_size: 0
input [ { name: "X", data_type: TYPE_FP32, dims: [ -1 ] } ]
output [ { name: "Y", data_type: TYPE_FP32, dims: [ -1 ] } ]
"""


def need_image() -> None:
    """Skip (or fail, where everything was promised) without an engine that answers and has the image."""
    try:
        done = subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, text=True, timeout=30)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        skip_or_fail("no Docker engine is installed, or it does not answer")
    if done.returncode != 0:
        skip_or_fail(f"Docker does not answer, or {IMAGE} is not there: scripts/make_triton_image.sh makes it")


def make_model(repository: Path, name: str = "doubler", *, code: str = MODEL_PY) -> Path:
    """A Python model that doubles its input."""
    version = repository / name / "1"
    version.mkdir(parents=True)
    (repository / name / "config.pbtxt").write_text(CONFIG)
    (version / "model.py").write_text(code)
    return repository


def containers(repository: Path) -> list[str]:
    """The containers, running or not, that tk started for that repository."""
    argv = ["docker", "ps", "-aq", "--filter", f"label=triton-kit.repository={repository.resolve()}"]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30).stdout.split()


def docker(*arguments: str) -> str:
    """Run docker and return what it says on stdout."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True, timeout=60).stdout.strip()
