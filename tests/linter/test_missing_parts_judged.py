"""Models that refer to each other, each part left out in turn, are judged without a rule that fails.

These are the inputs that the fuzzer of fuzz/several.py begins with; it looks for more.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from triton_kit.graph import json
from triton_kit.graph.build import draw
from triton_kit.linter.engine import Run, lint
from triton_kit.linter.options import Options
from triton_kit.linter.report import text
from triton_kit.model.broken import Broken
from triton_kit.model.normalization import complete_text

FUZZ = Path(__file__).resolve().parents[2] / "fuzz"


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(FUZZ))
    import several  # type: ignore[import-not-found]

    yield several
    for name in ("several", "kinds"):
        sys.modules.pop(name, None)


def _without_a_fault(path: Path, data: bytes) -> int:
    report = lint(path)
    failed = [one.message for one in report.diagnostics if one.rule == "internal-error"]
    assert not failed, (data.hex(), failed)
    text.render(report)
    return len(report.diagnostics)


def test_no_rule_fails_whatever_is_left_out(several: ModuleType, tmp_path: Path) -> None:
    fuzzed = several.Several()
    seeds = list(fuzzed.seeds())
    assert len(seeds) > 300
    assert sum(_without_a_fault(fuzzed.lay(tmp_path, data), data) for data in seeds) > len(seeds)


def test_the_graph_and_the_completed_configuration_are_made_whatever_is_left_out(
    several: ModuleType, tmp_path: Path
) -> None:
    fuzzed = several.Several()
    completed = 0
    for data in list(fuzzed.seeds())[::3]:
        path = fuzzed.lay(tmp_path, data)
        assert json.render(draw(str(path), Options(), configs=True).graph)
        repository = Run(Options()).repository(str(path))
        for model in filter(None, map(repository.model, repository.names)):
            try:
                completed += bool(complete_text(model))
            except Broken:
                continue
    assert completed
