"""``tk rules`` as a command."""

from __future__ import annotations

import json

import pytest

from triton_kit.cli import run
from triton_kit.linter.load_findings import PAGES
from triton_kit.linter.rule import load_rules


def names(shown: str) -> list[str]:
    return [line.split()[0] for line in shown.splitlines() if line.startswith("  ")]


def test_every_rule_is_listed_below_its_area(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules"]) == 0
    shown = capsys.readouterr().out
    assert names(shown) == [*load_rules(), *PAGES]
    assert shown.startswith("parsing\n  syntax")
    assert "  name-mismatch               error    The name in the configuration is not the directory's\n" in shown


def test_an_area_is_listed_alone_or_with_all_that_begin_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "--area", "labels"]) == 0
    assert names(capsys.readouterr().out) == ["label-file-missing", "label-file-outside", "labels-twice"]
    assert run(["rules", "--area", "onnx"]) == 0
    assert {"onnx-unreadable", "onnx-dims", "onnx-input-count"} <= set(names(capsys.readouterr().out))


def test_a_severity_is_listed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "--severity", "warning"]) == 0
    shown = names(capsys.readouterr().out)
    rules = [name for name, rule in load_rules().items() if str(rule.severity) == "warning"]
    assert shown == [*rules, "load-accepted"]


def test_a_search_looks_at_names_summaries_reasons_and_messages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "--search", "whose required version"]) == 0
    assert names(capsys.readouterr().out) == ["step-version-not-loaded"]


def test_nothing_found_is_said_on_the_side(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "--search", "nothing is like this"]) == 0
    assert capsys.readouterr() == ("", "no rule matches\n")


@pytest.mark.parametrize(
    ("area", "hint"), [("warmups", "did you mean warmup?"), ("zzz", "the areas are parsing, texts")]
)
def test_an_unknown_area_ends_with_2_and_those_there_are(
    area: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rules", "--area", area]) == 2
    assert f"error: {area} is not an area\n  hint: {hint}" in capsys.readouterr().err


def test_json_is_versioned(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "--area", "labels", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["version"] == 1
    assert shown["rules"][0] == {
        "name": "label-file-missing",
        "severity": "error",
        "area": "labels",
        "headline": "The label file of an output cannot be read.",
        "backends": [],
    }


@pytest.mark.parametrize("columns", [80, 120])
def test_a_line_fits_the_terminal(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    run(["rules"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= columns
