"""What was probably meant by a wrong name."""

from __future__ import annotations

import json

import pytest

from triton_kit import json_document
from triton_kit.suggestion import close, nearest, suggest

FRUIT = ("apple", "pear", "plum")


@pytest.mark.parametrize(("word", "found"), [("appel", "apple"), ("PEAR", "pear"), ("xyz", None), ("", None)])
def test_the_nearest_name_is_found_whatever_the_letter_case(word: str, found: str | None) -> None:
    assert nearest(word, FRUIT) == found


def test_a_name_keeps_its_own_letter_case() -> None:
    assert nearest("tensorrt", ["TensorRT"]) == "TensorRT"


def test_a_higher_cutoff_wants_more_likeness() -> None:
    assert nearest("plumb_line", ["plum_pie"], cutoff=0.9) is None
    assert nearest("plumb_line", ["plum_pie"]) == "plum_pie"


def test_a_word_that_is_near_nothing_gets_the_set_or_other_advice() -> None:
    assert suggest("xyz", FRUIT) == "choose from: apple, pear, plum"
    assert suggest("xyz", FRUIT, otherwise="see a greengrocer") == "see a greengrocer"
    assert suggest("aple", FRUIT, otherwise="see a greengrocer") == "did you mean apple?"


def test_several_names_come_the_closest_first() -> None:
    assert close("plu", ["plus", "plum", "plumb"], count=2, cutoff=0.6) == ["plus", "plum"]


def test_an_endless_word_takes_no_time() -> None:
    assert nearest("x" * 10_000_000, FRUIT) is None


def test_a_document_begins_with_its_version() -> None:
    assert list(json.loads(json_document.render({"ok": True}))) == ["version", "ok"]
    assert json_document.render({"text": "é"}, indent=None) == '{"version": 1, "text": "é"}'
