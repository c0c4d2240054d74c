"""Rules about the states that sequence batching keeps, and how they begin."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import count, shape
from triton_kit.model import disk
from triton_kit.model.model import Model
from triton_kit.repository.tensor import DATA_TYPES
from triton_kit.repository.text_format.source import Route

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelSequenceBatching


def _states(model: Model) -> Iterator[tuple[Route, ModelSequenceBatching.State]]:
    if model.config.has("sequence_batching") and not model.is_ensemble:
        for i, state in enumerate(model.config.sequence_batching.state):
            yield ("sequence_batching", "state", i), state


def _initial(model: Model) -> Iterator[tuple[Route, ModelSequenceBatching.InitialState, ModelSequenceBatching.State]]:
    for at, state in _states(model):
        for i, initial in enumerate(state.initial_state):
            yield (*at, "initial_state", i), initial, state


@rule(Severity.ERROR)
def several_initial_states(model: Model) -> Iterator[Problem]:
    """A state has more than one initial state.

    (core sequence_batch_scheduler.cc:Create.)

    Server says:

        must contain exactly one or zero element

    Bad:

        backend: "python"
        sequence_batching {
          state {
            input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ 1 ]
            initial_state { name: "a" data_type: TYPE_FP32 dims: [ 1 ] zero_data: true }
            initial_state { name: "b" data_type: TYPE_FP32 dims: [ 1 ] zero_data: true }
          }
        }

    Good:

        backend: "python"
        sequence_batching {
          state {
            input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ 1 ]
            initial_state { name: "a" data_type: TYPE_FP32 dims: [ 1 ] zero_data: true }
          }
        }
    """
    for at, state in _states(model):
        if len(state.initial_state) > 1:
            yield Problem(
                at=(*at, "initial_state", 1),
                message=f"the state '{state.input_name}' has {count(len(state.initial_state), 'initial state')}",
                help="keep one of them",
            )


@rule(Severity.ERROR)
def initial_state_disagrees(model: Model) -> Iterator[Problem]:
    """An initial state is not of the type and shape of its state, or lacks its name or its data.

    It needs a name, the state's data_type, as many dims, all fixed and equal to the state's fixed ones, and one of
    zero_data and data_file (core sequence_batch_scheduler.cc:GenerateInitialStateData).

    Server says:

        initial_state' field of state … does not match the state data type
        Field 'name' must be set when using initial_state
        Number of dimensions in 'initial_state' doesn't match the size of 'state' dimensions
        contains variable dimensions
        doesn't match 'state' dim description
        to have state_data set

    Bad:

        backend: "python"
        sequence_batching {
          state {
            input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ -1 ]
            initial_state { name: "a" data_type: TYPE_INT32 dims: [ 1 ] zero_data: true }
          }
        }

    Good:

        backend: "python"
        sequence_batching {
          state {
            input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ -1 ]
            initial_state { name: "a" data_type: TYPE_FP32 dims: [ 1 ] zero_data: true }
          }
        }
    """
    for at, initial, state in _initial(model):
        title = f"the initial state of '{state.input_name}'"
        if initial.data_type != state.data_type:
            yield Problem(
                at=(*at, "data_type"),
                message=f"{title} is {initial.data_type} where the state is {state.data_type}",
                help=f"write {state.data_type}",
            )
        if not initial.name:
            yield Problem(at=at, message=f"{title} has no name", help="write one")
        dims, wanted = list(initial.dims), list(state.dims)
        if len(dims) != len(wanted) or any(d < 0 or (w != -1 and d != w) for d, w in zip(dims, wanted, strict=True)):
            yield Problem(
                at=(*at, "dims"),
                message=f"{title} has dims {shape(dims)} where the state has {shape(wanted)}",
                help="write a fixed shape that the state can have",
            )
        if not (initial.has("zero_data") or initial.has("data_file")):
            yield Problem(at=at, message=f"{title} has no data", help="write zero_data: true, or name a data_file")


@rule(Severity.ERROR)
def initial_state_twice(model: Model) -> Iterator[Problem]:
    """Two states of one input both have an initial state.

    (core sequence_batch_scheduler.cc:GenerateInitialStateData.)

    Server says:

        State input name … specified more than once

    Bad:

        backend: "python"
        sequence_batching {
          state {
            input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ 1 ]
            initial_state { name: "a" data_type: TYPE_FP32 dims: [ 1 ] zero_data: true }
          }
          state {
            input_name: "i" output_name: "p" data_type: TYPE_FP32 dims: [ 1 ]
            initial_state { name: "b" data_type: TYPE_FP32 dims: [ 1 ] zero_data: true }
          }
        }

    Good:

        backend: "python"
        sequence_batching {
          state {
            input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ 1 ]
            initial_state { name: "a" data_type: TYPE_FP32 dims: [ 1 ] zero_data: true }
          }
        }
    """
    seen: set[str] = set()
    for at, state in _states(model):
        if state.initial_state:
            if state.input_name in seen:
                yield Problem(
                    at=(*at, "input_name"),
                    message=f"a second state of the input '{state.input_name}' has an initial state",
                    help="remove one of the two",
                )
            seen.add(state.input_name)


@rule(Severity.ERROR)
def initial_state_file(model: Model) -> Iterator[Problem]:
    """The file of an initial state is missing or too short.

    It is looked up in the model's directory `initial_state/` and must hold the bytes of the dims (core
    sequence_batch_scheduler.cc:GenerateInitialStateData).

    Server says:

        failed to open text file for read … initial_state
        initial_state setting expects … bytes, but the data provided from …only has

    Bad:

        backend: "python"
        sequence_batching {
          state {
            input_name: "i" output_name: "o" data_type: TYPE_UINT8 dims: [ 3 ]
            initial_state { name: "a" data_type: TYPE_UINT8 dims: [ 3 ] data_file: "a.bin" }
          }
        }

    Good:

        backend: "python"
        sequence_batching {
          state {
            input_name: "i" output_name: "o" data_type: TYPE_UINT8 dims: [ 3 ]
            initial_state { name: "a" data_type: TYPE_UINT8 dims: [ 3 ] data_file: "a.bin" }
          }
        }
        -- initial_state/a.bin
        abc
    """
    for at, initial, _ in _initial(model):
        if not initial.has("data_file"):
            continue
        path = model.join("initial_state", initial.data_file)
        if disk.kind_of(path) != disk.FILE:
            yield Problem(
                at=(*at, "data_file"),
                message=f"the file initial_state/{initial.data_file} does not exist",
                help="put it into the directory initial_state of the model",
            )
            continue
        needed = byte_size(initial.data_type, list(initial.dims))
        size = os.path.getsize(path)
        if needed is not None and size < needed:
            yield Problem(
                at=(*at, "data_file"),
                message=f"initial_state/{initial.data_file} has {count(size, 'byte')} where dims need {needed}",
                help="write all elements of the state to it",
            )


def byte_size(data_type: str | int, dims: list[int]) -> int | None:
    """The bytes that a tensor takes; ``None`` where that is not fixed."""
    known = DATA_TYPES.get(str(data_type))
    if known is None or known.size is None or any(d < 0 for d in dims):
        return None
    size = known.size if dims else 0
    for dim in dims:
        size *= dim
    return size


@rule(Severity.WARNING, about=("sequence_batching",))
def growable_memory_unusable(model: Model) -> Iterator[Problem]:
    """A state grows in memory, which needs a GPU and the same buffer for input and output.

    Otherwise each sequence fails at its start (core sequence_state.cc:Initialize).

    Bad:

        backend: "python"
        max_batch_size: 8
        sequence_batching { state {
          input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ 1 ] use_growable_memory: true
        } }

    Good:

        backend: "python"
        max_batch_size: 8
        instance_group [ { kind: KIND_GPU } ]
        sequence_batching { state {
          input_name: "i" output_name: "o" data_type: TYPE_FP32 dims: [ 1 ]
          use_growable_memory: true use_same_buffer_for_input_output: true
        } }
    """
    if not model.config.has("sequence_batching"):
        return
    for i, state in enumerate(model.config.sequence_batching.state):
        if not state.use_growable_memory:
            continue
        at = ("sequence_batching", "state", i, "use_growable_memory")
        if not state.use_same_buffer_for_input_output:
            yield Problem(
                at=at,
                message="growable memory needs use_same_buffer_for_input_output",
                help="write use_same_buffer_for_input_output: true",
            )
        elif (
            not all(group.kind == "KIND_GPU" for group in model.config.instance_group)
            or not model.config.instance_group
        ):
            yield Problem(
                at=at, message="growable memory needs instances of KIND_GPU", help="write an instance_group of KIND_GPU"
            )
