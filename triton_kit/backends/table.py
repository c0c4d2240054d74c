"""The table of backends."""

from __future__ import annotations

from pathlib import Path

from triton_kit.backends import (
    custom,
    dali,
    ensemble,
    fil,
    onnxruntime,
    openvino,
    python,
    pytorch,
    tensorflow,
    tensorrt,
    tensorrtllm,
    vllm,
)
from triton_kit.backends.types import Backend

BACKENDS: dict[str, Backend] = {
    "onnxruntime": onnxruntime,
    "tensorrt": tensorrt,
    "pytorch": pytorch,
    "tensorflow": tensorflow,
    "openvino": openvino,
    "python": python,
    "dali": dali,
    "fil": fil,
    "vllm": vllm,
    "tensorrtllm": tensorrtllm,
    "custom": custom,
    "ensemble": ensemble,
}
"""Every backend that tk knows files and templates of, by the name in ``backend:``."""


def for_file(path: Path) -> Backend | None:
    """The backend that serves a model file or directory, by its name, else its first bytes; ``None`` for others."""
    return next((backend for backend in BACKENDS.values() if backend.recognise(path)), None)
