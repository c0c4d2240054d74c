"""What the parsing and validating part of core says of the models on which its 24.10 and its 26.06 differ, and ours.

``data/core-26.06.tsv`` names the models by their cases in ``data/verdicts.jsonl.xz``. That part of core opens no model
file, so what we say of files does not count here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from verdicts import DATA, materialise, read_cases

from triton_kit.linter.diagnostic import Severity
from triton_kit.linter.engine import Run
from triton_kit.linter.options import options
from triton_kit.linter.pages import page, search_messages
from triton_kit.linter.rule import load_rules
from triton_kit.model.target import Target

_SAID = re.compile(
    r"(?P<model>\w+): (?:OK|(?P<stage>\w+): (?P<reason>.*))"
    r" \| backend=(?P<backend>.*?) platform=(?P<platform>.*) file=(?P<file>.*)"
)
_OF_FILES = ("model-file", "pytorch", "pytorch-runtimes", "pytorch-torchscript", "onnx-file", "onnx-tensors")
"""The areas of rules about what is in a model's files."""


class Verdict(NamedTuple):
    """What core says of a model: where and why it refuses it, empty where not, and the three fields as completed."""

    stage: str
    reason: str
    completed: tuple[str, str, str]


def read_verdicts() -> list[tuple[str, str, dict[str, Verdict]]]:
    found = []
    for line in (DATA / "core-26.06.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        case, model, *cells = line.split("\t")
        verdicts = {}
        for release, cell in zip(("24.10", "26.06"), cells, strict=True):
            said = _SAID.fullmatch(cell)
            assert said is not None, cell
            completed = (said["backend"], said["platform"], said["file"])
            verdicts[release] = Verdict(said["stage"] or "", said["reason"] or "", completed)
        found.append((case, model, verdicts))
    return found


VERDICTS = read_verdicts()
PAGES = [page(rule) for rule in load_rules().values()]


@pytest.fixture(scope="module")
def cases() -> dict[str, dict[str, Any]]:
    return {case["case"]: case for case in read_cases()}


def test_there_are_twenty_four_models_and_core_differs_on_each() -> None:
    assert len(VERDICTS) == 24
    assert all(verdicts["24.10"] != verdicts["26.06"] for _, _, verdicts in VERDICTS)


@pytest.mark.parametrize("release", ["24.10", "26.06"])
@pytest.mark.parametrize(("case", "model", "verdicts"), VERDICTS, ids=[case for case, _, _ in VERDICTS])
def test_we_say_of_a_model_what_core_of_that_release_says(
    case: str, model: str, verdicts: dict[str, Verdict], release: str, cases: dict[str, Any], tmp_path: Path
) -> None:
    materialise(cases[case], tmp_path / "r")
    expected = verdicts[release]
    run = Run(options(release=release))
    report = run.report([Target(str(tmp_path / "r"), whole=True)])
    rules = load_rules()
    errors = [d for d in report.diagnostics if d.severity is Severity.ERROR and rules[d.rule].area not in _OF_FILES]
    assert bool(errors) == bool(expected.stage), [f"{d.rule}: {d.message}" for d in errors]
    if expected.stage:
        quoting = {match.page.name for match in search_messages(expected.reason, PAGES)}
        assert quoting & {d.rule for d in errors}, (expected.reason, quoting, errors)
    if expected.stage != "parse":
        found = run.repository(str(tmp_path / "r")).model(model)
        assert found is not None
        assert tuple(found.detected) == expected.completed
