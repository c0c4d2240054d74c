"""The maker of mutants: each differs in one token, parses, and is drawn again by the same seed."""

from __future__ import annotations

import ast
import importlib
import io
import sys
import tokenize
from pathlib import Path

import pytest
from conftest import ROOT

SOURCE = '''\
"""A module."""

from triton_kit.errors import TkError

KINDS = ("a", "b")


def choose(items: list[int], limit: int = 3, *, strict: bool = False) -> bool:
    """What it does, in 1 sentence."""
    for i, item in enumerate(items[1:limit]):
        if item in (4, 5) and not strict:
            continue
        if item is None or i % 2 == 0:
            raise TkError(f"{item} is not 1 of them", hint="give 7")
        if strict:
            break
    return any(item > -1 for item in items)
'''


@pytest.fixture(scope="module")
def scripts():
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        yield (
            importlib.import_module("mutants"),
            importlib.import_module("nearest_tests"),
            importlib.import_module("mutate"),
        )
    finally:
        sys.path.remove(str(ROOT / "scripts"))


def tokens(source: str) -> list[str]:
    """The tokens that are not layout."""
    kinds = (tokenize.OP, tokenize.NAME, tokenize.NUMBER, tokenize.STRING)
    return [t.string for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type in kinds]


@pytest.mark.parametrize("path", ["", "triton_kit/graph/crossings.py", "triton_kit/versions/policy.py"])
def test_each_mutant_differs_in_one_token_and_parses(scripts, path):
    source = (ROOT / path).read_text() if path else SOURCE
    original, found = tokens(source), scripts[0].mutants(source)
    assert len(found) > 20
    for mutant in found:
        changed = mutant.apply(source)
        ast.parse(changed)
        new = tokens(changed)
        same = next(
            (i for i, (a, b) in enumerate(zip(original, new, strict=False)) if a != b), min(len(original), len(new))
        )
        rest = max(len(original), len(new)) - same - 1
        assert abs(len(original) - len(new)) <= 1
        assert original != new
        assert original[len(original) - rest :] == new[len(new) - rest :], str(mutant)


def test_every_kind_is_found_and_what_does_not_run_is_left_alone(scripts):
    shown = {f"{mutant.line} {mutant}" for mutant in scripts[0].mutants(SOURCE)}
    assert shown == {
        '5 string: "a" -> ""',
        '5 string: "b" -> ""',
        "8 constant: 3 -> 4",
        "8 constant: False -> True",
        "10 constant: 1 -> 0",
        "10 constant: 1 -> 2",
        "10 slice: 1 -> (nothing)",
        "10 slice: limit -> (nothing)",
        "11 boolean: and -> or",
        "11 comparison: (nothing) -> not",
        "11 constant: 4 -> 5",
        "11 constant: 5 -> 6",
        "11 negation: not -> (nothing)",
        "12 loop: continue -> break",
        "13 arithmetic: % -> *",
        "13 boolean: or -> and",
        "13 comparison: (nothing) -> not",
        "13 comparison: == -> !=",
        "13 constant: 0 -> 1",
        "13 constant: 2 -> 3",
        "15 negation: (nothing) -> not",
        "16 loop: break -> continue",
        "17 arithmetic: - -> (nothing)",
        "17 builtin: any -> all",
        "17 comparison: > -> >=",
        "17 constant: 1 -> 0",
        "17 constant: 1 -> 2",
        "17 negation: (nothing) -> not",
    }


def test_a_seed_draws_the_same_mutants_again(scripts):
    _, _, mutate = scripts
    places = [mutate.Place(Path("triton_kit/graph/x.py"), one) for one in scripts[0].mutants(SOURCE)]
    assert mutate.draw(places, 9, 1) == mutate.draw(places, 9, 1)
    assert mutate.draw(places, 9, 1) != mutate.draw(places, 9, 2)
    assert sorted(mutate.draw(places, 1000, 1)) == sorted(places)


def test_the_tests_of_a_room_and_those_that_import_a_module_are_nearest(scripts):
    tests = scripts[1].Tests(ROOT)
    near = {str(file): distance for distance, file in tests.near(Path("triton_kit/versions/log.py"))}
    assert near["tests/versions/test_moving_between_versions.py"] == 1
    assert "tests/repository/test_textproto.py" not in near
