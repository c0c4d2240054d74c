"""The controls of sequence batching, as many rules look at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

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
