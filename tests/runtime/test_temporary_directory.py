"""A temporary directory is removed whenever a signal comes."""

from __future__ import annotations

import os
import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from triton_kit.runtime.temporary_directory import make_directory

REAL = tempfile.mkdtemp


def test_it_is_there_until_the_end(tmp_path: Path) -> None:
    with ExitStack() as ending:
        place = make_directory(ending, prefix="tk-", folder=str(tmp_path))
        (place / "file").write_text("")
        assert [path.name[:3] for path in tmp_path.iterdir()] == ["tk-"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_signal_while_it_is_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, when: str
) -> None:
    def interrupted(prefix: str, dir: str) -> str:  # noqa: A002 - as mkdtemp has it
        if when == "before":
            os.kill(os.getpid(), number)
        made = REAL(prefix=prefix, dir=dir)
        if when == "after":
            os.kill(os.getpid(), number)
        return made

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tempfile, "mkdtemp", interrupted)
    before = signal.signal(number, stop)
    try:
        with pytest.raises(KeyboardInterrupt), ExitStack() as ending:
            make_directory(ending, prefix="tk-", folder=str(tmp_path))
    finally:
        signal.signal(number, before)
    assert list(tmp_path.iterdir()) == []


def test_where_it_cannot_be_made_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), ExitStack() as ending:
        make_directory(ending, prefix="tk-", folder=str(tmp_path / "gone"))
