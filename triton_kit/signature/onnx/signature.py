"""What an ONNX file says of its inputs and outputs, read without its weights."""

from __future__ import annotations

import os
from pathlib import Path

from triton_kit.repository.tensor import TensorSpec
from triton_kit.signature.errors import ModelFileError
from triton_kit.signature.external_data import confine
from triton_kit.signature.files import explain, lfs_pointer, name_kind, open_model
from triton_kit.signature.onnx.model import ExternalData, ForeignIO, OnnxModel
from triton_kit.signature.onnx.walk import MODEL_TAGS, Walk
from triton_kit.signature.types import Signature
from triton_kit.signature.wire import Wire, WireError
from triton_kit.value import replace

__all__ = ["ExternalData", "ForeignIO", "ModelFileError", "OnnxModel", "infer_missing", "read", "session_outputs"]


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
        model = walk.result()
        if checked and walk.graphs == 1:
            from triton_kit.signature.onnx.graph import find_faults

            known = {**walk.initializers, **{io.name: io.value() for io in walk.inputs}}
            outputs = {io.name: io.value() for io in walk.outputs}
            inputs = [io.name for io in walk.inputs]
            found = find_faults(walk.wire, walk.nodes, known, outputs, walk.opsets, walk.functions, inputs)
            if any(found):
                model = replace(model, faults=found.words, contradicted=found.contradicted, kinds=found.kinds)
    except OSError as error:
        raise explain(path, error) from None
    finally:
        os.close(fd)
    if confined and model.external_data:
        confine(path, (data.location for data in model.external_data))
    return model


def infer_missing(path: str | Path, model: OnnxModel) -> OnnxModel:
    """The model with shapes and types inferred for outputs that the file leaves without, or declares as they are not.

    Only then is the onnx package loaded; weights over a kilobyte are left out of the inference. A file over 512 MB, or
    one that the inference refuses, is given back as it was.
    """
    untyped = {io.name for io in model.foreign_io if io.is_output and io.kind == "untyped"}
    wanted = untyped | {t.name for t in model.signature.outputs if t.dtype and t.shape is None} | model.contradicted
    if not wanted:
        return model
    from triton_kit.signature.onnx.inference import infer_outputs, merge_shapes

    found = infer_outputs(Path(path), wanted)
    outputs = tuple(
        replace(t, shape=merge_shapes(t.shape, found[t.name].shape))
        if t.name in model.contradicted and t.name in found
        else found.get(t.name, t)
        for t in model.signature.outputs
    )
    solved = {t.name for t in found.values() if t.dtype}
    return replace(
        model,
        signature=Signature(inputs=model.signature.inputs, outputs=outputs),
        foreign_io=tuple(io for io in model.foreign_io if io.name not in untyped & solved or not io.is_output),
    )


def session_outputs(path: Path, model: OnnxModel) -> tuple[TensorSpec, ...]:
    """The outputs as an ONNX Runtime session reports them: what the file declares, merged with what is inferred.

    It loads the onnx package, so ask only where the answer matters: before a declared output's shape is called wrong.
    Those that ``infer_missing`` merged before, ``model.contradicted``, stay as they are.
    """
    from triton_kit.signature.onnx.inference import infer_outputs, merge_shapes

    found = infer_outputs(path, {t.name for t in model.signature.outputs} - model.contradicted)
    return tuple(
        replace(t, dtype=t.dtype or inferred.dtype, shape=merge_shapes(t.shape, inferred.shape))
        if (inferred := found.get(t.name))
        else t
        for t in model.signature.outputs
    )


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
