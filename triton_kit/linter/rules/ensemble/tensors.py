"""Rules that compare an ensemble with the completed configurations of its composing models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import shape
from triton_kit.model.broken import Broken
from triton_kit.model.completion import Completed
from triton_kit.model.ensemble import steps_of
from triton_kit.model.model import Model
from triton_kit.repository.tensor import agree
from triton_kit.repository.text_format.source import Route

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelEnsembling

_STEPS = ("ensemble_scheduling", "step")


def completed_steps(model: Model) -> Iterator[tuple[int, ModelEnsembling.Step, Model, Completed]]:
    """The steps whose model will load, with its configuration as the server completes it."""
    for i, step, found in steps_of(model):
        if model.repository.ensembles.uses_itself(found) or not step.input_map or not step.output_map:
            continue
        try:
            if not found.versions or model.repository.refusal(found) is not None:
                continue
            completed = found.completed_latest
        except Broken:
            continue
        if completed is not None:
            yield i, step, found, completed


@rule(Severity.ERROR, platform="ensemble")
def ensemble_batch_too_large(model: Model) -> Iterator[Problem]:
    """An ensemble allows larger batches than one of its models.

    A composing model without batching is exempt (core ensemble_utils.cc:ValidateEnsembleConfig).

    Server says:

        allows maximum batch size

    Bad:

        platform: "ensemble"
        max_batch_size: 8
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a/config.pbtxt
        max_batch_size: 4
        -- ../a/1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]

    Good:

        platform: "ensemble"
        max_batch_size: 4
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a/config.pbtxt
        max_batch_size: 4
        -- ../a/1/model.onnx x FP32 [-1, 4] -> y FP32 [-1, 4]
    """
    size = model.config.max_batch_size
    for i, _, found, completed in completed_steps(model):
        if 1 <= completed.max_batch_size < size:
            yield Problem(
                at=("max_batch_size",),
                message=f"max_batch_size {size} is over that of '{found.name}' in step {i}, {completed.max_batch_size}",
                help=f"lower it to {completed.max_batch_size}, or raise that of '{found.name}'",
            )


class _Use(NamedTuple):
    """An ensemble tensor as one place has it."""

    at: Route
    where: str
    data_type: str | int
    dims: Sequence[int]
    batching: bool

    @property
    def full(self) -> list[int]:
        return [-1, *self.dims] if self.batching else list(self.dims)


def _uses(model: Model) -> Iterator[tuple[str, _Use]]:
    """Each ensemble tensor in the server's order: the ensemble's own, then step by step."""
    batching = model.config.max_batch_size > 0
    for tensor in (*model.inputs, *model.outputs):
        where = f"the ensemble's {tensor.kind}"
        yield tensor.name, _Use(tensor.at, where, tensor.data_type, tensor.shape, batching)
    for i, step, found, completed in completed_steps(model):
        for kind, tensors in (("input", completed.inputs), ("output", completed.outputs)):
            of_model = {t.name: t for t in reversed(tensors)}
            for key, value in getattr(step, f"{kind}_map").items():
                found_tensor = of_model.get(key)
                if found_tensor is None:
                    continue
                if completed.known or (found_tensor.dims and found_tensor.data_type != "TYPE_INVALID"):
                    at = (*_STEPS, i, f"{kind}_map", key)
                    where = f"the {kind} '{key}' of '{found.name}'"
                    batching = completed.max_batch_size > 0
                    yield value, _Use(at, where, found_tensor.data_type, found_tensor.dims, batching)


def _compared(model: Model) -> Iterator[tuple[str, _Use, _Use]]:
    first: dict[str, _Use] = {}
    for name, use in _uses(model):
        if first.setdefault(name, use) is not use and use.at[0] == _STEPS[0]:
            yield name, first[name], use


@rule(Severity.ERROR, platform="ensemble")
def ensemble_type_differs(model: Model) -> Iterator[Problem]:
    """An ensemble tensor has different data types in different places.

    Each place is compared with the first: the ensemble's inputs, its outputs, then its steps (core
    ensemble_utils.cc:ValidateTensorConsistency).

    Server says:

        inconsistent data type

    Bad:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_INT64 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a x FP32 [4] -> y FP32 [4]

    Good:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a x FP32 [4] -> y FP32 [4]
    """
    for name, first, use in _compared(model):
        if first.data_type != use.data_type and first.data_type != "TYPE_INVALID":
            yield Problem(
                at=use.at,
                message=f"'{name}' is {first.data_type} as {first.where} and {use.data_type} as {use.where}",
                help="make both the same",
            )


@rule(Severity.ERROR, platform="ensemble")
def ensemble_shape_differs(model: Model) -> Iterator[Problem]:
    """An ensemble tensor has different shapes in different places.

    Either dims agree, or the complete shapes do, with -1 for the batch where that place batches; -1 goes with any size.
    A composing model's reshape does not count (core ensemble_utils.cc:ValidateTensorConsistency).

    Server says:

        inconsistent shape

    Bad:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 3 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a x FP32 [4] -> y FP32 [4]

    Good:

        platform: "ensemble"
        input { name: "in" data_type: TYPE_FP32 dims: [ 4 ] }
        output { name: "out" data_type: TYPE_FP32 dims: [ 4 ] }
        ensemble_scheduling {
          step {
            model_name: "a" model_version: -1
            input_map { key: "x" value: "in" }
            output_map { key: "y" value: "out" }
          }
        }
        -- ../a x FP32 [4] -> y FP32 [4]
    """
    for name, first, use in _compared(model):
        if agree(first.dims, use.dims) or agree(first.full, use.full):
            continue
        batch = f" ({shape(first.full)} and {shape(use.full)} with the batch)" if first.batching or use.batching else ""
        yield Problem(
            at=use.at,
            message=f"'{name}' is {shape(first.dims)} as {first.where} and {shape(use.dims)} as {use.where}{batch}",
            help="make both the same, or -1 where a size may vary",
        )
