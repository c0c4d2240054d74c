"""A server's log that is followed while the server, or the log, goes."""

from __future__ import annotations

from pathlib import Path

from triton_kit.runtime.log.file import follow_file


def test_what_is_written_before_the_end_is_shown_though_the_file_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    path.write_text("one\n")
    over = False
    shown = follow_file(path, tail=None, ended=lambda: over)
    assert next(shown) == "one"
    with path.open("a") as file:
        file.write("two\n")
        path.unlink()
    assert next(shown) == "two"
    over = True
    assert list(shown) == []


def test_a_log_that_is_cut_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    path.write_text("one\ntwo\n")
    over = False
    shown = follow_file(path, tail=1, ended=lambda: over)
    assert next(shown) == "two"
    path.write_text("3\n")
    assert next(shown) == "3"
    over = True
    assert list(shown) == []
