"""Rules about sequence batching and its control inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from triton_kit.linter.controls import controls
from triton_kit.linter.diagnostic import Problem, Severity
from triton_kit.linter.rule import rule
from triton_kit.model.model import Model

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelSequenceBatching


@rule(Severity.ERROR)
def slot_utilization_out_of_range(model: Model) -> Iterator[Problem]:
    """The minimum slot utilization is not between 0 and 1.

    (core model_config_utils.cc:ValidateModelConfig.)

    Server says:

        minimum slot utilization must be in range

    Bad:

        backend: "python"
        sequence_batching { direct { minimum_slot_utilization: 1.5 } }

    Good:

        backend: "python"
        sequence_batching { direct { minimum_slot_utilization: 0.5 } }
    """
    if model.config.has("sequence_batching"):
        value = model.config.sequence_batching.direct.minimum_slot_utilization
        if value < 0 or value > 1:
            yield Problem(
                at=("sequence_batching", "direct", "minimum_slot_utilization"),
                message=f"minimum_slot_utilization {value:g} is not between 0 and 1",
                help="write a fraction",
            )


@rule(Severity.WARNING, about=("sequence_batching",))
def idle_sequence_setting(model: Model) -> Iterator[Problem]:
    """A setting of sequence batching is none that does anything.

    A control of an undefined kind is not a control; a number of candidates that is not positive counts as
    max_batch_size; states are not verified at load, and fail or mix up later (core model_config_utils.cc,
    sequence_batch_scheduler.cc:Create, sequence_state.cc).

    Bad:

        backend: "python"
        max_batch_size: 8
        sequence_batching { oldest { max_candidate_sequences: -1 } }

    Good:

        backend: "python"
        max_batch_size: 8
        sequence_batching { oldest { max_candidate_sequences: 4 } }
    """
    if model.config.has("sequence_batching"):
        batching = model.config.sequence_batching
        if batching.has("oldest") and batching.oldest.max_candidate_sequences < 0:
            yield Problem(
                at=("sequence_batching", "oldest", "max_candidate_sequences"),
                message=f"{batching.oldest.max_candidate_sequences} candidates count as max_batch_size",
                help="write how many sequences may wait",
            )
        yield from _undefined_controls(model)
        yield from _state_names(batching.state, "input_name")
        yield from _state_names(batching.state, "output_name")
        yield from _state_dims(batching.state)


def _undefined_controls(model: Model) -> Iterator[Problem]:
    for at, control, _ in controls(model):
        if isinstance(control.kind, int):
            yield Problem(
                at=(*at, "kind"),
                message=f"control kind {control.kind} does not exist, so there is no such control",
                help="write CONTROL_SEQUENCE_START, _READY, _END or _CORRID",
            )


def _state_names(
    states: Sequence[ModelSequenceBatching.State], side: Literal["input_name", "output_name"]
) -> Iterator[Problem]:
    seen: set[str] = set()
    for i, state in enumerate(states):
        name = state.input_name if side == "input_name" else state.output_name
        at = ("sequence_batching", "state", i, side)
        if not name:
            yield Problem(at=at, message=f"state {i} has no {side}", help="name the model's tensor")
        elif name in seen:
            yield Problem(at=at, message=f"two states have the {side} '{name}'", help="give each its own")
        seen.add(name)


def _state_dims(states: Sequence[ModelSequenceBatching.State]) -> Iterator[Problem]:
    for i, state in enumerate(states):
        for j, dim in enumerate(state.dims):
            if dim == 0 or dim < -1:
                yield Problem(
                    at=("sequence_batching", "state", i, "dims", j),
                    message=f"dimension {dim} of state {i} is not a size",
                    help="write a positive number, or -1",
                )
