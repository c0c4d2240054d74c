"""Whether the files that a model keeps its tensors in are where they may be."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from triton_kit.signature.errors import ModelFileError


def confine(path: str | Path, locations: Iterable[str]) -> None:
    """Refuses external data outside the directory of the model file: absolute, by ``..``, or through a link.

    ONNX Runtime resolves a location relative to the directory of the model file. Raises ModelFileError.
    """
    folder = os.path.dirname(os.fspath(path)) or "."  # noqa: PTH120 - a model may name thousands of files
    real = ""
    for location in dict.fromkeys(locations):
        wrong = ""
        if not location:
            wrong = "names no file"
        elif "\0" in location:
            wrong = "has a zero byte in its name"
        elif os.path.isabs(location):  # noqa: PTH117
            wrong = "is an absolute path"
        else:
            joined = os.path.join(folder, location)  # noqa: PTH118
            real = real or os.path.realpath(folder)
            if os.path.normpath(location).split(os.sep, 1)[0] == ".." or not _inside(joined, real):
                wrong = "leads outside the model's directory"
        if wrong:
            raise ModelFileError(
                path,
                f"has external data in {location!r}, which {wrong}",
                reason="external",
                hint="put the data file beside the model, and save the model with its bare name",
            )


def _inside(path: str, real_folder: str) -> bool:
    try:
        real = os.path.realpath(path)
    except (OSError, ValueError):
        return False
    return real.startswith(real_folder.rstrip(os.sep) + os.sep)
