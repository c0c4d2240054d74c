"""Values laid over values."""

from __future__ import annotations

import pytest

from triton_kit.errors import UsageError
from triton_kit.project.values import merge, parse_settings


def test_mappings_merge_and_lists_are_replaced() -> None:
    assert merge({"a": {"b": 1, "c": 2}, "d": [1, 2]}, {"a": {"b": 3}, "d": [9]}) == {"a": {"b": 3, "c": 2}, "d": [9]}


def test_null_removes() -> None:
    assert merge({"a": 1, "b": 2}, {"a": None}) == {"b": 2}


def test_zero_false_and_empty_replace_like_any_value() -> None:
    assert merge({"a": 1, "b": True, "c": [1]}, {"a": 0, "b": False, "c": []}) == {"a": 0, "b": False, "c": []}


def test_an_index_changes_one_element_of_a_list() -> None:
    assert merge({"input": [{"name": "x", "dims": [1]}]}, {"input": {"0": {"dims": [2]}}}) == {
        "input": [{"name": "x", "dims": [2]}]
    }


def test_an_index_beyond_the_list_replaces_it_and_is_refused_later() -> None:
    assert merge({"input": [1]}, {"input": {"7": 2}}) == {"input": {"7": 2}}


def test_merging_changes_neither_side() -> None:
    base, over = {"a": {"b": [1]}}, {"a": {"c": 2}}
    merge(base, over)
    assert (base, over) == ({"a": {"b": [1]}}, {"a": {"c": 2}})


def test_settings_are_dotted_and_typed() -> None:
    assert parse_settings(
        ["max_batch_size=16", "config.optimization.graph.level=1", "input=[{name: no, dims: [1]}]", "x=", "y=a=b"]
    ) == {
        "values": {"max_batch_size": 16, "input": [{"name": "no", "dims": [1]}], "x": None, "y": "a=b"},
        "config": {"optimization": {"graph": {"level": 1}}},
    }


@pytest.mark.parametrize("setting", ["max_batch_size", "=1", ".a=1", "a..b=1", "config=1", "a=[1", "a={b: 1, b: 2}"])
def test_a_setting_that_is_none_is_refused_with_its_text(setting: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_settings([setting])
    assert caught.value.message.startswith(f"--set {setting}: ")


def test_a_setting_below_a_plain_one_is_refused() -> None:
    with pytest.raises(UsageError, match="a was set to a plain value before"):
        parse_settings(["a=1", "a.b=2"])
