"""Real lines of servers, engines and clients: each has one explanation, whichever way it is asked about."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from triton_kit.cli import run
from triton_kit.runtime.log.digest import digest
from triton_kit.serve.log import explain_message, table_with_rules

DATA = Path(__file__).parent / "data"
with (DATA / "known_lines.csv").open(encoding="utf-8", newline="") as file:
    LINES = [(row["line"], row["cause"], row["help"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("line", "cause", "help_"), LINES, ids=[f"{i}: {row[1]}" for i, row in enumerate(LINES)])
def test_a_line_has_one_explanation_by_itself_and_in_a_log(line: str, cause: str, help_: str) -> None:
    found = digest(io.BytesIO(line.encode()), table_with_rules())
    assert found.unknown == []
    (problem,) = found.problems
    assert cause in problem.cause
    assert any(word in problem.help for word in help_.split("|"))
    alone = explain_message(line)
    assert alone is not None
    assert (alone.cause, alone.help, alone.rule) == (problem.cause, problem.help, problem.rule)


@pytest.mark.parametrize("line", [row[0] for row in LINES[::9]])
def test_both_commands_say_the_same(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "server.log").write_text(f"{line}\n")
    assert run(["explain", "--log", str(tmp_path / "server.log"), "--format", "json"]) in (0, 1)
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert run(["explain", line, "--format", "json"]) == 0
    known = json.loads(capsys.readouterr().out)["known"]
    assert known == {name: problem[name] for name in known}
