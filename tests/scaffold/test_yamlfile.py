"""YAML as people mean it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triton_kit.errors import TkError, UsageError
from triton_kit.project import yaml_file

HERE = Path("model.yaml")


def load(text: str) -> object:
    return yaml_file.load(text, HERE).value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no", {"a": "no"}),
        ("a: on", {"a": "on"}),
        ("a: y", {"a": "y"}),
        ("a: 010", {"a": "010"}),
        ("a: 1:30", {"a": "1:30"}),
        ("a: 2024-01-01", {"a": "2024-01-01"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: true", {"a": True}),
        ("a: 0x10", {"a": 16}),
        ("a: -3", {"a": -3}),
        ("a: 1e3", {"a": 1000.0}),
        ("a: .inf", {"a": float("inf")}),
        ("a: null", {"a": None}),
        ("a: ~", {"a": None}),
        ("a:", {"a": None}),
        ("a: !!str 8", {"a": "8"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("no: 1", {"no": 1}),
        ("0: x", {0: "x"}),
        ("", None),
        ("# only a comment\n", None),
    ],
)
def test_a_value_is_what_it_looks_like(text: str, value: object) -> None:
    assert load(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "model.yaml:3:1: a is given twice, the first time in line 1"),
        ("a: {x: 1, x: 2}", "model.yaml:1:11: x is given twice, the first time in line 1"),
        ("a: [1\nb: 2", "model.yaml:2:2: not valid YAML"),
        ("a:\n\t- 1", "model.yaml:2:1: not valid YAML"),
        ("? [1]\n: 2", "model.yaml:1:3: a key is not a plain word"),
        ("true: 1", "model.yaml:1:1: the key 'true' is not a word"),
        ("a: !!python/object/apply:os.system [id]", "model.yaml:1:4: the tag"),
        ("a: !!int x", "model.yaml:1:4: x is not a whole number"),
        ("a: &a [*a]", "model.yaml:1:4: an alias refers to what contains it"),
        ("a: 1\n---\nb: 2", "model.yaml:2:1: not valid YAML"),
        ("a: \x00", "model.yaml: not valid YAML"),
    ],
)
def test_what_is_wrong_has_its_place(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(text)
    assert caught.value.message.startswith(message)


def test_aliases_cannot_make_a_file_explode() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(UsageError, match="more than 100000 values"):
        load("\n".join(lines))


def test_a_deep_file_is_refused_without_a_traceback() -> None:
    with pytest.raises(UsageError, match="nested too deep"):
        load("[" * 5000 + "]" * 5000)


def test_a_route_finds_its_place_or_that_of_its_nearest_parent() -> None:
    document = yaml_file.load("values:\n  input:\n    - name: x\n", HERE)
    assert document.where(("values", "input", 0, "name")) == "model.yaml:3:7"
    assert document.where(("values", "input", 0, "dims")) == "model.yaml:3:7"
    assert document.where(("nothing",)) == "model.yaml:1:1"


def test_a_file_that_is_not_text_says_so(tmp_path: Path) -> None:
    file = tmp_path / "model.yaml"
    file.write_bytes(b"a: \xff")
    with pytest.raises(UsageError, match="is not UTF-8 text"):
        yaml_file.read(file)
    with pytest.raises(TkError, match="cannot be read: is a directory"):
        yaml_file.read(tmp_path)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(PLAIN)
def test_what_is_written_is_read_back_the_same(value: object) -> None:
    assert load(yaml_file.dump({"value": value})) == {"value": value}


@pytest.mark.parametrize("word", ["no", "010", "1e3", "1:30", "0x1F", "~", "null", "yes", "1.", "+1", ".5", "=", "<<"])
def test_words_that_look_like_something_else_stay_words(word: str) -> None:
    assert load(yaml_file.dump({"name": word})) == {"name": word}
