"""Where a finding stands, how severe it is, and what it says beside its message, in each case that is reported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import test_conditions_of_code
import test_conditions_of_folders
import test_conditions_of_kernels
import test_conditions_of_model_files
import test_conditions_of_numbers
import test_conditions_of_onnx_files
import test_conditions_of_python_models
import test_conditions_of_rules
import test_conditions_of_settings
import test_remedies
import test_rule_numbers
from example_files import lint_example
from said_of_edits import own, place, words
from short_examples import Case, with_rules

TABLES: tuple[dict[str, Case], ...] = (
    test_conditions_of_code.CASES,
    test_conditions_of_folders.CASES,
    test_conditions_of_kernels.CASES,
    test_conditions_of_model_files.CASES,
    test_conditions_of_numbers.CASES,
    test_conditions_of_onnx_files.CASES,
    test_conditions_of_python_models.CASES,
    test_conditions_of_rules.CASES,
    test_conditions_of_settings.CASES,
    test_remedies.CASES,
    test_rule_numbers.LIMITS,
)
REPORTED: dict[str, Case] = {
    title: (rule, block, wanted)
    for table in TABLES
    for title, (rule, block, wanted) in zip(with_rules(table), table.values(), strict=True)
    if wanted
}


@pytest.mark.parametrize("title", REPORTED)
def test_a_finding_stands_where_it_belongs(title: str, tmp_path: Path, snapshot: Callable[..., object]) -> None:
    rule, block, _ = REPORTED[title]
    found = own(lint_example(block, tmp_path / "r"), rule)
    assert "\n".join(f"{place(d)} {words(d, tmp_path)}" for d in found) == snapshot
