"""The TensorRT backend: a plan is bound to its GPU and its release, and says nothing without them."""

from __future__ import annotations

from pathlib import Path

from triton_kit.backends.facts import Facts
from triton_kit.backends.generic import complete_as_is, first_bytes
from triton_kit.backends.types import Companion, Completion, FileKind
from triton_kit.repository.release_name import NEWEST
from triton_kit.signature.files import require_kind
from triton_kit.signature.types import Signature

name = "tensorrt"
platforms = ("tensorrt_plan",)
default_file = "model.plan"
suffixes = (".plan", ".engine", ".trt")
last_release: str = NEWEST
TYPES = frozenset(f"TYPE_{t}" for t in ("FP32", "FP16", "INT8", "UINT8", "INT32", "BOOL", "INT64", "BF16"))
"""tensorrt_backend, tensorrt_utils.cc; ``since`` says which are newer."""
facts = Facts(
    completes_parts=True,
    responses="one",
    states=True,
    batch_io=True,
    accelerators=False,
    optional_inputs=False,
    batch_checked=True,
    types=TYPES,
    kinds=("KIND_GPU", "KIND_AUTO", "KIND_MODEL"),
    cuda=True,
    opens_file=True,
    python_stub=False,
    shipped=True,
    since=(("TYPE_INT64", "24.05"), ("TYPE_BF16", "24.06"), ("KIND_MODEL", "26.06")),
)


def recognise(path: Path) -> FileKind | None:
    """A .plan, .engine or .trt file, or one that starts as a plan does."""
    if path.suffix.lower() in suffixes or first_bytes(path, 4) in {b"ptrt", b"ftrt"}:
        return FileKind(platform=platforms[0], default_file=default_file)
    return None


def read(path: Path) -> Signature | None:
    """Always ``None``: only the TensorRT that made an engine can read it. Raises ModelFileError for other files."""
    require_kind(path, "a TensorRT plan", ())
    return None


def complete(signature: Signature, *, release: str = NEWEST) -> Completion:
    """The complete shapes as dims, without batching; types as the release has them."""
    return complete_as_is(signature, frozenset(facts.in_release(TYPES, release)))


def companions(path: Path) -> tuple[Companion, ...]:  # noqa: ARG001 - the Protocol's
    """None: a plan is one file."""
    return ()
