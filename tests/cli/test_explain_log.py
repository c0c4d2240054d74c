"""``tk explain --log``: from a log to what fixes it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from test_json_documentation import check

from triton_kit.cli import run

LOG = """\
I1122 23:14:00.570231 1 model_lifecycle.cc:472] "loading: ranker:1"
E1122 23:14:02.570231 1 server.cc:241] "CudaDriverHelper has not been initialized."
[libprotobuf ERROR /x/text_format.cc:337] Error parsing text-format inference.ModelConfig: 2:15: Message type \
"inference.ModelConfig" has no field named "max_batch_sise".
E1122 23:14:03.570231 1 model_repository_manager.cc:1460] "Poll failed for model directory 'ranker': failed to read \
text proto from /models/ranker/config.pbtxt"
error: creating server: Internal - failed to load all models
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A log in the working directory, beside the repository that it is about."""
    model = tmp_path / "model_repository" / "ranker"
    (model / "1").mkdir(parents=True)
    (model / "config.pbtxt").write_text('backend: "python"\nmax_batch_sise: 8\n')
    (tmp_path / "server.log").write_text(LOG)
    monkeypatch.chdir(tmp_path)
    return "server.log"


def test_each_problem_has_cause_line_place_and_command(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "--log", log]) == 1
    shown = capsys.readouterr()
    assert shown.err == ""
    assert shown.out.startswith("server.log: 5 lines, 1 problem\n\nerror: ")
    assert "max_batch_sise" in shown.out
    assert "  line 3: " in shown.out
    assert "  at /models/ranker/config.pbtxt:2:15\n" in shown.out
    assert "try: tk explain unknown-field" in shown.out
    assert shown.out.index("  follows: ") < shown.out.index("harmless:")


def test_with_the_repository_the_linter_shows_the_place(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "--log", log, "--repository", "model_repository"]) == 1
    shown = capsys.readouterr().out
    assert "  model_repository/ranker/config.pbtxt:2:1: " in shown
    assert "[unknown-field]" in shown
    assert "try: tk validate model_repository" in shown


def test_in_a_project_its_repository_is_taken(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("tk.yaml").write_text("repository: model_repository\n")
    assert run(["explain", "--log", log]) == 1
    assert "ranker/config.pbtxt:2:1: " in capsys.readouterr().out


def test_a_log_of_nothing_bad_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "l").write_text(LOG.splitlines()[1])
    assert run(["explain", "--log", str(tmp_path / "l")]) == 0
    shown = capsys.readouterr().out
    assert ": 1 line\n\nharmless:\n" in shown
    assert shown.endswith("\n\nnothing is wrong\n")


def test_errors_that_nothing_is_known_of_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "l").write_text('E1122 23:14:02.570231 1 x.cc:1] "the moon is in the way"\n')
    assert run(["explain", "--log", str(tmp_path / "l")]) == 1
    shown = capsys.readouterr().out
    assert ": 1 line, 1 unknown error\n\nlook like errors, and nothing is known of them:\n" in shown
    assert "  line 1: the moon is in the way\n" in shown


def test_a_log_may_come_through_a_pipe() -> None:
    argv = [sys.executable, "-m", "triton_kit", "explain", "--log", "-"]
    done = subprocess.run(argv, input=LOG.encode() + b"\xff\xfe\n", capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith(b"the log: 6 lines, 1 problem")


def test_the_json_is_as_documented(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "--log", log, "--repository", "model_repository", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    check("tk explain --log", found)
    assert found["problems"][0]["findings"][0]["rule"] == "unknown-field"
    assert [p["severity"] for p in found["problems"]] == ["error", "consequence"]
    assert [p["follows"] for p in found["problems"]] == [None, 3]
    assert [p["severity"] for p in found["harmless"]] == ["harmless"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--log", "none.log"], 2, "none.log is not a file"),
        (["--log", "."], 2, ". is not a file"),
        (["--log", "server.log", "--repository", "none"], 2, "none is not a directory"),
        (["--log", "server.log", "syntax"], 2, "syntax does not go with --log"),
        (["--repository", "model_repository"], 2, "--repository goes with --log"),
    ],
)
@pytest.mark.usefixtures("log")
def test_what_cannot_be_meant_is_refused(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", *arguments]) == code
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""
