"""The base of values keeps what a frozen, slotted, keyword-only dataclass promises."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from typing import Any

import pytest

from triton_kit.value import Value, replace


class Point(Value):
    """A point with a name."""

    x: int
    y: int
    name: str = ""

    @property
    def sum(self) -> int:
        return self.x + self.y


class Tagged(Point):
    """A point with tags."""

    tags: tuple[str, ...] = ("a",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """What a dataclass of the same fields does."""

    x: int
    y: int
    name: str = ""


def test_fields_are_given_by_keyword_and_defaults_may_be_left_out() -> None:
    point = Point(y=2, x=1)
    assert (point.x, point.y, point.name, point.sum) == (1, 2, "", 3)
    assert Tagged(x=1, y=2, tags=()).tags == ()
    assert (Tagged(x=1, y=2).tags, Tagged(x=1, y=2).name) == (("a",), "")


@pytest.mark.parametrize(
    "given", [{"x": 1}, {}, {"x": 1, "y": 2, "z": 3}, {"x": 1, "name": "a", "z": 3}, {"x": 1, "y": 2, "sum": 3}]
)
def test_a_missing_or_unknown_field_is_refused_as_by_a_dataclass(given: dict[str, Any]) -> None:
    for cls in (Point, Other):
        with pytest.raises(TypeError):
            cls(**given)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(TypeError, match=r"Point needs the field 'y'"):
        Point(x=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"Point has no field 'z'"):
        Point(x=1, y=2, z=3)  # type: ignore[call-arg]


def test_positional_values_are_refused() -> None:
    with pytest.raises(TypeError):
        Point(1, 2)  # type: ignore[call-arg]


def test_nothing_can_be_changed_or_added() -> None:
    point = Point(x=1, y=2)
    for name in ("x", "z"):
        with pytest.raises(AttributeError):
            setattr(point, name, 3)
    with pytest.raises(AttributeError):
        del point.x
    assert not hasattr(point, "__dict__")
    assert not hasattr(Tagged(x=1, y=2), "__dict__")


def test_values_are_equal_where_class_and_fields_are() -> None:
    assert Point(x=1, y=2) == Point(y=2, x=1)
    assert hash(Point(x=1, y=2)) == hash(Point(y=2, x=1))
    assert Point(x=1, y=2) != Point(x=1, y=3)
    assert Point(x=1, y=2) != Other(x=1, y=2)
    assert Point(x=1, y=2) != Tagged(x=1, y=2)
    assert Tagged(x=1, y=2) != Tagged(x=1, y=2, tags=())


def test_a_value_says_what_it_holds() -> None:
    assert repr(Tagged(x=1, y=2)) == "Tagged(x=1, y=2, name='', tags=('a',))"


def test_a_value_is_pickled_and_copied_whole() -> None:
    for value in (Point(x=1, y=2), Tagged(x=1, y=2, tags=("b",))):
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(value, protocol)) == value
        assert copy.deepcopy(value) == value


def test_a_value_is_replaced_in_some_fields() -> None:
    point = Tagged(x=1, y=2)
    assert replace(point, y=3, tags=()) == Tagged(x=1, y=3, tags=())
    assert point.y == 2
    with pytest.raises(TypeError):
        replace(point, z=1)


def test_values_match_by_keyword() -> None:
    match Point(x=1, y=2):
        case Point(x=1, y=y):
            assert y == 2
        case _:
            pytest.fail("not matched")
