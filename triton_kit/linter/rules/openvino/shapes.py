"""Rules that compare the dims of a configuration with the shapes of an OpenVINO IR."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.problems import once
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.openvino.tensors import ir_models
from triton_kit.linter.wording import shape
from triton_kit.model.completion import Tensor
from triton_kit.model.model import Model
from triton_kit.model.model_file import parameter
from triton_kit.repository.tensor import dims

if TYPE_CHECKING:
    from triton_kit.signature.openvino import IrModel, IrTensor


@rule(Severity.ERROR, backend="openvino")
def openvino_dims(model: Model) -> Iterator[Problem]:
    """The dims of an input or output do not agree with the OpenVINO model.

    The rank must be the model's, with the batch dimension where max_batch_size is over 0. A dimension that is fixed in
    the model must be the same; with batching an input may have -1 there. Of an output the batch dimension is compared
    as well: once the inputs have a batch of max_batch_size, it must be just that, so that a model with a fixed first
    dimension of another meaning takes no max_batch_size. The parameter RESHAPE_IO_LAYERS switches the comparison off
    for inputs (openvino openvino.cc:ValidateOutputs, openvino_utils.cc:CompareDimsSupported).

    Server says:

        the model expects … but the model configuration specifies

    Bad:

        backend: "openvino"
        input { name: "x" data_type: TYPE_FP32 dims: [ -1, 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        -- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]

    Good:

        backend: "openvino"
        input { name: "x" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 1, 4 ] }
        -- 1/model.xml x FP32 [1, 4] -> y FP32 [1, 4]
    """
    if parameter(model, "RESHAPE_IO_LAYERS").lower() != "yes":
        yield from once(_dims(model))


def _dims(model: Model) -> Iterator[Problem]:
    for _, ir in ir_models(model):
        batching = _is_batching(model, ir)
        if stray := _without_batch(model, ir):
            name, full = stray.spec.name, shape(dims(stray.spec.shape or ()))
            yield Problem(
                at=("max_batch_size",),
                message=f"max_batch_size is {model.config.max_batch_size}, and output '{name}', {full} in the model, "
                "does not begin with the batch",
                help=f"write max_batch_size: 0, and the complete shapes: {_complete_shapes(ir)}",
            )
            continue
        for tensors, there in ((model.inputs, ir.inputs), (model.outputs, ir.outputs)):
            by_name = {name: t for t in there for name in (t.spec.name, *t.names)}
            for tensor in tensors:
                found = by_name.get(tensor.name)
                if found and found.spec.shape is not None and not _agrees(tensor, found, batching):
                    expected = dims(found.spec.shape)[1 if batching else 0 :]
                    beside = " beside the batch dimension" if batching else ""
                    yield Problem(
                        at=(*tensor.at, "dims" if tensor.reshape is None else "reshape"),
                        message=f"{tensor.kind} '{tensor.name}' is {shape(tensor.shape)}, and the model has "
                        f"{shape(expected)}{beside}",
                        help=f"write dims: {shape(expected)}" if expected else "write max_batch_size: 0",
                    )


def _without_batch(model: Model, ir: IrModel) -> IrTensor | None:
    """The first listed output whose first dimension will not be max_batch_size, whatever the inputs' batch becomes.

    The backend gives all inputs that batch. What is fixed in the file, and not the inputs' own batch, is a constant or
    a multiple of the batch.
    """
    size = model.config.max_batch_size
    batches = {dims(t.spec.shape)[0] for t in ir.inputs if t.spec.shape}
    listed_names = {tensor.name for tensor in model.outputs}
    if size < 1 or any(t.spec.shape is None for t in ir.inputs):
        return None
    for output in ir.outputs:
        if output.spec.shape and not listed_names.isdisjoint((output.spec.name, *output.names)):
            first = dims(output.spec.shape)[0]
            if first not in (-1, size, *batches):
                return output
    return None


def _complete_shapes(ir: IrModel) -> str:
    return ", ".join(f"{t.spec.name} {shape(dims(t.spec.shape or ()))}" for t in (*ir.inputs, *ir.outputs))


def _is_batching(model: Model, ir: IrModel) -> bool:
    if model.config.max_batch_size > 0 or not model.options.auto_complete:
        return bool(model.config.max_batch_size > 0)
    return all(t.has_batch for t in (*ir.inputs, *ir.outputs))


def _agrees(tensor: Tensor, there: IrTensor, batching: bool) -> bool:
    expected = dims(there.spec.shape or ())
    if not tensor.dims and tensor.reshape is None:
        # No dims at all is the core's to say.
        return True
    if len(expected) != len(tensor.shape) + batching:
        return False
    for fixed, given in zip(expected[1 if batching else 0 :], tensor.shape, strict=True):
        loose = batching and tensor.kind == "input" and given == -1
        if fixed not in (-1, given) and not loose:
            return False
    return True
