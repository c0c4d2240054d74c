"""What an ONNX file says of its inputs and outputs, read without its weights."""

from __future__ import annotations

import os
from collections.abc import Mapping, Set
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.repository.tensor import Dim, TensorSpec
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.external_data import confine
from triton_kit.signature.files import explain, lfs_pointer, name_kind, open_model
from triton_kit.signature.onnx.model import NO_FAULTS, ExternalData, ForeignIO, OnnxModel
from triton_kit.signature.onnx.walk import MODEL_TAGS, Walk
from triton_kit.signature.types import Signature
from triton_kit.signature.wire import Wire, WireError
from triton_kit.value import replace

if TYPE_CHECKING:
    from triton_kit.signature.onnx.asking import Sizes

__all__ = ["ExternalData", "ForeignIO", "ModelFileError", "OnnxModel", "infer_missing", "read", "session_outputs"]

UNOPTIMIZED = 2
"""The level of ``optimization { graph { level } }`` at which ONNX Runtime works nothing out (onnxruntime_backend)."""


def read(path: str | Path, *, confined: bool = True, checked: bool = False, regular: bool = False) -> OnnxModel:
    """Reads an ONNX file without loading its weights; takes milliseconds and one small buffer at any size.

    Raises ModelFileError, whose ``reason`` tells which: see there. A file with external data outside the directory
    of the model file (an absolute path, ``..``, or a link) is refused, unless ``confined`` is false: ONNX Runtime
    1.19 follows ``..``. ``checked`` looks at every node as well, for ``faults``. ``regular`` says that the
    caller has just seen a regular file there.
    """
    fd, size = open_model(path, regular=regular)
    try:
        walk = Walk(Wire(fd, size))
        try:
            walk.model()
        except WireError as error:
            raise _complaint(path, walk, error, os.pread(fd, 512, 0)) from None
        if not walk.graphs:
            raise _complaint(path, walk, None, os.pread(fd, 512, 0))
        found = NO_FAULTS
        if checked and walk.graphs == 1:
            from triton_kit.signature.onnx.graph import find_faults

            known = {**walk.initializers, **{io.name: io.value() for io in walk.inputs}}
            outputs = {io.name: io.value() for io in walk.outputs}
            inputs = [io.name for io in walk.inputs]
            found = find_faults(
                walk.wire, walk.nodes, known, outputs, walk.opsets, walk.functions, inputs, walk.misfits
            )
        model = walk.result(found)
    except OSError as error:
        raise explain(path, error) from None
    finally:
        os.close(fd)
    if confined and model.external_data:
        confine(path, (data.location for data in model.external_data))
    return model


def infer_missing(path: str | Path, model: OnnxModel, *, level: int = 0, always_ask: bool = False) -> OnnxModel:
    """The model with its outputs as an ONNX Runtime session reports them, where the file does not tell by itself.

    That is so for outputs that it leaves without shape or type, declares as they are not, or declares with sizes that
    no input has, or that are not an input's although they have its name: what ONNX Runtime infers may fix those. Only
    then are shapes inferred. Outputs of which nothing can
    be inferred are asked of ONNX Runtime, with ``always_ask`` all of those above, and where nobody knows, an output
    is in ``guessed``. ``level`` is the configuration's for the graph's optimization. A file over 512 MB, or one that
    the inference refuses, is given back as it was.
    """
    untyped = {io.name for io in model.foreign_io if io.is_output and io.kind == "untyped"}
    opened = _opened(model)
    wanted = untyped | model.contradicted | opened | model.doubtful
    if not wanted:
        return model
    from triton_kit.signature.onnx.asking import ask
    from triton_kit.signature.onnx.inference import infer_outputs

    found = infer_outputs(Path(path), folded=level != UNOPTIMIZED)
    unknown = {n for n in wanted - model.doubtful | opened if n not in found or found[n].shape is None}
    asked = ask(Path(path), level) if (always_ask or unknown) and _is_light(model) else None
    outputs = tuple(_reported(t, found, asked) if t.name in wanted else t for t in model.signature.outputs)
    solved = {t.name for t in found.values() if t.dtype}
    return replace(
        model,
        signature=Signature(
            inputs=model.signature.inputs,
            outputs=outputs,
            guessed=frozenset(t.name for t in outputs if t.name in unknown and not asked and _is_open(t, set())),
        ),
        foreign_io=tuple(io for io in model.foreign_io if io.name not in untyped & solved or not io.is_output),
    )


def session_outputs(path: Path, model: OnnxModel, *, level: int = 0) -> tuple[TensorSpec, ...]:
    """The outputs as an ONNX Runtime session reports them: what the file declares, merged with what is inferred.

    It loads the onnx package, so ask only where the answer matters: before a declared output's shape is called wrong.
    Those that ``infer_missing`` merged before, ``model.contradicted``, stay as they are.
    """
    from triton_kit.signature.onnx.asking import ask
    from triton_kit.signature.onnx.inference import infer_outputs

    found = infer_outputs(path, folded=level != UNOPTIMIZED)
    doubtful = _is_light(model) and any(_is_open(t, set()) for t in model.signature.outputs)
    asked = ask(path, level) if doubtful else None
    return tuple(t if t.name in model.contradicted else _reported(t, found, asked) for t in model.signature.outputs)


def _opened(model: OnnxModel) -> set[str]:
    """The outputs with a size that neither the file nor an input fixes, as far as anybody can know more of it."""
    lost = model.unforeseeable
    outputs = [t for t in model.signature.outputs if t.dtype and t.name not in lost and _is_open(t, frozenset())]
    if not outputs:
        return set()
    given = {dim for tensor in model.signature.inputs for dim in tensor.shape or () if isinstance(dim, str)}
    return {t.name for t in outputs if _is_open(t, given)}


def _is_open(output: TensorSpec, given: Set[str]) -> bool:
    """Whether an output has a size that is neither fixed nor one of those that the inputs have names for."""
    return output.shape is None or not all(isinstance(dim, int) or dim in given for dim in output.shape)


def _is_light(model: OnnxModel) -> bool:
    """Whether a session may open the model just to be asked: its weights in other files count."""
    from triton_kit.signature.onnx.inference import SIZE_LIMIT

    return sum(data.size or 0 for data in model.external_data) <= SIZE_LIMIT


def _reported(output: TensorSpec, inferred: Mapping[str, TensorSpec], asked: Sizes | None) -> TensorSpec:
    """An output as a session reports it, from its own answer where it was asked."""
    from triton_kit.signature.onnx.inference import merge_shapes

    found = inferred.get(output.name)
    shape = merge_shapes(output.shape, found.shape) if found else output.shape
    if asked and output.name in asked:
        sizes = asked[output.name]
        named = output.shape if output.shape and len(output.shape) == len(sizes) else (None,) * len(sizes)
        shape = tuple(size if size >= 0 else _name(dim) for size, dim in zip(sizes, named, strict=True))
    return replace(output, dtype=output.dtype or (found.dtype if found else None), shape=shape)


def _name(dim: Dim) -> Dim:
    return dim if isinstance(dim, str) else None


def _complaint(path: str | Path, walk: Walk, error: WireError | None, head: bytes) -> ModelFileError:
    """Why a file is not an ONNX model: another kind of file, cut short, or broken inside."""
    kind = None if walk.graphs else name_kind(head)
    if kind == "a git-lfs pointer":
        return lfs_pointer(path)
    if kind:
        return ModelFileError(path, f"is {kind}, not an ONNX model", reason="foreign")
    if not walk.seen:
        return ModelFileError(path, "is not an ONNX model", reason="foreign", hint="give a file that was saved as ONNX")
    size = walk.wire.size
    if error is None:
        return ModelFileError(
            path, f"has no graph in its {size} bytes: cut short, or not an ONNX model", reason="truncated"
        )
    if error.at == walk.done:
        if error.needed and (error.tag is None or error.tag in MODEL_TAGS):
            short = f", {error.needed - size:,} or more are missing" if error.needed > size + 1 else ""
            return ModelFileError(
                path,
                f"is truncated: it ends at byte {size:,}{short}",
                reason="truncated",
                hint="copy or download it again",
            )
        if walk.graphs:
            fault = f"has bytes behind the end of the model, from byte {error.at:,} on"
            return ModelFileError(path, fault, reason="trailing", hint="export it again, or cut it there")
    return ModelFileError(
        path, f"is broken at byte {error.at:,}: {error.message}", reason="malformed", hint="copy or export it again"
    )
