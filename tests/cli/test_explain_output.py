"""The whole output of ``tk explain --log`` for logs that users asked about."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from triton_kit.cli import run

LOGS = sorted((Path(__file__).parents[1] / "runtime" / "data" / "field_logs").glob("*.log"))


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_what_is_said_of_a_log(
    log: Path,
    snapshot: SnapshotAssertion,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(log.parent)
    monkeypatch.setenv("COLUMNS", "80")
    code = run(["explain", "--log", log.name])
    assert f"{capsys.readouterr().out}exit code {code}\n" == snapshot
