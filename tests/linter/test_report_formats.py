"""The reports that CI services read: GitHub's annotations, SARIF, JUnit, over one fixed report."""

from __future__ import annotations

import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from triton_kit.cli import run
from triton_kit.linter.diagnostic import Diagnostic, Related, Report, Severity
from triton_kit.linter.report.github import format_github
from triton_kit.linter.report.junit import format_junit
from triton_kit.linter.report.sarif import format_sarif
from triton_kit.repository.text_format.source import START, Span

SCHEMA = Path(__file__).parent / "data" / "sarif-2.1.0-rtm.5.json.xz"
CONFIG = Path("repo/m/config.pbtxt")
ODD = Path("repo/a b,c/\udcff%:ü.py")

REPORT = Report(
    diagnostics=(
        Diagnostic(
            rule="preferred-batch-size-too-large",
            severity=Severity.ERROR,
            model="m",
            file=CONFIG,
            span=Span(line=7, column=47, end_line=7, end_column=49),
            message="a preferred batch of 16 is over max_batch_size, 8",
            help="lower it, or raise max_batch_size to 16",
            related=(
                Related(message="the limit", file=CONFIG, span=Span(line=2, column=1, end_line=2, end_column=5)),
                Related(message="said here: \udcfe"),
            ),
        ),
        Diagnostic(
            rule="second-rule",
            severity=Severity.WARNING,
            model="m",
            file=CONFIG,
            span=Span(line=3, column=1, end_line=5, end_column=2),
            message="100% of <it>\nis, so to say: \x1b odd \udcff & 'x'",
        ),
        Diagnostic(
            rule="third-rule", severity=Severity.NOTE, model=None, file=ODD, span=START, message="could be better"
        ),
        Diagnostic(
            rule="second-rule", severity=Severity.ERROR, model="odd \udcff", file=ODD, span=START, message="is wrong"
        ),
    ),
    models=("m", "fine", "odd \udcff"),
    files=3,
)

GITHUB = (
    "::error file=repo/m/config.pbtxt,line=7,endLine=7,title=tk%3A preferred-batch-size-too-large,col=47,endColumn=48"
    "::a preferred batch of 16 is over max_batch_size, 8%0Asaid here: \udcfe"
    "%0Alower it, or raise max_batch_size to 16\n"
    "::warning file=repo/m/config.pbtxt,line=3,endLine=5,title=tk%3A second-rule"
    "::100%25 of <it>%0Ais, so to say: \x1b odd \udcff & 'x'\n"
    "::notice file=repo/a b%2Cc/\\udcff%25%3Aü.py,line=1,endLine=1,title=tk%3A third-rule,col=1,endColumn=1"
    "::could be better\n"
    "::error file=repo/a b%2Cc/\\udcff%25%3Aü.py,line=1,endLine=1,title=tk%3A second-rule,col=1,endColumn=1::is wrong\n"
)

JUNIT = """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="4" failures="2" errors="0">
  <testsuite name="tk validate" tests="4" failures="2" errors="0">
    <testcase classname="tk.validate" name="m">
      <failure type="preferred-batch-size-too-large" message="a preferred batch of 16 is over max_batch_size, 8">\
repo/m/config.pbtxt:7:47: error: a preferred batch of 16 is over max_batch_size, 8 [preferred-batch-size-too-large] \
(lower it, or raise max_batch_size to 16)
  said here: \ufffd</failure>
      <system-out>repo/m/config.pbtxt:3:1: warning: 100% of &lt;it&gt;
is, so to say: \ufffd odd \ufffd &amp; 'x' [second-rule]</system-out>
    </testcase>
    <testcase classname="tk.validate" name="fine" />
    <testcase classname="tk.validate" name="odd \ufffd">
      <failure type="second-rule" message="is wrong">\
repo/a b,c/\\udcff%:ü.py:1:1: error: is wrong [second-rule]</failure>
    </testcase>
    <testcase classname="tk.validate" name="repo/a b,c/\\udcff%:ü.py">
      <system-out>repo/a b,c/\\udcff%:ü.py:1:1: note: could be better [third-rule]</system-out>
    </testcase>
  </testsuite>
</testsuites>
"""


def validate_sarif(document: Any) -> None:
    from jsonschema import Draft4Validator

    schema = json.loads(lzma.decompress(SCHEMA.read_bytes()))
    assert [error.message for error in Draft4Validator(schema).iter_errors(document)] == []


def sarif(report: Report) -> dict[str, Any]:
    text = format_sarif(report, version="1.2.3", describe={"second-rule": "The second one."}.get)
    text.encode()
    document: dict[str, Any] = json.loads(text)
    return document


def test_github_annotations() -> None:
    assert format_github(REPORT) == GITHUB
    assert format_github(Report(models=("m",))) == ""


def test_junit_has_a_case_for_each_model() -> None:
    assert format_junit(REPORT) == JUNIT
    ElementTree.fromstring(JUNIT)


def test_sarif_is_valid_against_its_schema() -> None:
    validate_sarif(sarif(REPORT))
    validate_sarif(sarif(Report()))


def test_sarif_says_what_the_report_says() -> None:
    run = sarif(REPORT)["runs"][0]
    driver = run["tool"]["driver"]
    assert driver["semanticVersion"] == "1.2.3"
    assert [rule["id"] for rule in driver["rules"]] == ["preferred-batch-size-too-large", "second-rule", "third-rule"]
    assert driver["rules"][1]["shortDescription"] == {"text": "The second one."}
    assert [(r["ruleId"], r["level"]) for r in run["results"]] == [
        ("preferred-batch-size-too-large", "error"),
        ("second-rule", "warning"),
        ("third-rule", "note"),
        ("second-rule", "error"),
    ]
    first, _, third, _ = run["results"]
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "repo/m/config.pbtxt"}
    assert place["region"] == {"startLine": 7, "startColumn": 47, "endLine": 7, "endColumn": 49}
    assert [r["message"]["text"] for r in first["relatedLocations"]] == ["the limit", "said here: \\udcfe"]
    assert third["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "repo/a%20b%2Cc/%FF%25%3A%C3%BC.py"}


def test_sarif_knows_a_finding_again_when_its_line_moves() -> None:
    moved = Diagnostic(
        rule="third-rule",
        severity=Severity.NOTE,
        model=None,
        file=ODD,
        span=Span(line=9, column=1, end_line=9, end_column=2),
        message="could be better",
    )
    results = sarif(REPORT)["runs"][0]["results"]
    prints = [r["partialFingerprints"]["tkFinding/v1"] for r in results]
    assert len(set(prints)) == len(prints)
    assert (
        sarif(Report(diagnostics=(moved,)))["runs"][0]["results"][0]["partialFingerprints"]["tkFinding/v1"] == prints[2]
    )


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    config = Path("r/m/config.pbtxt")
    (config.parent / "1").mkdir(parents=True)
    (config.parent / "1/model.py").write_text("class TritonPythonModel:\n    def execute(self, requests): ...\n")
    config.write_text('backend: "python"\nmax_batch_size: 8\ndynamic_batching { preferred_batch_size: [ 4, 16 ] }\n')
    return config


READERS: dict[str, Callable[[str], Any]] = {
    "text": lambda text: text.index("[preferred-batch-size-too-large]"),
    "json": json.loads,
    "github": lambda text: text.index("::error file=r/m/config.pbtxt,line=3"),
    "sarif": lambda text: validate_sarif(json.loads(text)),
    "junit": ElementTree.fromstring,
}


@pytest.mark.parametrize("name", READERS)
def test_validate_prints_each_format_or_writes_it_into_a_file(
    name: str, broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["validate", "r", "--format", name]) == 1
    printed = capsys.readouterr().out
    READERS[name](printed)
    assert run(["validate", "r", "--format", name, "--output", "report"]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "1 error in 1 model\n")
    assert Path("report").read_text() == printed


def test_validate_says_which_rules_there_are_in_sarif(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["validate", str(broken.absolute()), "--format", "sarif"])
    document = json.loads(capsys.readouterr().out)["runs"][0]
    assert document["tool"]["driver"]["rules"][0]["shortDescription"]["text"]
    # A code-scanning service knows files by their place in the checkout.
    assert document["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "r/m/config.pbtxt"


def test_nothing_wrong_is_no_annotation(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", str(sample), "--format", "github"]) == 0
    assert capsys.readouterr().out == ""


def test_an_output_that_cannot_be_written_keeps_what_is_there(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", "r", "--output", "no/such/place"]) == 3
    assert capsys.readouterr().err.startswith("error: no/such/place cannot be written: ")
    Path("report").mkdir()
    assert run(["validate", "r", "--output", "report"]) == 3
    assert not list(Path().rglob(".tk-stage-*"))


def test_an_output_may_be_a_device(broken: Path) -> None:
    assert run(["validate", "r", "--output", "/dev/null"]) == 1
    assert Path("/dev/null").is_char_device()
