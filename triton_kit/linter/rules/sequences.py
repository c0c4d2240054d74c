"""Rules about sequence batching and its control inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Route

if TYPE_CHECKING:
    from triton_kit.repository.model_config import ModelSequenceBatching

BOOLEAN_KINDS = ("CONTROL_SEQUENCE_START", "CONTROL_SEQUENCE_END", "CONTROL_SEQUENCE_READY")
CORRELATION_ID = "CONTROL_SEQUENCE_CORRID"
VALUE_LISTS = ("int32_false_true", "fp32_false_true", "bool_false_true")
ID_TYPES = ("TYPE_UINT64", "TYPE_INT64", "TYPE_UINT32", "TYPE_INT32", "TYPE_STRING")


def controls(model: Model) -> Iterator[tuple[Route, ModelSequenceBatching.Control, ModelSequenceBatching.ControlInput]]:
    """Each control with its route and the control input that it belongs to."""
    if not model.config.has("sequence_batching"):
        return
    for i, entry in enumerate(model.config.sequence_batching.control_input):
        for j, control in enumerate(entry.control):
            yield ("sequence_batching", "control_input", i, "control", j), control, entry


def given_lists(control: ModelSequenceBatching.Control) -> list[str]:
    """The value lists that a control has."""
    return [field for field in VALUE_LISTS if getattr(control, field)]


@rule(Severity.ERROR)
def control_without_name(model: Model) -> Iterator[Problem]:
    """A control input has no name.

    (core model_config_utils.cc:GetBooleanSequenceControlProperties.)

    Server says:

        sequence batching control tensor must have a name

    Bad:

        backend: "python"
        sequence_batching { control_input { control { int32_false_true: [ 0, 1 ] } } }

    Good:

        backend: "python"
        sequence_batching { control_input { name: "START" control { int32_false_true: [ 0, 1 ] } } }
    """
    if model.config.has("sequence_batching"):
        for i, entry in enumerate(model.config.sequence_batching.control_input):
            if not entry.name:
                yield Problem(
                    at=("sequence_batching", "control_input", i),
                    message=f"control_input {i} has no name",
                    help="name the tensor of the model that it is for",
                )


@rule(Severity.ERROR)
def control_tensor_twice(model: Model) -> Iterator[Problem]:
    """Two control inputs name the same tensor.

    (core model_config_utils.cc:GetBooleanSequenceControlProperties.)

    Server says:

        is specified for multiple control kinds

    Bad:

        backend: "python"
        sequence_batching {
          control_input { name: "c" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } }
          control_input { name: "c" control { kind: CONTROL_SEQUENCE_END int32_false_true: [ 0, 1 ] } }
        }

    Good:

        backend: "python"
        sequence_batching {
          control_input { name: "s" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } }
          control_input { name: "e" control { kind: CONTROL_SEQUENCE_END int32_false_true: [ 0, 1 ] } }
        }
    """
    if not model.config.has("sequence_batching"):
        return
    first: dict[str, int] = {}
    for i, entry in enumerate(model.config.sequence_batching.control_input):
        if entry.name and first.setdefault(entry.name, i) != i:
            there = model.document.source.locate(("sequence_batching", "control_input", first[entry.name], "name"))
            yield Problem(
                at=("sequence_batching", "control_input", i, "name"),
                message=f"a second control input is for '{entry.name}'",
                help="give each control a tensor of its own",
                related=(Related(message="the first is here", file=model.at_file, span=there),),
            )


@rule(Severity.ERROR)
def control_kind_twice(model: Model) -> Iterator[Problem]:
    """A kind of control is given twice.

    An omitted kind is CONTROL_SEQUENCE_START (core model_config_utils.cc:GetBooleanSequenceControlProperties).

    Server says:

        sequence batching specifies multiple

    Bad:

        backend: "python"
        sequence_batching {
          control_input { name: "s" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } }
          control_input { name: "e" control { int32_false_true: [ 0, 1 ] } }
        }

    Good:

        backend: "python"
        sequence_batching {
          control_input { name: "s" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } }
          control_input { name: "e" control { kind: CONTROL_SEQUENCE_END int32_false_true: [ 0, 1 ] } }
        }
    """
    first: dict[str, Route] = {}
    for at, control, _ in controls(model):
        kind = control.kind
        if isinstance(kind, str) and first.setdefault(kind, at) != at:
            yield Problem(
                at=(*at, "kind"),
                message=f"the control {kind} is given twice" + ("" if control.has("kind") else ": it is the default"),
                help="name the kind that is meant",
                related=(
                    Related(
                        message="the first is here", file=model.at_file, span=model.document.source.locate(first[kind])
                    ),
                ),
            )


@rule(Severity.ERROR)
def control_without_values(model: Model) -> Iterator[Problem]:
    """A boolean control has no list of its two values, or more than one.

    START, END and READY need exactly one of int32_false_true, fp32_false_true and bool_false_true (core
    model_config_utils.cc:GetBooleanSequenceControlProperties).

    Server says:

        must specify either 'int32_false_true', 'fp32_false_true' or 'bool_false_true'
        specifies more than one from

    Bad:

        backend: "python"
        sequence_batching { control_input { name: "s" control { kind: CONTROL_SEQUENCE_START } } }

    Good:

        backend: "python"
        sequence_batching {
          control_input { name: "s" control { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1 ] } }
        }
    """
    for at, control, _ in controls(model):
        given = given_lists(control)
        if control.kind in BOOLEAN_KINDS and len(given) != 1:
            said = f"has {listed(given)}" if given else "has no values for false and true"
            yield Problem(
                at=at,
                message=f"the control {control.kind} {said}",
                help="give one of " + ", ".join(VALUE_LISTS),
            )


@rule(Severity.ERROR)
def control_values_not_two(model: Model) -> Iterator[Problem]:
    """A control's values are not exactly two.

    (core model_config_utils.cc:GetBooleanSequenceControlProperties.)

    Server says:

        must have exactly 2 entries

    Bad:

        backend: "python"
        sequence_batching { control_input { name: "s" control { int32_false_true: [ 1 ] } } }

    Good:

        backend: "python"
        sequence_batching { control_input { name: "s" control { int32_false_true: [ 0, 1 ] } } }
    """
    for at, control, _ in controls(model):
        given = given_lists(control)
        if control.kind in BOOLEAN_KINDS and len(given) == 1 and len(getattr(control, given[0])) != 2:
            yield Problem(
                at=(*at, given[0]),
                message=f"{given[0]} has {len(getattr(control, given[0]))} entries where two are needed",
                help="write the value for false, then the one for true",
            )


@rule(Severity.ERROR)
def correlation_id_with_values(model: Model) -> Iterator[Problem]:
    """The correlation id has values for false and true.

    (core model_config_utils.cc:GetTypedSequenceControlProperties.)

    Server says:

        must not specify either

    Bad:

        backend: "python"
        sequence_batching {
          control_input {
            name: "id"
            control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 int32_false_true: [ 0, 1 ] }
          }
        }

    Good:

        backend: "python"
        sequence_batching {
          control_input { name: "id" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 } }
        }
    """
    for at, control, _ in controls(model):
        if control.kind == CORRELATION_ID:
            for field in given_lists(control):
                yield Problem(
                    at=(*at, field), message=f"the correlation id takes no {field}", help="leave it out, give data_type"
                )


@rule(Severity.ERROR)
def correlation_id_type(model: Model) -> Iterator[Problem]:
    """The correlation id is of a type that it cannot have.

    (core model_config_utils.cc:ValidateModelConfig.)

    Server says:

        unexpected data type for control CONTROL_SEQUENCE_CORRID

    Bad:

        backend: "python"
        sequence_batching { control_input { name: "id" control { kind: CONTROL_SEQUENCE_CORRID } } }

    Good:

        backend: "python"
        sequence_batching {
          control_input { name: "id" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 } }
        }
    """
    for at, control, _ in controls(model):
        if control.kind == CORRELATION_ID and control.data_type not in ID_TYPES:
            given = "no data_type" if control.data_type == "TYPE_INVALID" else f"the data_type {control.data_type}"
            yield Problem(
                at=(*at, "data_type"),
                message=f"the correlation id has {given}",
                help="write one of " + ", ".join(ID_TYPES),
            )


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

    A control of an undefined kind is no control; a number of candidates that is not positive counts as
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
    if not model.config.has("sequence_batching"):
        return
    batching = model.config.sequence_batching
    if batching.has("oldest") and batching.oldest.max_candidate_sequences < 0:
        yield Problem(
            at=("sequence_batching", "oldest", "max_candidate_sequences"),
            message=f"{batching.oldest.max_candidate_sequences} candidates count as max_batch_size",
            help="write how many sequences may wait",
        )
    for i, entry in enumerate(batching.control_input):
        for j, control in enumerate(entry.control):
            if isinstance(control.kind, int):
                yield Problem(
                    at=("sequence_batching", "control_input", i, "control", j, "kind"),
                    message=f"control kind {control.kind} does not exist, so there is no such control",
                    help="write CONTROL_SEQUENCE_START, _READY, _END or _CORRID",
                )
    for side in ("input_name", "output_name"):
        seen: set[str] = set()
        for i, state in enumerate(batching.state):
            name = getattr(state, side)
            at = ("sequence_batching", "state", i, side)
            if not name:
                yield Problem(at=at, message=f"state {i} has no {side}", help="name the model's tensor")
            elif name in seen:
                yield Problem(at=at, message=f"two states have the {side} '{name}'", help="give each its own")
            seen.add(name)
    for i, state in enumerate(batching.state):
        for j, dim in enumerate(state.dims):
            if dim == 0 or dim < -1:
                yield Problem(
                    at=("sequence_batching", "state", i, "dims", j),
                    message=f"dimension {dim} of state {i} is no size",
                    help="write a positive number, or -1",
                )
