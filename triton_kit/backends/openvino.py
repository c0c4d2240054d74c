"""The OpenVINO backend: an IR of .xml and .bin."""

from __future__ import annotations

from pathlib import Path

from triton_kit.backends.facts import Facts
from triton_kit.backends.generic import complete_as_is, first_bytes
from triton_kit.backends.types import Companion, Completion, FileKind
from triton_kit.repository.release_name import NEWEST
from triton_kit.repository.tensor import DATA_TYPES
from triton_kit.signature import openvino as ir
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.types import Signature

name = "openvino"
platforms: tuple[str, ...] = ()
default_file = "model.xml"
suffixes = (".xml",)
last_release: str = NEWEST
TYPES = frozenset(DATA_TYPES) - {"TYPE_FP64", "TYPE_BF16", "TYPE_STRING"}
"""openvino_backend, openvino_utils.cc."""
facts = Facts(
    completes_parts=True,
    responses="one",
    states=False,
    batch_io=False,
    accelerators=False,
    optional_inputs=False,
    batch_checked=True,
    types=TYPES,
    kinds=("KIND_CPU", "KIND_AUTO"),
    default_kind="KIND_CPU",
    opens_file=True,
    python_stub=False,
    shipped=True,
)


def recognise(path: Path) -> FileKind | None:
    """An .xml file whose first element is ``net``."""
    if path.suffix.lower() != ".xml":
        return None
    head = first_bytes(path)
    return FileKind(platform="", default_file=default_file) if not head or b"<net" in head else None


def read(path: Path) -> Signature | None:
    """The parameters and results of the IR. Raises ModelFileError."""
    return ir.read(path)


def complete(signature: Signature, *, release: str = NEWEST) -> Completion:  # noqa: ARG001 - the Protocol's
    """The complete shapes as dims, without batching: a batch dimension shows only in a layout, which an IR may lack."""
    return complete_as_is(signature, TYPES)


def companions(path: Path) -> tuple[Companion, ...]:
    """The weights: the .bin file of the same name, ``model.bin`` beside ``model.xml``. Raises ModelFileError."""
    weights = path.with_suffix(".bin")
    if not weights.is_file():
        raise ModelFileError(
            path, f"has no {weights.name} beside it", reason="missing", hint="put the weights of the IR beside the .xml"
        )
    return (Companion(source=weights, target="model.bin"),)
