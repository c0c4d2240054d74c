"""Whether an answer is the expected one: numbers near enough, and all that is not a number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from triton_kit.client.types import InferResult
from triton_kit.errors import ProblemsFound
from triton_kit.versions.comparison import EXACT, Expected, Tolerance, compare, compare_outputs, usual
from triton_kit.versions.golden_run import CaseResult, require_passed
from triton_kit.versions.output_comparison import _tolerance

NEAR = Tolerance(rtol=0.0, atol=0.1)


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def words(*values: bytes) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


@pytest.mark.parametrize(
    ("expected", "got", "tolerance"),
    [
        (floats(1, 2), floats(1, 2), EXACT),
        (floats(1, 2), floats(1.05, 1.95), NEAR),
        (floats(math.nan, math.inf, -math.inf), floats(math.nan, math.inf, -math.inf), EXACT),
        (floats(100), floats(101), Tolerance(rtol=0.01, atol=0)),
        (floats(0.0), floats(-0.0), EXACT),
        (floats(), floats(), EXACT),
        (np.array([2**63, 1], dtype=np.uint64), np.array([2**63, 1], dtype=np.uint64), EXACT),
        (np.array([True, False]), np.array([True, False]), EXACT),
        (words(b"a", b"\xff\0"), words(b"a", b"\xff\0"), EXACT),
        (np.float32(3.0).reshape(()), np.float32(3.0).reshape(()), EXACT),
    ],
)
def test_what_is_near_enough_is_the_same(expected, got, tolerance):
    assert compare("y", Expected(array=expected, tolerance=tolerance), got, "FP32") is None


@pytest.mark.parametrize(
    ("expected", "got", "index"),
    [
        (floats(1, 2), floats(1, 2.2), (1,)),
        (floats(1, 2, 3), floats(1.2, 2.4, 3.4), (1,)),
        (floats(1, 1), floats(1, math.nan), (1,)),
        (floats(math.nan, 1), floats(0, 1), (0,)),
        (floats(math.inf), floats(1), (0,)),
        (floats(math.inf), floats(-math.inf), (0,)),
        (floats(1), floats(math.inf), (0,)),
        (floats(1, 2).reshape(1, 2), floats(1, 9).reshape(1, 2), (0, 1)),
        (words(b"a", b"b"), words(b"a", b"c"), (1,)),
        (words(b"a"), words(b"a\0"), (0,)),
        (np.array([True]), np.array([False]), (0,)),
    ],
)
def test_the_worst_element_is_shown_and_of_equals_the_first(expected, got, index):
    found = compare("y", Expected(array=expected, tolerance=NEAR), got, "FP32")
    assert found.kind == "values"
    assert found.index == index


def test_integers_of_64_bits_are_compared_exactly():
    one, other = np.array([2**63 + 1], dtype=np.uint64), np.array([2**63], dtype=np.uint64)
    assert compare("y", Expected(array=one), other, "UINT64").wrong == 1


def test_the_message_says_where_what_and_how_much():
    expected = Expected(array=floats(1, 2, 0, 8).reshape(2, 2), tolerance=Tolerance(rtol=0.01, atol=0.001))
    found = compare("scores", expected, floats(1, 3, 0, 9).reshape(2, 2), "FP32")
    assert found.message == (
        "scores[0, 1] is 3.0, expected 2.0 (2 of 4 wrong; max abs error 1; max rel error 0.5; rtol 0.01, atol 0.001)"
    )
    assert (found.wrong, found.total, found.max_abs, found.max_rel) == (2, 4, 1.0, 0.5)


def test_shapes_data_types_missing_and_extra_outputs_are_told():
    result = InferResult(
        model="m",
        version="1",
        outputs={"a": floats(1, 2), "b": floats(1), "c": floats(1), "d": floats(1, 2).reshape(1, 2)},
        datatypes=dict.fromkeys("abcd", "FP32"),
        seconds=0.0,
    )
    expected = {
        "a": Expected(array=floats(1, 2).reshape(1, 2)),
        "b": Expected(array=floats(1), datatype="FP64"),
        "d": Expected(array=floats(1, 2), shaped=False),
        "e": Expected(array=floats(1)),
    }
    kinds = {d.output: d.kind for d in compare_outputs(expected, result)}
    assert kinds == {"a": "shape", "b": "datatype", "e": "missing", "c": "extra"}
    assert "c" not in {d.output for d in compare_outputs(expected, result, partial=True)}


def test_only_floats_are_given_room():
    assert [usual(kind) == EXACT for kind in ("FP32", "BF16", "INT32", "BOOL", "BYTES")] == [False, False] + [True] * 3


@pytest.mark.parametrize(
    ("datatype", "rtol", "atol", "expected"),
    [
        ("FP32", None, None, usual("FP32")),
        ("FP32", 0.5, None, Tolerance(rtol=0.5, atol=0.0)),
        ("FP32", None, 0.5, Tolerance(rtol=0.0, atol=0.5)),
        ("FP32", 0.0, 0.0, EXACT),
        ("INT32", 0.5, 0.5, EXACT),
    ],
    ids=["not told", "relative", "absolute", "exact", "whole numbers"],
)
def test_of_a_tolerance_that_is_told_the_other_number_is_0_and_whole_numbers_have_none(datatype, rtol, atol, expected):
    assert _tolerance(datatype, rtol, atol) == expected


def test_cases_that_failed_are_raised_with_their_messages_and_others_are_not():
    passed = CaseResult(model="m", version="1", case="good", seconds=0.0)
    failed = CaseResult(model="m", version="1", case="bad", seconds=0.0, error="the server said no")
    require_passed([passed])
    with pytest.raises(ProblemsFound) as raised:
        require_passed([passed, failed])
    assert raised.value.message == "1 of 2 cases failed\n  bad: the server said no"
