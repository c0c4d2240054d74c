"""Rules about inputs and outputs that the server's core checks, whatever the backend."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.backends.facts import UNKNOWN
from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.linter.rule import rule
from triton_kit.model.completion import Tensor
from triton_kit.model.model import Model


def tensors(model: Model) -> Iterator[Tensor]:
    yield from model.inputs
    yield from model.outputs


def title(tensor: Tensor) -> str:
    return f"{tensor.kind} '{tensor.name}'" if tensor.name else f"{tensor.kind} {tensor.at[1]}"


def _completes_parts(model: Model) -> bool:
    """Whether the backend fills in single attributes of a tensor that is listed, or it is not known which runs it."""
    if not model.options.auto_complete or model.is_ensemble:
        return False
    if model.facts.completes_parts or model.detected.undeterminable:
        return True
    if not model.facts.is_code or (latest := model.latest) is None:
        return False
    from triton_kit.signature.python_source import completes

    return completes(model.python(latest))


def _unless_completed(model: Model) -> tuple[Severity | None, str]:
    """How a missing attribute counts: a backend that tk does not know may complete it by itself."""
    if model.options.auto_complete and model.backend and model.facts is UNKNOWN:
        return Severity.WARNING, f", which is refused if the backend '{model.backend}' does not complete it"
    return None, ""


@rule(Severity.ERROR)
def tensor_without_name(model: Model) -> Iterator[Problem]:
    """An input or output has no name.

    (core model_config_utils.cc:ValidateIOShape.)

    Server says:

        model input must specify 'name'
        model output must specify 'name'

    Bad:

        backend: "python"
        input { data_type: TYPE_FP32 dims: [ 4 ] }

    Good:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    for tensor in tensors(model):
        if not tensor.name:
            yield Problem(
                at=tensor.at, message=f"{tensor.kind} {tensor.at[1]} has no name", help="write the tensor's name"
            )


@rule(Severity.ERROR)
def tensor_without_type(model: Model) -> Iterator[Problem]:
    """An input or output has no data type.

    Absent and TYPE_INVALID are the same. A backend of one's own may complete it by itself: then it is a warning (core
    model_config_utils.cc:ValidateIOShape).

    Server says:

        must specify 'data_type'
        inconsistent data type: TYPE_INVALID

    Bad:

        backend: "python"
        input { name: "x" dims: [ 4 ] }

    Good:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    if _completes_parts(model):
        return
    severity, unless = _unless_completed(model)
    for tensor in tensors(model):
        if tensor.data_type == "TYPE_INVALID":
            yield Problem(
                at=(*tensor.at, "data_type"),
                message=f"{title(tensor)} has no data_type{unless}",
                help="write one, such as TYPE_FP32",
                severity=severity,
            )


@rule(Severity.ERROR)
def tensor_without_dims(model: Model) -> Iterator[Problem]:
    """An input or output has no dims.

    A scalar is written as dims [1] with an empty reshape. A backend of one's own may complete them by itself: then it
    is a warning (core model_config_utils.cc:ValidateIOShape).

    Server says:

        must specify 'dims'

    Bad:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 }

    Good:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    if _completes_parts(model):
        return
    severity, unless = _unless_completed(model)
    for tensor in tensors(model):
        if not tensor.dims:
            yield Problem(
                at=(*tensor.at, "dims"),
                message=f"{title(tensor)} has no dims{unless}",
                help="write its shape without the batch dimension, or [ 1 ] for a single value",
                severity=severity,
            )


@rule(Severity.ERROR)
def bad_dimension(model: Model) -> Iterator[Problem]:
    """A dimension is neither positive nor -1.

    (core model_config_utils.cc:ValidateIOShape.)

    Server says:

        dimension must be integer >= 1, or -1

    Bad:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ 0 ] }

    Good:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
    """
    for tensor in tensors(model):
        for i, dim in enumerate(tensor.dims):
            if dim < 1 and dim != -1:
                yield Problem(
                    at=(*tensor.at, "dims", i),
                    message=f"dimension {dim} of {title(tensor)} is neither positive nor -1",
                    help="write the size, or -1 for any size",
                )


@rule(Severity.WARNING)
def duplicate_tensor_name(model: Model) -> Iterator[Problem]:
    """Two inputs, or two outputs, have the same name.

    The model loads, and every request fails: the server expects as many inputs as are listed (core
    infer_request.cc:Normalize).

    Server says:

        expected … inputs but got … inputs

    Bad:

        backend: "python"
        input [ { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }, { name: "x" data_type: TYPE_FP32 dims: [ 4 ] } ]

    Good:

        backend: "python"
        input [ { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }, { name: "y" data_type: TYPE_FP32 dims: [ 4 ] } ]
    """
    for tensors in (model.inputs, model.outputs):
        first: dict[str, Tensor] = {}
        for tensor in tensors:
            if not tensor.name or first.setdefault(tensor.name, tensor) is tensor:
                continue
            there = model.document.source.locate((*first[tensor.name].at, "name"))
            yield Problem(
                at=(*tensor.at, "name"),
                message=f"a second {tensor.kind} is called '{tensor.name}'",
                help="give it a name of its own, or remove it",
                related=(Related(message="the first is here", file=model.at_file, span=there),),
            )


@rule(Severity.ERROR, about=("optional",))
def optional_unsupported(model: Model) -> Iterator[Problem]:
    """An input is optional where the backend knows no optional inputs.

    tensorrt, pytorch, openvino and tensorflow refuse it (backend backend_model.cc:ParseModelConfig).

    Server says:

        doesn't support optional input

    Bad:

        backend: "pytorch"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] optional: true }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }

    Good:

        backend: "pytorch"
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
    """
    for tensor in model.inputs:
        if tensor.optional and not model.facts.optional_inputs:
            yield Problem(
                at=(*tensor.at, "optional"),
                message=f"{title(tensor)} is optional, which the backend '{model.backend}' does not support",
                help="leave it out",
            )


@rule(Severity.WARNING)
def batch_dimension_in_dims(model: Model) -> Iterator[Problem]:
    """Dims seem to begin with the batch dimension, which max_batch_size adds already.

    With max_batch_size of 1 or more, dims are the shape of one item (core infer_request.cc:Normalize); for a Python or
    PyTorch model nothing notices at load, and requests fail.

    Server says:

        unexpected shape for input

    Bad:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1, 3, 8, 8 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ -1, 10 ] }

    Good:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 3, 8, 8 ] }
        output { name: "y" data_type: TYPE_FP32 dims: [ 10 ] }
    """
    size = model.config.max_batch_size
    if size < 1 or model.facts.dims_checked is not False or not model.inputs or not model.outputs:
        return
    # One tensor may well begin with a dimension of any size; all of them, with fixed ones behind, seldom do.
    if all(len(t.dims) > 1 and t.dims[0] == -1 and -1 not in t.dims[1:] for t in tensors(model)):
        yield Problem(
            at=("input", 0, "dims"),
            message=f"dims of every tensor begin with -1, beside the batch dimension of max_batch_size {size}",
            help="drop the first dimension where it is the batch",
        )
