"""The PyTorch backend: TorchScript archives, and AOT-Inductor ones since 26.03."""

from __future__ import annotations

from pathlib import Path

from triton_kit.backends.facts import Facts
from triton_kit.backends.generic import complete_as_is, first_bytes
from triton_kit.backends.types import Companion, Completion, FileKind
from triton_kit.repository.release_name import NEWEST
from triton_kit.signature import torchscript
from triton_kit.signature.types import Signature

name = "pytorch"
platforms = ("pytorch_libtorch", "torch_aoti")
default_file = "model.pt"
suffixes = (".pt", ".pts", ".pth", ".torchscript", ".pt2")
last_release: str = NEWEST
TYPES = frozenset(
    f"TYPE_{t}" for t in ("BOOL", "UINT8", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "STRING")
)
"""pytorch_backend, ConvertDataTypeToTorchType; not UINT16 to UINT64, not BF16."""
facts = Facts(
    completes="nothing",
    responses="one",
    states=True,
    batch_io=False,
    accelerators=False,
    optional_inputs=False,
    batch_checked=True,
    dims_checked=False,
    types=TYPES,
    integers=("INTER_OP_THREAD_COUNT", "INTRA_OP_THREAD_COUNT"),
    booleans=(
        "DISABLE_OPTIMIZED_EXECUTION",
        "INFERENCE_MODE",
        "DISABLE_CUDNN",
        "ENABLE_WEIGHT_SHARING",
        "ENABLE_CACHE_CLEANING",
        "ENABLE_TENSOR_FUSER",
        "ENABLE_JIT_EXECUTOR",
        "ENABLE_JIT_PROFILING",
    ),
    opens_file=True,
    python_stub=False,
    python_runtime=True,
    shipped=True,
    since=(("torch_aoti", "26.03"),),
)


def recognise(path: Path) -> FileKind | None:
    """A file named as PyTorch's are, or a zip archive that holds TorchScript."""
    suffix = path.suffix.lower()
    if suffix == ".pt2":
        return FileKind(platform="torch_aoti", default_file="model.pt2")
    if suffix in suffixes or (first_bytes(path, 4) == b"PK\x03\x04" and torchscript.is_script(path)):
        return FileKind(platform=platforms[0], default_file=default_file)
    return None


def read(path: Path) -> Signature | None:
    """Always ``None``: TorchScript keeps no types or shapes of its tensors.

    Raises ModelFileError for what is not an archive that the backend can load, such as saved weights.
    """
    torchscript.check(path)
    return None


def complete(signature: Signature, *, release: str = NEWEST) -> Completion:  # noqa: ARG001 - the Protocol's
    """The complete shapes as dims, without batching; the backend itself completes nothing."""
    return complete_as_is(signature, TYPES)


def companions(path: Path) -> tuple[Companion, ...]:  # noqa: ARG001 - the Protocol's
    """None: an archive is one file."""
    return ()
