"""The findings of ``tk validate --load`` have names that go wherever those of rules go."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from broken_models import BROKEN, GOOD, write

from triton_kit.cli import run
from triton_kit.linter.load_findings import PAGES

ALL = sorted(PAGES)


def tk(*arguments: str, load: bool = True, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    loading = ["--load", "--runtime", "local", "--timeout", "30"] if load else []
    argv = [sys.executable, "-m", "triton_kit", "validate", *arguments, *loading]
    return subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False, cwd=cwd)


def rules(done: subprocess.CompletedProcess[str]) -> list[tuple[str, str]]:
    return [(d["rule"], d["severity"]) for d in json.loads(done.stdout)["diagnostics"]]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An ensemble, whose model fails as its Python is loaded."""
    models = {"pipeline": BROKEN["ensemble_of_broken"], "python_import": BROKEN["python_import"]}
    return write(tmp_path / "models", models)


@pytest.mark.parametrize("name", ALL)
def test_each_has_a_page(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", name]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{name}  {PAGES[name].severity}  load\n\nThe server that tk started ")
    assert len(shown.splitlines()) > 4


def test_a_page_is_a_rule_s_page_in_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "[load_hung]", "--format", "json"]) == 0
    (page,) = json.loads(capsys.readouterr().out)["rules"]
    assert (page["name"], page["severity"], page["area"]) == ("load-hung", "error", "load")


@pytest.mark.parametrize("arguments", [["load-hanged"], ["load-hang"]])
def test_a_misspelt_name_leads_to_the_nearest(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", *arguments]) == 2
    assert "did you mean load-hung?" in capsys.readouterr().err


def test_the_area_is_an_area(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "load"]) == 2
    assert "load is an area, not a rule" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--select", "--ignore"])
@pytest.mark.parametrize("name", [*ALL, "load"])
def test_every_name_is_known_without_a_server(repository: Path, option: str, name: str) -> None:
    done = tk(str(repository), option, name, "--format", "json", load=False)
    assert done.returncode == 0, done.stderr
    assert "load" not in done.stderr


def test_an_unknown_one_is_refused_with_the_nearest(repository: Path) -> None:
    done = tk(str(repository), "--ignore", "load-refuse", load=False)
    assert done.returncode == 2
    assert "did you mean load-refused?" in done.stderr


@pytest.mark.usefixtures("embedded")
@pytest.mark.parametrize(
    ("options", "left"),
    [
        ([], ["load-refused", "load-refused"]),
        (["--ignore", "load-refused"], []),
        (["--ignore", "load"], []),
        (["--ignore", "load-hung"], ["load-refused", "load-refused"]),
        (["--select", "load"], ["load-refused", "load-refused"]),
        (["--select", "load-hung"], []),
        (["--select", "tensors"], []),
    ],
    ids=["all", "ignored", "area ignored", "another ignored", "area selected", "another selected", "a rule selected"],
)
def test_they_are_heard_as_rules_are(repository: Path, options: list[str], left: list[str]) -> None:
    done = tk(str(repository), *options, "--format", "json")
    assert [rule for rule, _ in rules(done) if rule.startswith("load-")] == left
    assert [model["state"] for model in json.loads(done.stdout)["load"]["models"]] == ["refused", "refused"]
    assert done.returncode == (1 if left else 0)


@pytest.mark.usefixtures("embedded")
def test_a_project_says_how_bad_they_are(repository: Path) -> None:
    (repository.parent / "tk.yaml").write_text("repository: models\nlint:\n  severity:\n    load-refused: warning\n")
    done = tk("models", "--format", "json", cwd=repository.parent)
    found = [one for one in rules(done) if one[0].startswith("load-")]
    assert found == [("load-refused", "warning")] * 2
    assert done.returncode == 0


@pytest.mark.usefixtures("embedded")
def test_a_comment_silences_one_at_its_line(repository: Path) -> None:
    config = repository / "pipeline" / "config.pbtxt"
    config.write_text(config.read_text().replace("  step {", "  # tk: ignore[load-refused]\n  step {"))
    found = json.loads(tk(str(repository), "--format", "json").stdout)
    assert [(d["model"], d["rule"]) for d in found["diagnostics"] if d["severity"] == "error"] == [
        ("python_import", "load-refused")
    ]
    assert found["summary"]["suppressed"] == 1
    plain = json.loads(tk(str(repository), "--format", "json", load=False).stdout)
    assert [d for d in plain["diagnostics"] if d["rule"] == "unused-suppression"] == []


def test_a_comment_with_a_name_like_it_is_told_the_nearest(repository: Path) -> None:
    config = repository / "pipeline" / "config.pbtxt"
    config.write_text(config.read_text() + "# tk: ignore[load-refuse]\n")
    done = tk(str(repository), load=False)
    assert "load-refuse is not a rule" in done.stdout
    assert "load-refused" in done.stdout


@pytest.mark.usefixtures("embedded")
def test_a_baseline_knows_them(repository: Path, tmp_path: Path) -> None:
    baseline = str(tmp_path / "known.json")
    assert tk(str(repository), "--baseline", baseline, "--update-baseline").returncode == 0
    assert "load-refused" in Path(baseline).read_text()
    again = tk(str(repository), "--baseline", baseline, "--format", "json")
    assert (again.returncode, rules(again)) == (0, [])
    write(repository, {"another": BROKEN["python_raises"]})
    new = tk(str(repository), "--baseline", baseline, "--format", "json")
    assert ("load-refused", "error") in rules(new)


@pytest.mark.usefixtures("embedded")
def test_what_is_not_heard_asks_for_no_report(tmp_path: Path) -> None:
    bad = GOOD["good_onnx"]._replace(config=BROKEN["onnx_dims"].config)
    repository = write(tmp_path / "models", {"m": bad})
    done = tk(str(repository), "--ignore", "onnx-dims", "--format", "json")
    assert [rule for rule, _ in rules(done)] == ["load-refused"]
    assert "worth a report" not in done.stderr
