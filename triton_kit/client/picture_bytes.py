"""Made-up pictures as files, for models that decode them by themselves."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.random import Generator

SIDE = 224
"""Pixels of each side."""


def is_picture(data: bytes) -> bool:
    """Whether the bytes begin as a file of a usual picture format does."""
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM")) or data[8:12] == b"WEBP"


def draw_picture(generator: Generator) -> bytes | None:
    """A JPEG file of coloured patches; ``None`` without Pillow."""
    import numpy as np

    try:
        from PIL import Image
    except ImportError:
        return None
    patches = generator.integers(0, 256, size=(7, 7, 3)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(patches).resize((SIDE, SIDE)).save(file, "JPEG")
    return file.getvalue()
