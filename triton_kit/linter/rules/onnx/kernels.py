"""Rules about what the release's ONNX Runtime has for the operators of a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.onnx.file import model_path, newest_opset, signatures
from triton_kit.model.devices import on_gpu
from triton_kit.model.model import Model

if TYPE_CHECKING:
    from triton_kit.signature.onnx.types import Kind

_MOST = 5
_TRAINING = "ai.onnx.preview.training"


@rule(Severity.ERROR, backend="onnxruntime")
def onnx_unknown_operator(model: Model) -> Iterator[Problem]:
    """An operator of the ONNX model is of a domain or a name that ONNX Runtime does not know.

    Operators of one's own need a library that registers them, named in model_operations; those for training are not in
    the ONNX Runtime that serves (onnxruntime onnxruntime.cc:LoadModel, ONNX Runtime model.cc:Model).

    Server says:

        is not a registered function/op

    Bad:

        backend: "onnxruntime"
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4] operator my:Op

    Good:

        backend: "onnxruntime"
        model_operations { op_library_filename: "ops/libmy.so" }
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4] operator my:Op
    """
    for version, kinds, at in _asked(model):
        if model.config.model_operations.op_library_filename:
            return
        from triton_kit.signature.onnx.kernels import domains, is_known, table

        runtime = f"ONNX Runtime {table().versions[at]}"
        unknown = [(kind, title) for kind, title in kinds if not is_known(kind, at)]
        for kind, title in unknown[:_MOST]:
            domain = kind[0]
            if domain not in domains():
                said = f"{title} is of the domain '{domain}', which {runtime} does not have"
            else:
                said = f"{title} is not an operator of {domain or 'ONNX'} in {runtime}"
            yield Problem(
                message=said,
                help="export the model for inference"
                if domain == _TRAINING
                else "name the library that has it in model_operations.op_library_filename",
                file=Path(model_path(model, version)),
            )


@rule(Severity.ERROR, backend="onnxruntime")
def onnx_no_kernel(model: Model) -> Iterator[Problem]:
    """ONNX Runtime has no implementation of an operator for the types that the ONNX model gives it.

    What ONNX defines, ONNX Runtime need not have: many operators lack small integers, 64-bit floats or BFLOAT16. What
    only CUDA has is refused where an instance runs on a CPU (onnxruntime onnxruntime.cc:LoadModel, ONNX Runtime
    session_state.cc, kernel_registry.cc).

    Server says:

        Could not find an implementation for
        Failed to find kernel for

    Bad:

        -- 1/model.onnx x INT16 [-1, 4] -> y INT16 [-1, 4] operator Max

    Good:

        -- 1/model.onnx x INT32 [-1, 4] -> y INT32 [-1, 4] operator Max
    """
    for version, kinds, at in _asked(model):
        config = model.config
        if config.model_operations.op_library_filename or config.optimization.has("execution_accelerators"):
            # Other providers take nodes of their own.
            return
        from triton_kit.signature.onnx.kernels import is_known, node

        found = 0
        for kind, title in kinds:
            asked = node(kind) if is_known(kind, at) else None
            if asked is None or asked.has_kernel(at):
                continue
            problem = _missing(model, version, kind, title, at)
            if problem is not None and found < _MOST:
                found += 1
                yield problem


def _asked(model: Model) -> Iterator[tuple[int, tuple[tuple[Kind, str], ...], int]]:
    """The versions of a model with what they ask of ONNX Runtime, and where that is in the table of kernels."""
    for version, onnx in signatures(model):
        if not onnx.kinds:
            continue
        from triton_kit.signature.onnx.kernels import table

        at = table().of_release(model.options.release)
        limit = newest_opset(model)
        if at is None or limit is None:
            return
        if not any(number > limit for domain, number in onnx.opsets if domain in ("", "ai.onnx")):
            yield version, onnx.kinds, at


def _missing(model: Model, version: int, kind: Kind, title: str, at: int) -> Problem | None:
    """What to say of a node without a kernel on CPUs; nothing where it runs on a GPU that has one."""
    from triton_kit.signature.onnx.kernels import has_cuda, table
    from triton_kit.signature.onnx.remedies import remedies
    from triton_kit.signature.onnx.types import element_name

    gpu = on_gpu(model)
    cuda = has_cuda(kind, at)
    if cuda and gpu:
        return None
    domain, opset, _, taken, made = kind
    types = dict.fromkeys(element_name(element) for element in (*taken, *made) if element)
    of = f"{domain} {opset}" if domain else f"opset {opset}"
    runtime = f"ONNX Runtime {table().versions[at]}"
    said = f"{title} has no implementation in {runtime}{' for ' if types else ''}{', '.join(types)} in {of}"
    help_ = " or ".join(remedies(kind, at, newest_opset(model) or 0)) or "replace the operator by others"
    if cuda and gpu is None:
        return Problem(
            message=f"{said}, if an instance runs on a CPU",
            help=f"serve it with GPUs, or {help_}",
            severity=Severity.WARNING,
            file=Path(model_path(model, version)),
        )
    return Problem(message=said, help=help_, file=Path(model_path(model, version)))
