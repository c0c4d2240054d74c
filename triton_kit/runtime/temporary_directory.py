"""Temporary directories that no signal leaves behind."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from triton_kit.runtime.process import run_uninterrupted


def make_directory(ending: ExitStack, *, prefix: str, folder: str | None = None) -> Path:
    """A new directory below ``folder``, removed by ``ending``.

    A Ctrl-C is heard before there is the directory, or after ``ending`` knows of it.
    """
    made: list[Path] = []
    failed: list[OSError] = []

    def make() -> None:
        try:
            made.append(Path(tempfile.mkdtemp(prefix=prefix, dir=folder)))
        except OSError as error:
            failed.append(error)
        else:
            ending.callback(shutil.rmtree, made[0], ignore_errors=True)

    run_uninterrupted(make)
    if failed:
        raise failed[0]
    return made[0]
