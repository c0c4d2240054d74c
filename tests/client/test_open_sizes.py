"""What is made up for inputs whose sizes or kinds the model leaves open."""

from __future__ import annotations

import numpy as np
import pytest

from triton_kit.client.input_slots import Slot
from triton_kit.client.made_up_inputs import Filling, make_up_inputs
from triton_kit.client.open_sizes import RUNGS, guess_shape
from triton_kit.client.picture_bytes import is_picture


def slot(name: str, datatype: str, *shape: int, batching: bool = False) -> Slot:
    return Slot(name=name, datatype=datatype, shape=shape, batching=batching, optional=False, layout="FORMAT_NONE")


def made(one: Slot, *, rung: int = 0, examples: tuple[np.ndarray, ...] = (), seed: int = 0) -> np.ndarray:
    filling = Filling(
        fill="random", seed=seed, batch=None, shapes={}, rung=rung, examples={one.name: examples} if examples else {}
    )
    return make_up_inputs({one.name: one}, filling, {}).arrays[one.name]


@pytest.mark.parametrize(
    ("one", "first"),
    [
        pytest.param(slot("x", "FP32", 3, -1, -1), (3, 224, 224), id="channels first"),
        pytest.param(slot("x", "FP32", -1, 3, -1, -1), (1, 3, 224, 224), id="with a batch of its own"),
        pytest.param(slot("x", "UINT8", -1, -1, -1, 3, batching=True), (224, 224, 3), id="channels last in a batch"),
        pytest.param(slot("x", "FP32", 1, -1, 28), (1, 224, 28), id="one side is known"),
        pytest.param(slot("audio_signal", "FP32", -1), (16000,), id="sound"),
        pytest.param(slot("audio_signal", "FP32", -1, 80, -1), (1, 80, 1), id="too much sound"),
        pytest.param(slot("input_ids", "INT64", -1, -1), (1, 1), id="tokens"),
        pytest.param(slot("x", "FP32", 2, 0), (2, 0), id="nothing open"),
    ],
)
def test_the_first_guess_is_what_such_inputs_usually_have(one, first):
    assert guess_shape(one, 0) == first


def test_each_rung_is_another_size():
    for one in (slot("x", "FP32", 3, -1, -1), slot("wav", "FP32", -1), slot("ids", "INT64", -1)):
        assert len({guess_shape(one, rung) for rung in range(RUNGS)}) == RUNGS


def test_numbers_stay_in_the_range_of_the_examples():
    ids = slot("ids", "INT64", 50)
    examples = (np.array([3, 7]), np.array([5]))
    assert set(made(ids, examples=examples).tolist()) == {3, 4, 5, 6, 7}
    level = slot("x", "FP32", 1000)
    drawn = made(level, examples=(np.array([0.0, 255.0], np.float32),))
    assert 200 < drawn.max() <= 255
    # One value shows no range.
    assert len(set(made(ids, examples=(np.array([5]),)).tolist())) > 5
    assert set(made(ids, examples=(np.array([np.nan]),)).tolist()) <= set(range(100))


def test_the_largest_integers_are_no_trouble():
    extreme = np.array([0, 2**64 - 1], np.uint64)
    assert made(slot("x", "UINT64", 3), examples=(extreme,)).dtype == np.uint64
    low = np.array([-(2**63), 2**63 - 1], np.int64)
    assert made(slot("x", "INT64", 3), examples=(low,)).dtype == np.int64


def texts(*values: bytes) -> tuple[np.ndarray, ...]:
    return (np.array(values, dtype=object),)


def test_strings_are_of_the_kind_that_the_name_says_and_then_another():
    pytest.importorskip("PIL")
    assert is_picture(made(slot("IMAGE", "BYTES", 1))[0])
    assert made(slot("num_tokens", "BYTES", 1))[0].isdigit()
    assert made(slot("text", "BYTES", 1))[0].isalpha()
    kinds = [made(slot("text", "BYTES", 1), rung=rung)[0] for rung in range(3)]
    assert kinds[1].isdigit()
    assert is_picture(kinds[2])


def test_strings_are_like_those_of_the_examples():
    pytest.importorskip("PIL")
    assert is_picture(made(slot("text", "BYTES", 1), examples=texts(b"\x89PNG\r\n\x1a\n..."))[0])
    assert 3 <= int(made(slot("text", "BYTES", 1), examples=texts(b"3", b"9"))[0]) <= 9
    own = [b'{"a": 1}', b'{"a": 2}']
    assert set(made(slot("text", "BYTES", 20), examples=texts(*own)).tolist()) == set(own)


def test_a_row_of_bytes_of_any_length_is_a_picture_that_is_encoded():
    pytest.importorskip("PIL")
    assert is_picture(made(slot("x", "UINT8", -1)).tobytes())
    batch = made(slot("x", "UINT8", -1, -1, batching=True))
    assert batch.ndim == 2
    assert is_picture(batch[0].tobytes())
    assert made(slot("x", "UINT8", -1), rung=1).shape == (16,)
