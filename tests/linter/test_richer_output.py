"""What all rules together say of examples in which many of them meet, and of every small edit of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich_examples import EXAMPLES
from said_of_edits import said_of


@pytest.mark.parametrize("title", sorted(EXAMPLES))
def test_what_all_rules_say_of_an_example_and_of_its_edits(
    title: str, tmp_path: Path, snapshot: Callable[..., object]
) -> None:
    assert said_of(EXAMPLES[title].strip(), None, tmp_path) == snapshot
