"""Each rule's page is its first test: it fires on what the page calls bad, and not on what it calls good."""

from __future__ import annotations

from pathlib import Path

import pytest
from example_files import blocks, lint_example

from triton_kit.linter.diagnostic import Severity
from triton_kit.linter.rule import RULES, load_rules

load_rules()
NAMES = sorted(RULES)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_says_what_is_wrong_and_shows_both_sides(name: str) -> None:
    doc = RULES[name].doc
    headline, blank, *_ = doc.split("\n")
    assert headline.endswith(".")
    assert not blank.strip()
    assert blocks(doc, "Bad"), "no Bad block"
    assert blocks(doc, "Good"), "no Good block"


@pytest.mark.parametrize("name", NAMES)
def test_it_fires_on_what_its_page_calls_bad(name: str, tmp_path: Path) -> None:
    report = lint_example(blocks(RULES[name].doc, "Bad")[0], tmp_path / "repository")
    fired = {d.rule: d.severity for d in report.diagnostics}
    assert name in fired, [f"{d.rule}: {d.message}" for d in report.diagnostics]
    assert fired[name] is RULES[name].severity


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_refused_in_what_its_page_calls_good(name: str, tmp_path: Path) -> None:
    report = lint_example(blocks(RULES[name].doc, "Good")[0], tmp_path / "repository")
    unexpected = [
        f"{d.rule}: {d.message}" for d in report.diagnostics if d.severity is Severity.ERROR or d.rule == name
    ]
    assert not unexpected


@pytest.mark.parametrize("name", NAMES)
def test_a_message_has_the_voice_of_the_house(name: str, tmp_path: Path) -> None:
    report = lint_example(blocks(RULES[name].doc, "Bad")[0], tmp_path / "repository")
    for diagnostic in report.diagnostics:
        if diagnostic.rule == name:
            assert not diagnostic.message.endswith(".")
            assert "\n" not in diagnostic.message
            assert diagnostic.help is None or not diagnostic.help.endswith(".")
