"""Rules about the formats of inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.rules.tensors import tensors, title
from triton_kit.linter.wording import shape
from triton_kit.model.model import Model


@rule(Severity.ERROR, about=("format",))
def format_without_three_dims(model: Model) -> Iterator[Problem]:
    """An image format is given for an input that has not exactly three dims.

    The batch dimension is not counted (core model_config_utils.cc:ValidateModelInput).

    Server says:

        model input NHWC/NCHW require 3 dims

    Bad:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 format: FORMAT_NCHW dims: [ 1, 3, 8, 8 ] }

    Good:

        backend: "python"
        input { name: "x" data_type: TYPE_FP32 format: FORMAT_NCHW dims: [ 3, 8, 8 ] }
    """
    for tensor, written in zip(model.inputs, model.config.input, strict=True):
        if written.format in ("FORMAT_NCHW", "FORMAT_NHWC") and tensor.dims and len(tensor.dims) != 3:
            yield Problem(
                at=(*tensor.at, "format"),
                message=f"{written.format} needs three dims, and {title(tensor)} has {shape(tensor.dims)}",
                help="leave the format out, or write dims without the batch",
            )


@rule(Severity.ERROR, about=("is_shape_tensor", "is_non_linear_format_io"))
def tensorrt_flag_elsewhere(model: Model) -> Iterator[Problem]:
    """A flag that only TensorRT models may set is set.

    `is_shape_tensor` and `is_non_linear_format_io` need the platform tensorrt_plan (core
    model_config_utils.cc:ValidateModelInput).

    Server says:

        shape tensors are only supported for TensorRT platform
        Non-linear IO format is only supported for the TensorRT platform

    Bad:

        backend: "python"
        input { name: "x" data_type: TYPE_INT32 dims: [ 4 ] is_shape_tensor: true }

    Good:

        backend: "python"
        input { name: "x" data_type: TYPE_INT32 dims: [ 4 ] }
    """
    if model.platform == "tensorrt_plan" or model.detected.undeterminable:
        return
    for tensor in tensors(model):
        for field in ("is_shape_tensor", "is_non_linear_format_io"):
            if getattr(tensor.message, field):
                yield Problem(
                    at=(*tensor.at, field),
                    message=f"{field} is for TensorRT models only",
                    help="leave it out",
                )


@rule(Severity.ERROR, about=("is_non_linear_format_io",))
def non_linear_without_three_dims(model: Model) -> Iterator[Problem]:
    """A tensor of non-linear format has not exactly three dims.

    (core model_config_utils.cc:ValidateNonLinearFormatIO.)

    Server says:

        Non-linear IO format input requires 3 dims
        Non-linear IO format output requires 3 dims

    Bad:

        platform: "tensorrt_plan"
        input { name: "x" data_type: TYPE_INT8 dims: [ 4 ] is_non_linear_format_io: true }

    Good:

        platform: "tensorrt_plan"
        input { name: "x" data_type: TYPE_INT8 dims: [ 3, 8, 8 ] is_non_linear_format_io: true }
    """
    for tensor in tensors(model):
        written = tensor.message
        if written and written.is_non_linear_format_io and tensor.dims and len(tensor.dims) != 3:
            yield Problem(
                at=(*tensor.at, "dims"),
                message=f"a non-linear format needs three dims, and {title(tensor)} has {shape(tensor.dims)}",
                help="write dims without the batch, or leave is_non_linear_format_io out",
            )
