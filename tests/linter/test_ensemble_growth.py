"""Ensembles made to take long: each of them takes about as long as its text, and is judged as a small one is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from large_ensembles import SHAPES, write

from triton_kit.linter.engine import lint
from triton_kit.linter.fix.changes import Patch
from triton_kit.linter.fix.plan import plan_fixes
from triton_kit.linter.options import options
from triton_kit.repository.text_format.source import Replacement

SIZES = {
    "a chain that names each link twice": 200, "a chain": 700, "a circle": 400, "one ensemble in a row": 4000,
    "steps that wait for each other": 4000, "every output into every input": 60,
}  # fmt: skip


def rules(root: Path) -> Counter[str]:
    return Counter(one.rule for one in lint(str(root)).diagnostics)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_large_one_is_judged_as_the_small_one(tmp_path: Path, shape: str) -> None:
    write(tmp_path / "small", shape, 4)
    write(tmp_path / "large", shape, SIZES[shape])
    small, large = rules(tmp_path / "small"), rules(tmp_path / "large")
    assert set(large) == set(small)
    for name, count in small.items():
        # One for the whole, or one for each link or step.
        assert large[name] in (count, count - 4 + SIZES[shape])


def test_a_thousand_tensors_that_nothing_gives_are_each_reported(tmp_path: Path) -> None:
    write(tmp_path, "one ensemble in a row", 1000)
    config = tmp_path / "e" / "config.pbtxt"
    maps = 'output_map { key: "O0" value: "'
    config.write_text(config.read_text().replace(f"{maps}t", f"{maps}tt"))
    found = [one for one in lint(str(tmp_path)).diagnostics if one.rule == "ensemble-tensor-unused"]
    missing = [one for one in found if "nothing gives it" in one.message]
    assert len(missing) == 998
    assert missing[0].help == "did you mean 'tt1'?"
    assert missing[-1].help == "add 't998' to the ensemble's inputs, or a step whose output_map gives it"


def test_two_thousand_findings_are_fixed_at_once(tmp_path: Path) -> None:
    write(tmp_path, "one ensemble in a row", 2000)
    config = tmp_path / "e" / "config.pbtxt"
    before = config.read_text()
    config.write_text(before.replace(" model_version: -1", ""))
    fixes = plan_fixes([tmp_path], options())
    assert fixes.fixed == 2000
    assert [file.new.count("model_version: -1") for file in fixes.files] == [2000]
    assert not fixes.report.diagnostics


REPLACEMENTS = st.builds(
    lambda start, length, text: Replacement(start, start + length, text),
    st.integers(0, 20), st.integers(0, 4), st.text("xy", max_size=2),
)  # fmt: skip


def in_each_others_way(one: Replacement, other: Replacement) -> bool:
    return one.start == other.start or (one.start < other.end and other.start < one.end)


@given(st.lists(REPLACEMENTS, max_size=12))
def test_a_patch_takes_what_is_in_nobodys_way(given_: list[Replacement]) -> None:
    text = "abcdefghijklmnopqrstuvwxyz"
    patch, taken = Patch(), list[Replacement]()
    for one in given_:
        assert (one in patch) == (one in taken)
        assert patch.fits(one) == (not any(in_each_others_way(one, other) for other in taken))
        if patch.fits(one):
            patch.add(one)
            taken.append(one)
    expected = text
    for start, end, new in sorted(taken, reverse=True):
        expected = expected[:start] + new + expected[end:]
    assert patch.made_in(text) == expected
