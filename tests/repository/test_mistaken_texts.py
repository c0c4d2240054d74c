"""What the reader says of names of other programs, and of braces too many."""

from __future__ import annotations

import pytest

from triton_kit.repository.text_format.document import parse
from triton_kit.repository.text_format.suggestions import _ALIASES


@pytest.mark.parametrize("name", sorted(_ALIASES))
def test_a_name_of_another_program_for_a_field_is_answered_with_ours(name: str) -> None:
    places = {"dims": "input", "data_type": "input", "gpus": "instance_group", "step": "ensemble_scheduling"}
    queue = ("max_queue_delay_microseconds", "preferred_batch_size")
    place = places.get(_ALIASES[name], "dynamic_batching" if _ALIASES[name] in queue else "")
    text = f"{place} {{ {name}: 1 }}" if place else f"{name}: 1"
    assert [problem.help for problem in parse(text).problems] == [f"did you mean {_ALIASES[name]}?"]


def test_a_brace_too_many_in_a_list_is_reported_and_the_list_goes_on() -> None:
    document = parse('input [ { name: "x" } }, { name: "y" } ]')
    assert [(p.message, p.span.column) for p in document.problems] == [("} closes nothing", 23)]
    assert [i.name for i in document.message.input] == ["x", "y"]


def test_a_semicolon_between_blocks_of_a_list_is_marked_alone_and_both_are_read() -> None:
    document = parse('input [ { name: "x" }; { name: "y" } ]')
    wanted = ("; does not separate the items of a list", 22, 23)
    assert [(p.message, p.span.column, p.span.end_column) for p in document.problems] == [wanted]
    assert [i.name for i in document.message.input] == ["x", "y"]
