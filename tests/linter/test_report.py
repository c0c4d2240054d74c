"""The report in each of its forms."""

from __future__ import annotations

import json as stdlib_json
from pathlib import Path

from triton_kit.linter.diagnostic import Diagnostic, Related, Report, Severity
from triton_kit.linter.report import json, text
from triton_kit.repository.text_format.source import Span

CONFIG = Path("repo/m/config.pbtxt")
LINE = "dynamic_batching { preferred_batch_size: [ 4, 16 ] max_queue_delay_microseconds: 100 }"


def report(source: str = "\n" * 6 + LINE, *, line: int = 7, column: int = 47, end: int = 49, **more: object) -> Report:
    diagnostic = Diagnostic(
        rule="preferred-batch-size-too-large",
        severity=Severity.ERROR,
        model="m",
        file=CONFIG,
        span=Span(line=line, column=column, end_line=line, end_column=end),
        message="a preferred batch of 16 is over max_batch_size, 8",
        help="lower it, or raise max_batch_size to 16",
        **more,  # type: ignore[arg-type]
    )
    return Report(diagnostics=(diagnostic,), models=("m",), files=1, sources={CONFIG: source})


def test_text_shows_the_line_with_carets_and_the_remedy() -> None:
    assert (
        text.render(report())
        == f"""\
repo/m/config.pbtxt:7:47: error: a preferred batch of 16 is over max_batch_size, 8 [preferred-batch-size-too-large]
  |
7 | {LINE}
  |                                               ^^
  = help: lower it, or raise max_batch_size to 16

1 error in 1 model"""
    )


def test_text_names_related_places() -> None:
    related = Related(message="the limit is here", file=CONFIG, span=Span(line=2, column=1, end_line=2, end_column=5))
    assert "  = see: repo/m/config.pbtxt:2:1: the limit is here\n" in text.render(report(related=(related,)))


def test_text_without_problems_is_the_summary() -> None:
    assert text.render(Report(models=("a", "b", "c"))) == "no problems in 3 models"
    assert text.render(Report(models=("a",), suppressed=2)) == "no problems in 1 model (2 suppressed)"


def test_carets_stand_below_wide_and_odd_characters() -> None:
    shown = text.render(report('\tname: "図" # \x1b[31m', line=1, column=8, end=11)).split("\n")
    assert shown[2] == '1 |     name: "図" # \\x1b[31m'
    assert shown[3] == "  |           ^^^^"


def test_a_very_long_line_is_shown_around_the_place() -> None:
    shown = text.render(report("x" * 5000 + "HERE" + "y" * 5000, line=1, column=5001, end=5005)).split("\n")
    assert len(shown[2]) < 200
    assert shown[3].index("^") == shown[2].index("HERE")


def test_no_control_character_of_a_file_reaches_the_terminal() -> None:
    odd = Report(
        diagnostics=(
            Diagnostic(
                rule="r",
                severity=Severity.WARNING,
                model="\udcff",
                file=Path("a\x1b]0;title\x07\udcff"),
                span=Span(line=1, column=1, end_line=1, end_column=1),
                message="'\x1b[2J' is not a name",
            ),
        ),
    )
    shown = text.render(odd)
    assert "\x1b" not in shown
    assert "\x07" not in shown
    shown.encode("utf-8")
    json.render(odd).encode("utf-8")


def test_colours_are_ours_to_ask_for() -> None:
    assert "\x1b[" not in text.render(report())
    assert "\x1b[1;31merror\x1b[0m" in text.render(report(), color=True)


def test_json_is_version_1_with_every_key() -> None:
    related = Related(message="the limit is here", file=CONFIG, span=Span(line=2, column=1, end_line=2, end_column=5))
    assert stdlib_json.loads(json.render(report(related=(related,)))) == {
        "version": 1,
        "ok": False,
        "summary": {"errors": 1, "warnings": 0, "notes": 0, "suppressed": 0, "baselined": 0, "models": 1, "files": 1},
        "models": ["m"],
        "diagnostics": [
            {
                "rule": "preferred-batch-size-too-large",
                "severity": "error",
                "model": "m",
                "file": "repo/m/config.pbtxt",
                "span": {"line": 7, "column": 47, "end_line": 7, "end_column": 49},
                "message": "a preferred batch of 16 is over max_batch_size, 8",
                "help": "lower it, or raise max_batch_size to 16",
                "related": [
                    {
                        "message": "the limit is here",
                        "file": "repo/m/config.pbtxt",
                        "span": {"line": 2, "column": 1, "end_line": 2, "end_column": 5},
                    }
                ],
                "fixable": False,
                "edits": [],
            }
        ],
    }
