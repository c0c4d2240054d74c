"""Two models compared: how far they differ, over how many inputs, and which numbers agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triton_kit.client.types import InferResult, ModelMetadata, TensorMetadata, read_config
from triton_kit.convert.parity import _row, compare
from triton_kit.errors import TkError, UsageError

FLOATS = st.sampled_from((0.0, 1.0, -1.0, 1.05, 1.1, 1.2, 100.0, float("inf"), float("-inf"), float("nan")))


class Two:
    """A server with two models that add different numbers to their input; counts what it is asked."""

    def __init__(self, *offsets: float, outputs: tuple[str, ...] = ("y",)) -> None:
        self.offsets = list(offsets)
        self.outputs = outputs
        self.asked: list[tuple[str, str, float]] = []

    def metadata(self, model: str, version: str = "") -> ModelMetadata:
        spec = TensorMetadata(name="x", datatype="FP32", shape=(-1, 2))
        return ModelMetadata(name=model, versions=("1",), platform="p", inputs=(spec,), outputs=(spec,))

    def config(self, model: str, version: str = ""):
        return read_config({"name": model, "max_batch_size": 4})

    def warm(self) -> None:
        return

    def infer(self, request):
        x = request.inputs["x"]
        self.asked.append((request.model, request.version, float(x.ravel()[0])))
        number = sum(model == "other" for model, _, _ in self.asked) - 1
        offset = self.offsets[number % len(self.offsets)] if request.model == "other" else 0.0
        outputs = {name: np.ones_like(x) + offset for name in self.outputs}
        return InferResult(model=request.model, version="1", outputs=outputs, datatypes={}, seconds=0.0)


def test_four_random_inputs_are_asked_of_both_and_the_worst_counts():
    server = Two(0.0, 0.5, 0.0, 0.0)
    (row,) = compare(server, "reference", "other", rtol=0.1, atol=0.0)
    assert [model for model, _, _ in server.asked] == ["reference", "other"] * 4
    assert len({first for _, _, first in server.asked}) == 4
    assert (row.output, row.absolute, row.relative, row.agrees) == ("y", 0.5, 0.5, False)
    (row,) = compare(Two(0.0, 0.0, 0.0, 0.0, 9.0), "reference", "other", rtol=0.0, atol=0.0)
    assert (row.absolute, row.agrees) == (0.0, True)
    assert len(compare(Two(0.0), "reference", "other", rtol=0.0, atol=0.0, rounds=1)) == 1


@pytest.mark.parametrize(("rtol", "atol"), [(-0.1, 0.0), (0.0, -0.1), (float("nan"), 0.0)])
def test_a_tolerance_below_0_is_refused(rtol, atol):
    with pytest.raises(UsageError, match="below 0"):
        compare(Two(0.0), "reference", "other", rtol=rtol, atol=atol)


def test_no_output_at_all_is_nothing_to_compare():
    with pytest.raises(TkError, match="without outputs"):
        compare(Two(0.0, outputs=()), "reference", "other", rtol=0.0, atol=0.0)


@given(
    st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=5),
    st.sampled_from((0.0, 0.1)),
    st.sampled_from((0.0, 0.1)),
)
def test_numbers_agree_where_they_are_near_and_both_are_numbers(pairs, rtol, atol):
    def near(a, b):
        if a != a or b != b:
            return a != a and b != b
        return a == b or (abs(a) != np.inf and abs(b) != np.inf and abs(b - a) <= atol + rtol * abs(a))

    a, b = (np.array(side) for side in zip(*pairs, strict=True))
    row = _row("y", a, b, rtol, atol)
    assert row.agrees == all(near(x, y) for x, y in pairs)
    same = all(x == y or (x != x and y != y) for x, y in pairs)
    assert (row.absolute == 0) == (row.relative == 0) == same
    assert not np.isnan(row.absolute)
    assert not np.isnan(row.relative)


def test_what_is_missing_of_another_shape_or_text_is_told():
    one = np.zeros((2, 3))
    assert _row("y", one, None, 0, 0).note == "missing"
    assert _row("y", one, np.zeros((3, 2)), 0, 0).note == "[3, 2] instead of [2, 3]"
    words, others = (np.array([word], dtype=object) for word in (b"a", b"b"))
    assert (_row("y", words, words, 0, 0).agrees, _row("y", words, words, 0, 0).absolute) == (True, 0.0)
    assert (_row("y", words, others, 0, 0).agrees, _row("y", words, others, 0, 0).absolute) == (False, float("inf"))
    empty = _row("y", np.zeros((0,)), np.zeros((0,)), 0, 0)
    assert (empty.absolute, empty.relative, empty.agrees) == (0.0, 0.0, True)
