"""What each rule says of the examples of its page, and of every small edit of them, word for word.

An edit is listed where the rule then says something else, or nothing. What an edit of a repeated field silences must
be found beside the edited field too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from example_edits import Edit, edits, with_sibling
from example_files import blocks, lint_example, read_example

from triton_kit.linter.diagnostic import Diagnostic, Report
from triton_kit.linter.engine import Run
from triton_kit.linter.rule import RULES, load_rules
from triton_kit.model.overlay import Overlay
from triton_kit.model.target import Target

load_rules()
TITLES = ("Bad", "Good")


@pytest.mark.parametrize("name", sorted(RULES))
def test_what_a_rule_says_of_its_examples_and_of_their_edits(
    name: str, tmp_path: Path, snapshot: Callable[..., object]
) -> None:
    parts = [f"{title}\n{said_of(blocks(RULES[name].doc, title)[0], name, tmp_path / title)}" for title in TITLES]
    assert "\n".join(parts) == snapshot


def said_of(block: str, rule: str, root: Path) -> str:
    """What a rule says of a block, then of each edit that makes a difference."""
    usual = own(lint_example(block, root / "0" / "r"), rule)
    said = [words(d, root) for d in usual]
    lines = [f"  {place(d)} {words(d, root)}" for d in usual]
    numbers = count(1)

    def tell(edit: Edit) -> list[Diagnostic]:
        found = own(lint_edited(block, edit.apply(block), root, next(numbers)), rule)
        if [words(d, root) for d in found] != said:
            lines.append(f"  {edit.said}")
            lines.extend(f"    {place(d)} {words(d, root)}" for d in found)
        return found

    for edit in edits(block):
        if not tell(edit) and usual and (sibling := with_sibling(block, edit)):
            tell(sibling)
    return "\n".join(lines or ["  nothing"])


def lint_edited(block: str, edited: str, root: Path, number: int) -> Report:
    """The report on an edited block; where the configuration alone is another one, in the place of the first."""
    before, after = read_example(block), read_example(edited)
    config = root / "0" / "r" / "m" / "config.pbtxt"
    rooted = before.files == after.files and not any("../.." in head for head, _ in after.files)
    if not rooted or before.config is None or after.config is None or not config.is_file():
        return lint_example(edited, root / str(number) / "r")
    disk = Overlay({os.path.realpath(config): after.config.encode()}, frozenset())
    return Run(after.options, disk).report([Target(str(root / "0" / "r"), whole=True)])


def own(report: Report, rule: str) -> list[Diagnostic]:
    return [d for d in report.diagnostics if d.rule == rule]


def place(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    return f"{diagnostic.file.name}:{span.line}:{span.column}-{span.end_line}:{span.end_column}"


def words(diagnostic: Diagnostic, root: Path) -> str:
    """All that a finding says, without its place."""
    text = f"{diagnostic.severity}: {diagnostic.message} ({diagnostic.help})"
    for one in diagnostic.related:
        text += f" | {one.span.line}:{one.span.column} {one.message}"
    for change in diagnostic.changes:
        text += f" | fix: {change.replacement.text if change.replacement else change.file.name!r}"
    return re.sub(rf"{re.escape(str(root))}(/\d+(/r\b)?)?", "<place>", text)
