"""Answers as they are shown and kept."""

from __future__ import annotations

import numpy as np
import pytest

from triton_kit.client.answer import Output, best_classes, looks_like_scores, read_class, save, summarise
from triton_kit.client.summary import percentile, summarize_latencies
from triton_kit.errors import UsageError


def output(array: np.ndarray, datatype: str = "FP32", name: str = "y") -> Output:
    return Output(name=name, datatype=datatype, shape=array.shape, array=array, classes=())


def test_the_best_classes_are_ordered_and_a_nan_is_never_first():
    found = best_classes(np.array([0.1, np.nan, 0.7, 0.7]), 3, ["a", "b", "c"])
    assert [(c.index, c.label) for c in found] == [(2, "c"), (3, ""), (0, "a")]


def test_unsigned_scores_are_ordered_by_value():
    assert [c.index for c in best_classes(np.array([0, 255, 1], np.uint8), 2, ())] == [1, 2]


@pytest.mark.parametrize(("text", "label"), [(b"0.5:3", ""), (b"0.5:3:cat", "cat"), (b"0.5:3:a:b", "a:b")])
def test_a_label_may_hold_colons_or_be_absent(text, label):
    found = read_class(text)
    assert (found.score, found.index, found.label) == (0.5, 3, label)


def test_scores_are_one_row_of_numbers_for_each_example():
    assert looks_like_scores(np.zeros((2, 10)), batching=True, labels=())
    assert looks_like_scores(np.zeros((10, 1, 1)), batching=False, labels=())
    assert not looks_like_scores(np.zeros((2, 10)), batching=False, labels=())
    assert not looks_like_scores(np.zeros((2, 10)), batching=True, labels=["a"])
    assert not looks_like_scores(np.array([b"a", b"b"], dtype=object), batching=False, labels=())


def test_a_summary_is_short_and_shows_zero_false_and_empty():
    assert summarise(np.array([0.0, -0.0])) == "0 -0"
    assert summarise(np.array([False])) == "false"
    assert summarise(np.array([b"", b"\xff"], dtype=object)) == '"" <1 bytes>'
    assert summarise(np.zeros((2, 0))) == "(empty)"
    assert len(summarise(np.random.default_rng(0).random(10_000))) < 65
    assert len(summarise(np.array([b"x" * 1000], dtype=object))) <= 60


@pytest.mark.parametrize("name", ["file", "arr_0", "a/b", "é", "x:0"])
def test_an_output_of_any_name_is_kept(tmp_path, name):
    save(tmp_path / "out.npz", [[output(np.float32([[0, 1]]), name=name)]])
    with np.load(tmp_path / "out.npz") as kept:
        assert kept[name].tolist() == [[0, 1]]


def test_several_answers_are_kept_apart(tmp_path):
    save(tmp_path / "out.npz", [[output(np.zeros(1))], [output(np.ones(2))]])
    with np.load(tmp_path / "out.npz") as kept:
        assert {n: kept[n].tolist() for n in kept.files} == {"0/y": [0], "1/y": [1, 1]}


def test_strings_that_npz_would_spoil_are_refused_and_the_old_file_stays(tmp_path):
    (tmp_path / "out.npz").write_text("old")
    for values, kept in (([b"a", b""], ["a", ""]), ([b"\xff"], [b"\xff"])):
        array = np.empty(len(values), dtype=object)
        array[:] = values
        save(tmp_path / "strings.npz", [[output(array, "BYTES")]])
        with np.load(tmp_path / "strings.npz") as archive:
            assert archive["y"].tolist() == kept
    array = np.empty(1, dtype=object)
    array[0] = b"a\0"
    with pytest.raises(UsageError, match="zero byte"):
        save(tmp_path / "out.npz", [[output(array, "BYTES")]])
    assert (tmp_path / "out.npz").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.npz", "strings.npz"]


def test_percentiles_are_values_that_occurred():
    assert [percentile([1, 2, 3, 4], p) for p in (0, 25, 50, 90, 100)] == [1, 1, 2, 4, 4]
    assert percentile([], 50) is None


def test_a_tally_without_a_single_success_has_no_latencies():
    summary = summarize_latencies([], failed=3, seconds=1.0)
    assert (summary.sent, summary.failed, summary.rate, summary.p50) == (3, 3, 0.0, None)


@pytest.mark.parametrize(("first", "second", "shown"), [(30, 30, 1), (29, 30, 1), (29, 29, 2)])
def test_a_summary_is_as_wide_as_is_allowed_and_no_wider(first, second, shown):
    quoted = [f'"{"a" * (length - 2)}"' for length in (first, second)]
    words = np.array([text[1:-1].encode() for text in quoted], dtype=object)
    assert summarise(words, width=60) == " ".join(quoted[:shown]) + ("" if shown == 2 else " …")
