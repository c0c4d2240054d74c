"""What each rule says of the examples of its page, and of every small edit of them, word for word.

An edit is listed where the rule then says something else, or nothing. What an edit of a repeated field silences must
be found beside the edited field too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from example_files import blocks
from said_of_edits import said_of

from triton_kit.linter.rule import RULES, load_rules

load_rules()


@pytest.mark.parametrize("name", sorted(RULES))
def test_what_a_rule_says_of_its_examples_and_of_their_edits(
    name: str, tmp_path: Path, snapshot: Callable[..., object]
) -> None:
    bad, good = (blocks(RULES[name].doc, title)[0] for title in ("Bad", "Good"))
    said = f"Bad\n{said_of(bad, name, tmp_path / 'Bad', good)}\nGood\n{said_of(good, name, tmp_path / 'Good')}"
    assert said == snapshot
