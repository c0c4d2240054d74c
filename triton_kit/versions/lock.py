"""One step at a time: who changes the versions of a model holds the lock on its folder."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from triton_kit.errors import TkError
from triton_kit.files.stage import lock

PATIENCE = 20.0
"""Seconds to wait for another tk."""


@contextlib.contextmanager
def locked(model: Path, *, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the model's folder for the block; it is free again when the process ends, however that ends.

    Raises TkError where another tk holds it for longer than ``patience`` seconds.
    """
    try:
        handle = os.open(model, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise TkError(f"{model} cannot be read: {(error.strerror or str(error)).lower()}") from None
    try:
        end = time.monotonic() + patience
        while lock(handle) is False:
            if time.monotonic() > end:
                raise TkError(f"{model} is being changed by another tk", hint="wait until that has ended")
            time.sleep(0.05)
        yield
    finally:
        os.close(handle)
