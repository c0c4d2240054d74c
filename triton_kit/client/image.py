"""Lay an image out as a model takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from triton_kit.client.input_slots import Slot, convert
from triton_kit.errors import UsageError, assert_never

if TYPE_CHECKING:
    from PIL.Image import Image

    from triton_kit.client.types import Array

CHANNELS = (1, 3, 4)
Scale: TypeAlias = Literal["none", "01", "inception", "imagenet"]
SCALES: tuple[Scale, ...] = get_args(Scale)
LAYOUTS = ("auto", "nchw", "nhwc")

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's red, green and blue from 0 to 1, as torchvision's models expect them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How an input holds an image: its axes out of ``CHW``, and the size of each (-1 for the image's own)."""

    axes: str
    sizes: Mapping[str, int]


def image_slot(known: Mapping[str, Slot], taken: set[str]) -> Slot:
    """The input an image goes to when none is named: the only one that is left and could hold one."""
    left = [slot for name, slot in known.items() if name not in taken]
    able = [slot for slot in left if holds_encoded(slot) or _could_hold_pixels(slot)]
    if len(able) == 1:
        return able[0]
    if not able:
        shown = "; ".join(map(str, left)) or "none that is left"
        raise UsageError(f"no input takes an image: {shown}")
    raise UsageError("several inputs could take the image", hint=f"write --image {able[0].name}=FILE")


def holds_encoded(slot: Slot) -> bool:
    """Whether the input takes the file's bytes as they are: one string, or a row of UINT8 of any length."""
    inner = slot.shape[slot.batching :]
    if slot.datatype == "BYTES":
        return True
    return slot.datatype == "UINT8" and len(inner) == 1 and inner[0] < 0


def read_image(path: Path, slot: Slot, *, scale: Scale = "none", layout: str = "auto") -> tuple[Array, str]:
    """One image as one example for an input, without its batch dimension, and what was done to it in a few words.

    ``scale`` maps 0..255 to itself, to 0..1, to -1..1, or to ImageNet's normal form. Raises UsageError where the
    file is not an image, or the input cannot hold one.
    """
    import numpy as np

    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    if holds_encoded(slot):
        if slot.datatype == "BYTES":
            one = np.empty((1,) * max(1, len(slot.shape) - slot.batching), dtype=object)
            one.flat[0] = data
            return one, f"{path} sent as it is, {len(data)} bytes"
        return np.frombuffer(data, dtype=np.uint8).copy(), f"{path} sent as it is, {len(data)} bytes"
    place = find_layout(slot, layout)
    image = _open(data, path)
    pixels, done = _pixels(image, place)
    scaled = _scale(pixels, scale)
    array = (
        np.transpose(scaled, ["HWC".index(axis) for axis in place.axes if axis in "HWC"])
        if "C" in place.axes
        else (scaled[:, :, 0])
    )
    leading = len(slot.shape) - slot.batching - array.ndim
    array = np.ascontiguousarray(array.reshape((1,) * leading + array.shape))
    return convert(array, slot), f"{path} {done}, {'x'.join(map(str, array.shape))} as {place.axes}, scale {scale}"


def find_layout(slot: Slot, layout: str = "auto") -> Layout:
    """Where height, width and channels are: as asked for, as the configuration's format says, or as the sizes show."""
    inner = slot.shape[slot.batching :]
    if len(inner) == 4 and inner[0] in (1, -1):
        inner = inner[1:]  # a batch of one that is part of the model's own shape
    if len(inner) == 2:
        return Layout(axes="HW", sizes=dict(zip("HW", inner, strict=True)))
    if len(inner) != 3 or slot.datatype == "BYTES":
        raise UsageError(f"input {slot} cannot hold an image", hint="give its data with NAME=@FILE")
    axes = {"nchw": "CHW", "nhwc": "HWC"}.get(layout)
    if axes is None:
        axes = {"FORMAT_NCHW": "CHW", "FORMAT_NHWC": "HWC"}.get(slot.layout)
    if axes is None:
        first, last = inner[0] in (1, 3), inner[2] in (1, 3)
        if not first and not last:
            first, last = inner[0] == 4, inner[2] == 4  # RGBA is rare: 4 is taken for a size where a 1 or 3 is
        if first == last:
            raise UsageError(
                f"input {slot} does not show which dimension holds the colours",
                hint="add --layout nchw or --layout nhwc",
            )
        axes = "CHW" if first else "HWC"
    sizes = dict(zip(axes, inner, strict=True))
    if sizes["C"] not in (*CHANNELS, -1):
        raise UsageError(f"input {slot} has {sizes['C']} channels, and an image has 1, 3 or 4")
    return Layout(axes=axes, sizes=sizes)


def _could_hold_pixels(slot: Slot) -> bool:
    inner = slot.shape[slot.batching :]
    return slot.datatype not in ("BYTES", "BOOL") and (
        len(inner) in (2, 3) or (len(inner) == 4 and inner[0] in (1, -1))
    )


def _open(data: bytes, path: Path) -> Image:
    import io

    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise UsageError(
            "Pillow, which reads images, is not installed", hint="install it: pip install pillow"
        ) from None
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
        return ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UsageError(f"{path} is not an image that can be read: {error}", hint="give a PNG or JPEG file") from None


def _pixels(image: Image, place: Layout) -> tuple[Array, str]:
    """The image as height x width x channels of float32 from 0 to 255."""
    import numpy as np

    channels = place.sizes.get("C", 1)
    gray = image.mode in ("1", "L", "LA", "I", "F") or image.mode.startswith("I;16")
    if channels < 0:
        channels = 1 if gray else 3
    if image.mode.startswith("I;16"):
        # Pillow would clip 16 bits to 8 instead of scaling them.
        from PIL import Image as pillow

        image = pillow.fromarray((np.asarray(image) // 257).astype(np.uint8))
    before = f"{image.width}x{image.height} {image.mode}"
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    if image.mode != mode:
        image = image.convert(mode)
    height, width = place.sizes["H"], place.sizes["W"]
    size = (image.width if width < 0 else width, image.height if height < 0 else height)
    if 0 in size:
        raise UsageError("the input has room for no pixel")
    if image.size != size:
        from PIL import Image as pillow

        image = image.resize(size, pillow.Resampling.BILINEAR)
    array = np.asarray(image, dtype=np.float32).reshape(size[1], size[0], channels)
    return array, f"({before}) to {size[0]}x{size[1]} {mode}"


def _scale(pixels: Array, scale: Scale) -> Array:
    import numpy as np

    scaled: Array = pixels
    match scale:
        case "none":
            pass
        case "01":
            scaled = pixels / np.float32(255)
        case "inception":
            scaled = pixels / np.float32(127.5) - np.float32(1)
        case "imagenet":
            if pixels.shape[2] != 3:
                raise UsageError(f"the scale imagenet is for 3 channels, and the input has {pixels.shape[2]}")
            mean, deviation = np.array(_MEAN, dtype=np.float32), np.array(_DEVIATION, dtype=np.float32)
            scaled = (pixels / np.float32(255) - mean) / deviation
        case _:
            assert_never(scale)
    return scaled
