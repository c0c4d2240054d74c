"""Reading many small files of a directory is reading each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from triton_kit.model import disk


def test_many_files_are_read_as_each_is(tmp_path: Path) -> None:
    wanted = {"a/f": b"short", "b/f": b"", "c/f": b"x" * (1 << 14), "d/f": os.urandom(100_000)}
    for path, data in wanted.items():
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_bytes(data)
    (tmp_path / "directory" / "f").mkdir(parents=True)
    (tmp_path / "dangling").mkdir()
    (tmp_path / "dangling" / "f").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    paths = [*wanted, "directory/f", "dangling/f", "absent/f", "pipe", "a/f/g"]
    assert dict(disk.read_each(str(tmp_path), paths)) == wanted
    assert wanted == {path: disk.read_bytes(str(tmp_path / path)) for path in wanted}


def test_a_directory_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("absent", "file"):
        with pytest.raises(OSError, match=name):
            list(disk.read_each(str(tmp_path / name), ["f"]))
