"""What a report says can be fixed is what ``--fix`` and ``--diff`` fix: on the judged repositories and the pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from example_files import blocks, lint_example, read_example
from verdicts import materialise, read_cases

from triton_kit.linter.engine import lint_paths
from triton_kit.linter.fix.confirmation import confirmed
from triton_kit.linter.fix.plan import finding_keys, plan_fixes
from triton_kit.linter.options import Options, options
from triton_kit.linter.report.text import render
from triton_kit.linter.rule import RULES, load_rules

load_rules()

PARTS = 4
"""So many tests share the judged repositories."""


def promised(roots: Sequence[Path], judged_by: Options) -> int:
    """How many findings can be fixed by all that say so."""
    report = confirmed(lint_paths(roots, judged_by), roots, judged_by)
    fixes = plan_fixes(roots, judged_by)
    promise = [d for d in report.diagnostics if d.fixable]
    assert len(promise) == fixes.fixed
    assert bool(fixes.fixed) == bool(fixes.places)
    # None of what was promised is left, but for one that reads alike and was not.
    kept = finding_keys(d for d in report.diagnostics if not d.fixable)
    assert not finding_keys(promise) & (finding_keys(fixes.report.diagnostics) - kept)
    said = render(report)
    number = (
        f"{len(promise)} of {len(report.diagnostics)} can be fixed: " if len(report.diagnostics) > 1 else "to fix it:"
    )
    assert (number in said) == bool(promise)
    return fixes.fixed


@pytest.mark.parametrize("part", range(PARTS))
def test_of_every_judged_repository(part: int, tmp_path: Path) -> None:
    cases = read_cases()[part::PARTS]
    found = 0
    for i, case in enumerate(cases):
        materialise(case, tmp_path / str(i))
        found += promised([tmp_path / str(i)], options())
    assert found > 20


@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize("title", ["Bad", "Good"])
def test_of_every_example_of_a_page(rule: str, title: str, tmp_path: Path) -> None:
    for i, block in enumerate(blocks(RULES[rule].doc, title)):
        root = tmp_path / str(i) / "repository"
        lint_example(block, root)
        promised(sorted(root.parent.iterdir(), key=lambda p: p != root), read_example(block).options)
