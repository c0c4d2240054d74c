"""docs/ensembles.md tells what tk does."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from triton_kit.cli import run

PAGE = (Path(__file__).parents[2] / "docs" / "ensembles.md").read_text()


def test_the_example_prints_what_the_page_shows(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(sample, "model_repository")
    command = PAGE.split("```bash\n")[1].split("```")[0]
    assert run(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out == PAGE.split("```\n")[2].split("```")[0]
