"""Which backend the server takes for a model, from the config and the files it finds.

core, model_config_utils.cc:AutoCompleteBackendFields, which runs with and without ``--disable-auto-complete-config``.
The names are those that are written in core: a backend that is new to tk is in none of them.
"""

from __future__ import annotations

from typing import NamedTuple

from triton_kit.repository.release_name import NEWEST, before

ENSEMBLE = "ensemble"
"""The platform of an ensemble, which core runs itself; ``tk`` calls its backend so too, and no server has one."""

PYTHON_RUNTIME = "model.py"
"""The runtime of a model that a backend in Python serves."""

MODEL_FILES = frozenset(
    ("model.savedmodel", "model.graphdef", "model.plan", "model.onnx", "model.xml", "model.pt", "model.py")
)
"""The names by which the server knows a model file."""


class Listing(NamedTuple):
    """The names in the one directory that detection looks into; ``directories`` are those that are directories."""

    names: frozenset[str] = frozenset()
    directories: frozenset[str] = frozenset()

    def has_file(self, name: str) -> bool:
        """Whether the name is there and is not a directory."""
        return name in self.names and name not in self.directories


NOTHING = Listing()
"""What a model without any sub-directory shows."""


class Detected(NamedTuple):
    """The three fields after completion; ``backend`` is empty where the server cannot tell or will refuse."""

    backend: str
    platform: str
    default_model_filename: str

    @property
    def undeterminable(self) -> bool:
        """Whether neither the configuration nor a file says anything."""
        return not (self.backend or self.platform or self.default_model_filename)

    @property
    def is_ensemble(self) -> bool:
        """Whether the server runs it as an ensemble."""
        return self.platform == ENSEMBLE


def detect_backend(
    *,
    model_name: str,
    backend: str,
    platform: str,
    filename: str,
    listing: Listing,
    runtime: str = "",
    release: str = NEWEST,
) -> Detected:
    """What the server makes of ``backend``, ``platform``, ``default_model_filename``, ``runtime`` (empty: not given).

    The first backend that fits, in the server's order: tensorflow, tensorrt, onnxruntime, openvino, pytorch, python,
    then the part of the model's name behind its first dot. Files count only where all three fields are empty.
    ``release`` is the container's.
    """
    seen = NOTHING if backend or platform or filename else listing
    tensorflow = _tensorflow(backend, platform, filename, listing)
    if tensorflow:
        return tensorflow
    if not backend:
        backend = _infer(platform, filename, seen, release)
    match backend:
        case "tensorrt":
            return _filled(backend, platform or "tensorrt_plan", filename or "model.plan")
        case "onnxruntime":
            return _filled(backend, platform or "onnxruntime_onnx", filename or "model.onnx")
        case "openvino":
            return _filled(backend, platform, filename or "model.xml")
        case "pytorch":
            return _pytorch(platform, filename, seen, runtime, release)
        case "python":
            return _filled(backend, platform, filename or "model.py")
    if not (backend or platform or filename) and "." in model_name:
        named = model_name.partition(".")[2]
        return _filled(named, "", f"model.{named}")
    return _filled(backend, platform, filename)


def _filled(backend: str, platform: str, filename: str) -> Detected:
    return Detected(backend=backend, platform=platform, default_model_filename=filename)


_TORCH_FILES = {"model.pt": "pytorch_libtorch", "model.pt2": "torch_aoti"}


def _pytorch(platform: str, filename: str, seen: Listing, runtime: str, release: str) -> Detected:
    """What is filled in for PyTorch, which each of these releases does in its own way.

    From 26.04 on a file name is filled in beside a platform that is, and beside ``torch_aoti``; 26.04 to 26.08 do so
    for the Python runtime as well (core pull request 484, server release notes of 2.73.0).
    """
    if before(release, "26.04"):
        kept = filename or runtime == PYTHON_RUNTIME
        return _filled("pytorch", platform or "pytorch_libtorch", filename if kept else "model.pt")
    if not platform:
        platform = next((name for file, name in _TORCH_FILES.items() if seen.has_file(file)), "")
    if not platform:
        spared = runtime == PYTHON_RUNTIME and not before(release, "26.09")
        return _filled("pytorch", "pytorch_libtorch", filename or ("" if spared else "model.pt"))
    return _filled("pytorch", platform, filename or ("model.pt2" if platform == "torch_aoti" else ""))


_TENSORFLOW_FILES = {"tensorflow_savedmodel": "model.savedmodel", "tensorflow_graphdef": "model.graphdef"}


def _tensorflow(backend: str, platform: str, filename: str, listing: Listing) -> Detected | None:
    if not platform and backend in {"", "tensorflow"}:
        if filename:
            platform = next((p for p, file in _TENSORFLOW_FILES.items() if file == filename), "")
        elif listing.has_file("model.graphdef"):
            platform = "tensorflow_graphdef"
        elif "model.savedmodel" in listing.directories:
            platform = "tensorflow_savedmodel"
    if platform not in _TENSORFLOW_FILES:
        return None
    return _filled(backend or "tensorflow", platform, filename or _TENSORFLOW_FILES[platform])


def _infer(platform: str, filename: str, seen: Listing, release: str) -> str:
    """The backend where the config names none; empty where nothing says which."""
    aoti = not before(release, "26.03")
    libtorch = {"pytorch_libtorch"}
    if aoti:
        libtorch.add("torch_aoti")
    if not before(release, "26.04"):
        libtorch.add("libtorch")
    if platform == "tensorrt_plan" or filename == "model.plan" or seen.has_file("model.plan"):
        return "tensorrt"
    if platform == "onnxruntime_onnx" or filename == "model.onnx" or "model.onnx" in seen.names:
        return "onnxruntime"
    if filename == "model.xml" or "model.xml" in seen.names:
        return "openvino"
    if platform in libtorch or filename == "model.pt" or seen.has_file("model.pt"):
        return "pytorch"
    if aoti and (filename == "model.pt2" or seen.has_file("model.pt2")):
        return "pytorch"
    if filename == "model.py" or "model.py" in seen.names:
        return "python"
    return ""
