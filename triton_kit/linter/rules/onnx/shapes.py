"""Rules that compare dims and max_batch_size with the shapes of an ONNX model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.fix.edits import set_numbers
from triton_kit.linter.problems import once
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.onnx.file import model_path, signatures
from triton_kit.linter.rules.onnx.tensors import pairs, versions
from triton_kit.linter.wording import shape
from triton_kit.model.completion import Completed, Tensor
from triton_kit.model.model import Model

if TYPE_CHECKING:
    from triton_kit.repository.tensor import TensorSpec


@rule(Severity.ERROR, backend="onnxruntime")
def onnx_not_batchable(model: Model) -> Iterator[Problem]:
    """max_batch_size is given, and some input or output of the model has no dimension for the batch.

    While the server completes a configuration, each one must begin with a dimension of any size, named in the
    configuration or not (onnxruntime onnxruntime.cc:AutoCompleteMaxBatch).

    Server says:

        model does not support batching while non-zero max_batch_size

    Bad:

        max_batch_size: 8
        -- 1/model.onnx x FP32 [1, 4] -> y FP32 [1, 4]

    Good:

        max_batch_size: 0
        -- 1/model.onnx x FP32 [1, 4] -> y FP32 [1, 4]
    """
    from triton_kit.backends.onnxruntime import is_batchable, session_dims

    size = model.config.max_batch_size
    if size <= 0:
        return
    for _, onnx, completed in versions(model):
        if not completed.skipped and not is_batchable(onnx.signature):
            fixed = [
                f"'{t.name}' {shape(session_dims(t.shape))}"
                for t in (*onnx.signature.inputs, *onnx.signature.outputs)
                if session_dims(t.shape)[:1] != (-1,)
            ]
            yield Problem(
                at=("max_batch_size",),
                message=f"max_batch_size is {size}, and the model has a fixed first dimension in {', '.join(fixed)}",
                help="write max_batch_size: 0, or export the model with a dynamic first axis everywhere",
            )
            return


@rule(Severity.ERROR, backend="onnxruntime")
def onnx_dims(model: Model) -> Iterator[Problem]:
    """A tensor's dims are not those of the model.

    With max_batch_size of 1 or more the batch comes before dims, and the model must begin with a dimension of any size.
    An input's -1 does not stand for a fixed size of the model; an output must be equal both ways. Where there is a
    reshape, that is compared (onnxruntime onnxruntime_utils.cc:CompareDimsSupported).

    Server says:

        the model expects … but the model configuration specifies
        first dimension must be -1
        should only provide 1 in the model configuration
        for ragged input
        dimension must be integer >= 1, or -1

    Bad:

        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 3 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]

    Good:

        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    yield from once(_dims(model))


def _dims(model: Model) -> Iterator[Problem]:
    from triton_kit.backends.onnxruntime import compare_dims, session_dims

    wrong_ones: list[tuple[Tensor, tuple[int, ...], Completed, str]] = []
    merged: dict[int, dict[str, TensorSpec]] = {}
    scattered = {target for entry in model.config.batch_output for target in entry.target_name}
    for version, tensor, spec, completed in pairs(model):
        if not tensor.written:
            if any(d == 0 for d in tensor.dims):
                yield Problem(
                    message=f"the {tensor.kind} '{tensor.name}' of the model has a dimension of 0",
                    help="export the model with the dimension's size",
                    file=Path(model_path(model, version)),
                )
            continue
        if not tensor.dims or (tensor.kind == "output" and tensor.name in scattered):
            continue
        if any(d < 1 and d != -1 for d in tensor.shape):
            continue
        if tensor.ragged:
            yield from _ragged_problem(tensor, session_dims(spec.shape))
            continue
        batching = completed.max_batch_size > 0
        exact = tensor.kind == "output"
        wrong = compare_dims(tensor.shape, spec.shape, batching=batching, exact=exact)
        if wrong and exact:
            # The session may know more than the file declares: asked only before something is called wrong.
            if version not in merged:
                merged[version] = _session_outputs(model, version)
            spec = merged[version].get(tensor.name, spec)
            wrong = compare_dims(tensor.shape, spec.shape, batching=batching, exact=exact)
        if wrong and not (wrong == "first-dim" and not completed.skipped and model.config.max_batch_size > 0):
            wrong_ones.append((tensor, session_dims(spec.shape), completed, wrong))
    yield from _dims_problems(model, wrong_ones)


def _ragged_problem(tensor: Tensor, real: tuple[int, ...]) -> Iterator[Problem]:
    if real != (-1,):
        yield Problem(
            at=(*tensor.at, "allow_ragged_batch"),
            message=f"the ragged input '{tensor.name}' is {shape(real)} in the model, not [-1]",
            help="leave allow_ragged_batch out, or export the model with that input of one dimension",
        )


def _dims_problems(model: Model, wrong_ones: list[tuple[Tensor, tuple[int, ...], Completed, str]]) -> Iterator[Problem]:
    """A problem for each tensor; a single one where it is max_batch_size that does not fit them all."""
    fixed = [(t, real) for t, real, _, wrong in wrong_ones if wrong == "first-dim"]
    if fixed:
        shapes = dict.fromkeys(f"'{t.name}' {shape(real)}" for t, real in fixed)
        yield Problem(
            at=("max_batch_size",),
            message=f"max_batch_size is {wrong_ones[0][2].max_batch_size}, and the model has no dimension for the batch"
            f" in {', '.join(shapes)}",
            help="write max_batch_size: 0 and complete shapes, or export the model with a dynamic first axis",
        )
    lacks_batch = len(wrong_ones) > 1 and all(
        not c.max_batch_size and wrong == "rank" and real[:1] == (-1,) and len(t.shape) == len(real) - 1
        for t, real, c, wrong in wrong_ones
    )
    if lacks_batch:
        shapes = dict.fromkeys(f"'{t.name}' {shape(real)}" for t, real, _, _ in wrong_ones)
        given = "0" if model.config.has("max_batch_size") else "not given"
        yield Problem(
            at=("max_batch_size",),
            message=f"max_batch_size is {given}, and dims leave out the batch dimension that the model has in"
            f" {', '.join(shapes)}",
            help="write the largest batch as max_batch_size, or complete shapes",
        )
        return
    for tensor, real, completed, wrong in wrong_ones:
        if wrong != "first-dim":
            yield _dims_problem(tensor, real, completed, wrong)


def _session_outputs(model: Model, version: int) -> dict[str, TensorSpec]:
    from triton_kit.signature.onnx.signature import session_outputs

    found = session_outputs(Path(model_path(model, version)), model.signature(version), level=model.graph_level)
    return {t.name: t for t in found}


def _dims_problem(tensor: Tensor, real: Sequence[int], completed: Completed, wrong: str) -> Problem:
    field = "dims" if tensor.reshape is None else "reshape"
    at = (*tensor.at, field)
    size = completed.max_batch_size
    beginning = f"{tensor.kind} '{tensor.name}' is {shape(real)} in the model"
    if wrong == "scalar":
        return Problem(
            at=at,
            message=f"{beginning}, a single value or of unknown rank, not {shape(tensor.shape)}",
            help="write [ 1 ]",
        )
    rest = list(real[1:]) if size else list(real)
    behind = f", so {shape(rest)} behind the batch of max_batch_size {size}" if size else ""
    if size and list(tensor.shape) == list(real):
        help_ = f"write {shape(rest)}: max_batch_size {size} adds the batch dimension"
    elif list(tensor.shape) == list(real[1:]) and real[0] == -1:
        help_ = f"write max_batch_size, or the complete shape {shape(real)}"
        rest = []
    else:
        help_ = f"write {shape(rest)}"
    fix = set_numbers(at, rest) if field == "dims" and rest else None
    return Problem(at=at, message=f"{beginning}{behind}, not {shape(tensor.shape)}", help=help_, fix=fix)


@rule(Severity.NOTE, backend="onnxruntime")
def onnx_sizes_unknown(model: Model) -> Iterator[Problem]:
    """An output has sizes that the model's file does not give, so that only ONNX Runtime knows whether dims are right.

    The server compares dims with what a session reports, which fixes sizes that the file leaves open. Where nothing can
    be inferred, an ONNX Runtime that is installed beside tk is asked (onnxruntime onnxruntime.cc:ValidateOutputs).

    Bad:

        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ -1 ] }
        -- 1/model.onnx x FP32 [4] -> y FP32 [-1] opset 18 operator OptionalGetElement

    Good:

        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [4] -> y FP32 [4] opset 18 operator OptionalGetElement
    """
    yield from once(_unknown_sizes(model))


def _unknown_sizes(model: Model) -> Iterator[Problem]:
    if not any(onnx.signature.guessed for _, onnx in signatures(model)):
        return
    for version, tensor, spec, _ in pairs(model):
        if tensor.kind == "output" and tensor.name in model.signature(version).signature.guessed:
            yield Problem(
                at=(*tensor.at, "dims") if tensor.written else (),
                message=f"output '{tensor.name}' is {shape(_session_shape(spec))} by the model's file, and the server "
                "may know more of its sizes",
                help="install triton-kit[local], whose ONNX Runtime is then asked, or see with tk validate --load",
            )


def _session_shape(spec: TensorSpec) -> tuple[int, ...]:
    """The shape as the session reports it."""
    from triton_kit.backends.onnxruntime import session_dims

    return session_dims(spec.shape)


@rule(Severity.WARNING, backend="onnxruntime")
def onnx_batching_unused(model: Model) -> Iterator[Problem]:
    """The model could batch, and its configuration does not let it.

    With inputs and outputs listed the server completes nothing, so an omitted max_batch_size stays 0 (onnxruntime
    onnxruntime.cc:AutoCompleteConfig).

    Server says:

        inputs and outputs already specified

    Bad:

        input { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ -1, 4 ] }
        dynamic_batching { }
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]

    Good:

        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        dynamic_batching { }
        -- 1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    from triton_kit.backends.onnxruntime import is_batchable

    if not model.config.has("dynamic_batching") or model.config.max_batch_size:
        return
    for _, onnx, completed in versions(model):
        if completed.max_batch_size == 0 and is_batchable(onnx.signature):
            yield Problem(
                at=("input",),
                key=True,
                message="the model can batch, and max_batch_size is not given, so it stays 0",
                help="write max_batch_size, and dims without the first dimension",
            )
        return
