"""Rules about the control inputs of sequence batching."""

from __future__ import annotations

from collections.abc import Iterator

from triton_kit.linter.controls import BOOLEAN_KINDS, CORRELATION_ID, ID_TYPES, VALUE_LISTS, controls, given_lists
from triton_kit.linter.diagnostic import Problem, Related, Severity
from triton_kit.linter.rule import rule
from triton_kit.linter.wording import listed
from triton_kit.model.model import Model
from triton_kit.repository.text_format.source import Route


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
                help="name the kind that you want",
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
            fault = f"has {listed(given)}" if given else "has no values for false and true"
            yield Problem(
                at=at,
                message=f"the control {control.kind} {fault}",
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
