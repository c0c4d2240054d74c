"""Rules about ``reshape``: the shape that the model gets against the one that clients send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import shape
from triton_kit.model.completion import Tensor
from triton_kit.model.model import Model


def _reshaped(model: Model) -> Iterator[tuple[Tensor, list[int]]]:
    for tensor in (*model.inputs, *model.outputs):
        if tensor.reshape is not None and tensor.dims:
            yield tensor, tensor.reshape


def _chunks(dims: Sequence[int]) -> list[int]:
    """The products of what is before, between and after the dimensions of any size."""
    products = [1]
    for dim in dims:
        if dim == -1:
            products.append(1)
        else:
            products[-1] *= dim
    return products


def _wrapped(number: int) -> int:
    """What 64 bits hold of a product: before 26.03 an overflow goes unnoticed."""
    return number % 2**64


@rule(Severity.ERROR)
def empty_reshape_without_batching(model: Model) -> Iterator[Problem]:
    """A reshape is empty while the model has no batch dimension.

    (core model_config_utils.cc:ValidateIOShape.)

    Server says:

        cannot have empty reshape for non-batching model

    Bad:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ 1 ] reshape { shape: [ ] } }

    Good:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 1 ] reshape { shape: [ ] } }
    """
    completed = model.completed_latest
    if completed is None or completed.max_batch_size:
        return
    for tensor, wanted in _reshaped(model):
        if not wanted:
            yield Problem(
                at=(*tensor.at, "reshape"),
                message=f"the reshape of '{tensor.name}' is empty, which only a batching model may have",
                help="write max_batch_size, or leave reshape out",
            )


@rule(Severity.ERROR)
def bad_reshape_dimension(model: Model) -> Iterator[Problem]:
    """A dimension of a reshape is neither positive nor -1.

    (core model_config_utils.cc:ValidateIOShape.)

    Server says:

        reshape dimensions must be integer >= 1, or -1

    Bad:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] reshape { shape: [ 0, 4 ] } }

    Good:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] reshape { shape: [ 1, 4 ] } }
    """
    for tensor, wanted in _reshaped(model):
        for i, dim in enumerate(wanted):
            if dim < 1 and dim != -1:
                yield Problem(
                    at=(*tensor.at, "reshape", "shape", i),
                    message=f"dimension {dim} of the reshape of '{tensor.name}' is neither positive nor -1",
                    help="write the size, or -1 for any size",
                )


@rule(Severity.ERROR)
def reshape_changes_size(model: Model) -> Iterator[Problem]:
    """Dims and reshape hold different numbers of elements.

    Dimensions of any size must be as many on both sides, with equal products of the fixed ones before, between and
    after them; an empty reshape goes with dims of one element (core model_config_utils.cc:ValidateIOShape).

    Server says:

        has different size for dims and reshape
        has different number of variable-size dimensions for dims and reshape

    Bad:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] reshape { shape: [ 2, 3 ] } }

    Good:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] reshape { shape: [ 2, 2 ] } }
    """
    for tensor, wanted in _reshaped(model):
        if any(d < 1 and d != -1 for d in (*tensor.dims, *wanted)):
            continue
        before, after = _chunks(tensor.dims), _chunks(wanted)
        if len(before) != len(after):
            difference = "have different numbers of variable dimensions"
        elif [_wrapped(n) for n in before] != [_wrapped(n) for n in after]:
            difference = "hold different numbers of elements"
        else:
            continue
        # With an overflow the old product wraps to 0, which an empty reshape accepts.
        if not wanted and len(before) == 1 and _wrapped(before[0]) == 0:
            continue
        yield Problem(
            at=(*tensor.at, "reshape"),
            message=f"dims {shape(tensor.dims)} and reshape {shape(wanted)} of '{tensor.name}' {difference}",
            help="make both hold the same elements, without the batch dimension",
        )


@rule(Severity.ERROR, since="26.03")
def element_count_overflow(model: Model) -> Iterator[Problem]:
    """The dims of a tensor that is reshaped make more elements than 64 bits can count.

    The product of the dims before the first variable one is checked (common model_config.cc:GetElementCount).

    Server says:

        exceeds maximum size of

    Bad:

        -- tk validate --release 26.03
        backend: "python"
        max_batch_size: 8
        input {
          name: "x" data_type: TYPE_FP32 dims: [ 4294967296, 4294967296 ]
          reshape { shape: [ 4294967296, 4294967296 ] }
        }

    Good:

        -- tk validate --release 26.03
        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4, 4 ] reshape { shape: [ 16 ] } }
    """
    for tensor in (*model.inputs, *model.outputs):
        if tensor.reshape is None:
            continue
        for field, sizes in (("dims", tensor.dims), ("reshape", tensor.reshape)):
            product = 1
            for size in sizes:
                if size < 0:
                    break
                product *= size
            if product >= 2**63:
                yield Problem(
                    at=(*tensor.at, field),
                    message=f"the sizes of '{tensor.name}' multiply to over 64 bits",
                    help="write the real ones",
                )
