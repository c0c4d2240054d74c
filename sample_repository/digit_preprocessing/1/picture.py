"""From the bytes of an image file to the 8 x 8 pixels that the digit models read.

Nothing here knows Triton, so it can be tried, tested and trained with on its own.
"""

import io
import struct
import zlib

import numpy as np

CELLS = 8
"""Rows and columns of the frame in which the dataset keeps its digits."""
FULL_INK = 16.0
"""The value of a cell that is all ink, in the dataset's scale; 0 is paper."""
MOST_PIXELS = 4_000_000
"""Larger pictures are refused before they are unpacked: a small file may claim any size."""
FAINTEST = 0.2
"""Ink below this part of the strongest contrast is noise, and does not widen the box around the digit."""

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # PNG colour type -> samples in a pixel


class UnreadableImage(ValueError):
    """The bytes are no image that can be read, or the image shows no digit; the message says which."""


def to_pixels(data: bytes) -> np.ndarray:
    """The bytes of an image file -> FP32 [8, 8], 0 for paper to 16 for ink. Raises UnreadableImage."""
    return frame(ink(decode(data)))


def decode(data: bytes) -> np.ndarray:
    """The bytes of an image file -> RGBA, uint8 [height, width, 4].

    Pillow reads many formats where it is installed; Triton's own image is without it, and there PNG has to do.
    """
    if not data:
        raise UnreadableImage("no bytes: the image is empty")
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        return decode_png(data)
    try:
        with Image.open(io.BytesIO(data)) as image:
            _refuse_if_too_large(*image.size)
            return np.asarray(image.convert("RGBA"))
    except UnreadableImage:
        raise
    except UnidentifiedImageError:
        raise UnreadableImage("no image of a format that Pillow knows") from None
    except Exception as error:  # Pillow's readers raise whatever comes up in a broken file
        raise UnreadableImage(f"no readable image: {error}") from error


def ink(rgba: np.ndarray) -> np.ndarray:
    """How much ink each pixel holds, FP64 [height, width] from 0 to 1, for dark on light and for light on dark.

    What the border mostly shows is the paper; of the two directions away from it, the one with more in it is the ink.
    """
    colour = rgba[..., :3] @ np.array([0.299, 0.587, 0.114])
    alpha = rgba[..., 3] / 255.0
    grey = colour * alpha + 255.0 * (1.0 - alpha)  # what is transparent lies on white paper
    paper = np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]]))
    darker, lighter = np.clip(paper - grey, 0, None), np.clip(grey - paper, 0, None)
    strokes = darker if darker.sum() >= lighter.sum() else lighter
    contrast = strokes.max()
    if contrast < 16:
        raise UnreadableImage("a blank picture: no digit stands out from the paper")
    return strokes / contrast


def frame(strokes: np.ndarray) -> np.ndarray:
    """Cut the digit out and fit it into the dataset's frame by area averaging: FP32 [8, 8], 0 to 16.

    The dataset's digits fill the height, keep their proportions and stand in the middle; so shall this one.
    """
    marked = strokes > FAINTEST
    rows, columns = np.flatnonzero(marked.any(axis=1)), np.flatnonzero(marked.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    side = max(bottom - top, right - left)
    y, x = (top + bottom - side) / 2, (left + right - side) / 2
    down, across = _overlaps(strokes.shape[0], y, side / CELLS), _overlaps(strokes.shape[1], x, side / CELLS)
    return (FULL_INK * (down @ strokes @ across.T)).astype(np.float32)


def _overlaps(size: int, start: float, width: float) -> np.ndarray:
    """What part of each of 8 cells, ``width`` pixels wide from ``start`` on, each pixel covers: [8, size]."""
    begin = start + width * np.arange(CELLS)[:, None]
    pixel = np.arange(size)[None, :]
    return np.clip(np.minimum(begin + width, pixel + 1) - np.maximum(begin, pixel), 0, None) / width


def decode_png(data: bytes) -> np.ndarray:
    """A PNG file of 8 bits a sample, not interlaced -> RGBA, uint8 [height, width, 4]. Raises UnreadableImage."""
    header, palette, transparency, packed = _chunks(data)
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if depth != 8 or kind not in _CHANNELS or interlaced:
        raise UnreadableImage("a PNG of another kind than 8 bits a sample, not interlaced: install Pillow to read it")
    _refuse_if_too_large(width, height)
    channels = _CHANNELS[kind]
    length = height * (1 + width * channels)
    try:
        raw = zlib.decompressobj().decompress(packed, length)
    except zlib.error as error:
        raise UnreadableImage(f"a damaged PNG: {error}") from error
    if len(raw) < length:
        raise UnreadableImage("a truncated PNG: pixels are missing")
    samples = _unfilter(raw, height, width * channels, channels).reshape(height, width, channels)
    return _to_rgba(samples, kind, palette, transparency)


def _chunks(data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """The parts of a PNG file that make the picture: IHDR, PLTE, tRNS, and all of IDAT."""
    if not data.startswith(_PNG_SIGNATURE):
        raise UnreadableImage("no PNG: install Pillow to read other formats")
    found = {b"IHDR": b"", b"PLTE": b"", b"tRNS": b"", b"IDAT": b""}
    at = len(_PNG_SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length
        if at > len(data) or zlib.crc32(name + body) != struct.unpack_from(">I", data, at - 4)[0]:
            raise UnreadableImage("a damaged PNG: a chunk is cut off, or its checksum is wrong")
        if name in found:
            found[name] += body
        elif name == b"IEND":
            break
    if len(found[b"IHDR"]) != 13 or not found[b"IDAT"]:
        raise UnreadableImage("a damaged PNG: its header or its pixels are missing")
    return found[b"IHDR"], found[b"PLTE"], found[b"tRNS"], found[b"IDAT"]


def _unfilter(raw: bytes, height: int, stride: int, step: int) -> np.ndarray:
    """Undo the prediction that PNG puts on each line before packing it: uint8 [height, stride]."""
    lines = np.frombuffer(raw, np.uint8).reshape(height, stride + 1)
    result = np.zeros((height, stride), np.uint8)
    above = np.zeros(stride, np.uint8)
    for y in range(height):
        kind, line = lines[y, 0], lines[y, 1:]
        if kind == 0:
            above = line
        elif kind == 1:
            above = np.add.accumulate(line.reshape(-1, step), axis=0, dtype=np.uint8).reshape(-1)
        elif kind == 2:
            above = line + above
        elif kind in (3, 4):
            above = _unpredict(line.tolist(), above.tolist(), step, _mean if kind == 3 else _paeth)
        else:
            raise UnreadableImage(f"a damaged PNG: a line is filtered by unknown method {kind}")
        result[y] = above
    return result


def _unpredict(line: list, above: list, step: int, predict) -> np.ndarray:
    """The two filters in which a sample needs its left neighbour first, so that there is no way but one by one."""
    for i, value in enumerate(line):
        left, corner = (line[i - step], above[i - step]) if i >= step else (0, 0)
        line[i] = (value + predict(left, above[i], corner)) & 255
    return np.array(line, np.uint8)


def _mean(left: int, above: int, _corner: int) -> int:
    return (left + above) // 2


def _paeth(left: int, above: int, corner: int) -> int:
    to_left, to_above, to_corner = abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
    if to_left <= to_above and to_left <= to_corner:
        return left
    return above if to_above <= to_corner else corner


def _to_rgba(samples: np.ndarray, kind: int, palette: bytes, transparency: bytes) -> np.ndarray:
    """The samples of PNG colour type ``kind`` as RGBA."""
    rgba = np.full((*samples.shape[:2], 4), 255, np.uint8)
    if kind == 3:
        colours = np.frombuffer(palette[: len(palette) // 3 * 3], np.uint8).reshape(-1, 3)
        if samples.max() >= len(colours):
            raise UnreadableImage("a damaged PNG: a pixel names a colour that the palette lacks")
        alphas = np.full(len(colours), 255, np.uint8)
        alphas[: len(transparency)] = np.frombuffer(transparency[: len(colours)], np.uint8)
        rgba[..., :3], rgba[..., 3] = colours[samples[..., 0]], alphas[samples[..., 0]]
        return rgba
    colour = samples.shape[2] - (kind in (4, 6))
    rgba[..., :3] = samples[..., :colour]
    if kind in (4, 6):
        rgba[..., 3] = samples[..., -1]
    elif len(transparency) == 2 * colour:  # one colour that stands for nothing, 16 bits a sample
        clear = np.frombuffer(transparency, ">u2")
        rgba[..., 3] = np.where((samples == clear).all(axis=-1), 0, 255)
    return rgba


def _refuse_if_too_large(width: int, height: int) -> None:
    if width * height == 0:
        raise UnreadableImage(f"a picture of {width} x {height} pixels")
    if width * height > MOST_PIXELS:
        raise UnreadableImage(f"a picture of {width} x {height} pixels: more than {MOST_PIXELS:,} are refused")
