"""Rules about ``batch_input``, and about what ``batch_output`` has in common with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import nearest
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Route

if TYPE_CHECKING:
    from triton_kit.repository.model_config import BatchInput, BatchOutput


def _entries(model: Model) -> Iterator[tuple[Route, BatchInput | BatchOutput]]:
    yield from ((("batch_input", i), entry) for i, entry in enumerate(model.config.batch_input))
    yield from ((("batch_output", i), entry) for i, entry in enumerate(model.config.batch_output))


def known_names(model: Model, kind: str) -> list[str] | None:
    """The names of the completed inputs or outputs, or ``None`` where completion cannot be foreseen."""
    completed = model.completed_latest
    if completed is None:
        return None
    found = completed.inputs if kind == "input" else completed.outputs
    return [t.name for t in found] if completed.known else None


@rule(Severity.ERROR)
def batch_io_source_count(model: Model) -> Iterator[Problem]:
    """A batch input or output has not exactly one source.

    (core model_config_utils.cc:ValidateBatchIO.)

    Server says:

        expects 1 source input, got

    Bad:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
        batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_INT32 }

    Good:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
        batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_INT32 source_input: "x" }
    """
    for at, entry in _entries(model):
        if len(entry.source_input) != 1:
            yield Problem(
                at=(*at, "source_input"),
                message=f"{at[0]} {at[1]} has {len(entry.source_input)} source inputs where one is needed",
                help="name one input as source_input",
            )


@rule(Severity.ERROR)
def batch_io_kind(model: Model) -> Iterator[Problem]:
    """A batch input or output is of a kind that does not exist.

    An undefined number parses, and is refused afterwards (core model_config_utils.cc:ValidateBatchIO).

    Server says:

        unknown batch input kind
        unknown batch output kind
        attempt to access JSON non-string as string

    Bad:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
        batch_input { kind: 99 target_name: "n" data_type: TYPE_INT32 source_input: "x" }

    Good:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
        batch_input { kind: BATCH_ITEM_SHAPE target_name: "n" data_type: TYPE_INT32 source_input: "x" }
    """
    for at, entry in _entries(model):
        if isinstance(entry.kind, int):
            yield Problem(at=(*at, "kind"), message=f"{at[0]} kind {entry.kind} does not exist", help="name a kind")


@rule(Severity.ERROR)
def batch_input_type(model: Model) -> Iterator[Problem]:
    """A batch input is neither INT32 nor FP32.

    (core model_config_utils.cc:ValidateBatchIO.)

    Server says:

        batch input data type must be TYPE_INT32 or TYPE_FP32
        unexpected batch input data type
        attempt to access JSON non-string as string

    Bad:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
        batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_INT64 source_input: "x" }

    Good:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
        batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_INT32 source_input: "x" }
    """
    for i, entry in enumerate(model.config.batch_input):
        if entry.data_type not in ("TYPE_INT32", "TYPE_FP32"):
            given = "no data_type" if entry.data_type == "TYPE_INVALID" else f"the data_type {entry.data_type}"
            yield Problem(
                at=("batch_input", i, "data_type"),
                message=f"batch_input {i} has {given}",
                help="write TYPE_INT32 or TYPE_FP32",
            )


@rule(Severity.ERROR)
def batch_io_unknown_source(model: Model) -> Iterator[Problem]:
    """The source of a batch input or output is not an input of the model.

    (core model_config_utils.cc:ValidateBatchIO.)

    Server says:

        unknown source input name

    Bad:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
        batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_INT32 source_input: "X" }

    Good:

        backend: "python"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }
        batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_INT32 source_input: "x" }
    """
    names: list[str] | None = None
    for at, entry in _entries(model):
        names = names if names is not None else known_names(model, "input")
        for i, source in enumerate(entry.source_input):
            if names is not None and source not in names:
                yield Problem(
                    at=(*at, "source_input", i), message=f"'{source}' is not an input", help=nearest(source, names)
                )


@rule(Severity.WARNING, about=("batch_input",))
def batch_input_target(model: Model) -> Iterator[Problem]:
    """The tensor that a batch input is written to has no name, or another one writes to it too.

    Core does not look at it; the backend counts each entry as an input (onnxruntime onnxruntime.cc:ValidateInputs).

    Bad:

        backend: "onnxruntime"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        batch_input { kind: BATCH_ELEMENT_COUNT data_type: TYPE_FP32 source_input: "x" }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1, 4], n FP32 [-1] -> y FP32 [-1, 4]

    Good:

        backend: "onnxruntime"
        max_batch_size: 8
        input { name: "x" data_type: TYPE_FP32 dims: [ 4 ] }
        batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" data_type: TYPE_FP32 source_input: "x" }
        output { name: "y" data_type: TYPE_FP32 dims: [ 4 ] }
        -- 1/model.onnx x FP32 [-1, 4], n FP32 [-1] -> y FP32 [-1, 4]
    """
    seen: set[str] = set()
    for i, batch_input in enumerate(model.config.batch_input):
        at = ("batch_input", i, "target_name")
        if not any(batch_input.target_name):
            yield Problem(at=at, message=f"batch input {i} has no target", help="name the model's input in target_name")
        for name in batch_input.target_name:
            if name and name in seen:
                yield Problem(at=at, message=f"'{name}' is the target of two batch inputs", help="give each its own")
            seen.add(name)
