"""Whatever fits a model's input arrives in its shape, with its values."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from triton_kit.client.answer import to_json
from triton_kit.client.input_slots import Slot, convert, fit, to_array
from triton_kit.client.random_inputs import choose_shape, random_inputs, zero_inputs
from triton_kit.client.summary import percentile, summarize_latencies
from triton_kit.errors import UsageError
from triton_kit.repository.tensor import BY_WIRE, agree

TYPES = sorted(set(BY_WIRE))
SIZES = st.lists(st.sampled_from((-1, 1, 2, 3)), min_size=0, max_size=3)


def slot(datatype: str, inner: list[int], batching: bool) -> Slot:
    shape = (-1, *inner) if batching else tuple(inner)
    return Slot(name="x", datatype=datatype, shape=shape, batching=batching, optional=False, layout="FORMAT_NONE")


@given(st.sampled_from(TYPES), SIZES, st.booleans(), st.integers(1, 3))
def test_what_is_made_up_fits_and_is_the_same_again(datatype, inner, batching, batch):
    one = slot(datatype, inner, batching)
    chosen = choose_shape(one, None, batch=batch)
    assert agree(chosen.shape, one.shape)
    assert min(chosen.shape, default=1) > 0
    assert chosen.guessed == (-1 in inner)
    assert not batching or chosen.shape[0] == batch
    made = random_inputs({"x": chosen.shape}, {"x": one}, seed=batch)["x"]
    again = random_inputs({"y": chosen.shape, "x": chosen.shape}, {"x": one, "y": one}, seed=batch)["x"]
    zeros = zero_inputs({"x": chosen.shape}, {"x": one})["x"]
    for array in (made, zeros):
        assert array.shape == chosen.shape
        assert convert(array, one).dtype == array.dtype
        assert fit(array, one).shape == chosen.shape
    assert made.tolist() == again.tolist()
    assert not np.any(zeros)
    if datatype != "BYTES":
        assert made.min() >= 0
        assert made.max() < (1 if datatype in ("FP16", "FP32", "FP64", "BF16") else 100)
    else:
        assert all(len(word) == 5 and word.isalpha() and word.islower() for word in made.ravel())


@given(st.data(), st.booleans(), st.integers(1, 3))
def test_nested_and_flat_numbers_arrive_alike(data, batching, batch):
    inner = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    one = slot("INT16", inner, batching)
    shape = (batch, *inner) if batching else tuple(inner)
    numbers = np.arange(np.prod(shape), dtype=np.int16).reshape(shape) - 5
    for value in (numbers.tolist(), numbers.ravel().tolist()):
        found = fit(to_array(json.loads(json.dumps(value)), one), one)
        assert found.dtype == np.int16
        assert (found == numbers).all()
        assert found.shape == shape
    if batching:
        single = fit(to_array(numbers[0].tolist(), one), one, batch=3)
        assert single.shape == (3, *inner)
        assert all((row == numbers[0]).all() for row in single)
    assert to_array(to_json(numbers), one).tolist() == numbers.tolist()


@given(st.sampled_from(("INT8", "UINT8", "INT64", "UINT64", "BOOL")), st.integers(-(2**64), 2**65))
def test_an_integer_arrives_as_it_is_or_not_at_all(datatype, number):
    one = slot(datatype, [1], False)
    kind = np.dtype(BY_WIRE[datatype].numpy)
    low, high = (0, 1) if datatype == "BOOL" else (int(np.iinfo(kind).min), int(np.iinfo(kind).max))
    try:
        found = to_array([number], one)
    except UsageError:
        assert not low <= number <= high
    else:
        assert int(found[0]) == number
        assert found.dtype == kind
    for edge in (low, high):
        assert int(to_array([edge], one)[0]) == edge


@given(st.lists(st.floats(0, 10), max_size=30), st.integers(0, 3))
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(times, failed):
    found = summarize_latencies(times, failed=failed, seconds=2.0)
    assert found.sent == len(times) + failed
    assert found.rate == len(times) / 2
    ordered = sorted(times)
    for percent in (1, 50, 90, 99, 100):
        value = percentile(ordered, percent)
        if not times:
            assert value is None
            continue
        assert value == min(v for v in ordered if sum(o <= v for o in ordered) >= percent / 100 * len(ordered))
