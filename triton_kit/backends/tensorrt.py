"""The TensorRT backend: a plan is bound to its GPU and its release, and says nothing without them."""

from __future__ import annotations

from pathlib import Path

from triton_kit.backends.facts import Facts
from triton_kit.backends.generic import complete_as_is, first_bytes
from triton_kit.backends.types import Companion, Completion, FileKind
from triton_kit.repository.release_name import NEWEST, before
from triton_kit.signature.files import require_kind
from triton_kit.signature.types import Signature

name = "tensorrt"
platforms = ("tensorrt_plan",)
default_file = "model.plan"
suffixes = (".plan", ".engine", ".trt")
last_release: str = NEWEST
facts = Facts(
    completes_parts=True,
    responses="one",
    states=True,
    batch_io=True,
    accelerators=False,
    optional_inputs=False,
    batch_checked=True,
    kinds=("KIND_GPU", "KIND_AUTO"),
    opens_file=True,
    python_stub=False,
)

_TYPES = frozenset({"TYPE_FP32", "TYPE_FP16", "TYPE_INT8", "TYPE_UINT8", "TYPE_INT32", "TYPE_BOOL"})


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
    """The complete shapes as dims, without batching; types as the release has them.

    BF16 since 24.06, INT64 since 24.05 (tensorrt_backend, tensorrt_utils.cc).
    """
    types = _TYPES
    if not before(release, "24.05"):
        types |= {"TYPE_INT64"}
    if not before(release, "24.06"):
        types |= {"TYPE_BF16"}
    return complete_as_is(signature, types)


def companions(path: Path) -> tuple[Companion, ...]:  # noqa: ARG001 - the Protocol's
    """None: a plan is one file."""
    return ()
