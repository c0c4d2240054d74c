"""The sample repository as files: what is in it, that it is what its script makes, and that it reads pictures."""

from __future__ import annotations

import builtins
import importlib.util
import io
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pytest
from conftest import ROOT
from PIL import Image

MODELS = ("digit_classifier", "digit_embedding", "digit_preprocessing", "digits")


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"sample_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    dont, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = dont
    return module


@pytest.fixture(scope="module")
def picture(sample: Path) -> ModuleType:
    return load(sample / "digit_preprocessing" / "1" / "picture.py")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load(ROOT / "scripts" / "train_sample.py")


def encoded(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, options.pop("format", "PNG"), **options)
    return buffer.getvalue()


def noisy(mode: str) -> Image.Image:
    """An image with noise and with smooth parts, so that an encoder has a use for each of PNG's filters."""
    pixels = np.random.RandomState(3).randint(0, 256, (40, 53, 4)).astype(np.uint8)
    y, x = np.indices((30, 40))
    pixels[5:35, 5:45] = ((3 * y + 2 * x)[..., None] * np.array([1, 2, 3, 1])).astype(np.uint8)
    return Image.fromarray(pixels, "RGBA").convert(mode)


def test_every_directory_is_a_model_that_a_server_can_load(sample: Path) -> None:
    found = sorted(p.name for p in sample.iterdir() if p.is_dir() and p.name != "__pycache__")
    assert found == sorted(MODELS)
    for name in MODELS:
        assert (sample / name / "config.pbtxt").is_file()
        assert any(version.name.isdigit() for version in (sample / name).iterdir() if version.is_dir())


def test_the_ensembles_version_directory_survives_git(sample: Path) -> None:
    assert [p.name for p in (sample / "digits" / "1").iterdir()] == [".gitkeep"]


def test_each_model_is_well_under_200_kilobytes(sample: Path) -> None:
    for name in MODELS:
        files = [p for p in (sample / name).rglob("*") if p.is_file() and "__pycache__" not in p.parts]
        assert sum(p.stat().st_size for p in files) < 100_000


def test_every_config_speaks_of_the_model_it_is_in(sample: Path) -> None:
    for name in MODELS:
        assert f'\nname: "{name}"\n' in (sample / name / "config.pbtxt").read_text()


@pytest.mark.parametrize("name", ["digit_classifier/1", "digit_embedding/1", "digit_embedding/2"])
def test_the_onnx_models_load_in_the_oldest_release_of_interest_and_say_what_made_them(sample: Path, name: str) -> None:
    model = onnx.load(str(sample / name / "model.onnx"))
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version <= 8
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]
    assert "scripts/train_sample.py" in model.producer_name
    assert "scripts/train_sample.py" in model.doc_string


@pytest.mark.slow
def test_the_script_makes_the_files_that_are_there() -> None:
    argv = [sys.executable, str(ROOT / "scripts" / "train_sample.py"), "--check"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=280, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(": as generated") == 8


def test_the_check_tells_what_is_different(script: ModuleType, sample: Path) -> None:
    good = (sample / "digit_embedding" / "1" / "model.onnx").read_bytes()
    other = (sample / "digit_embedding" / "2" / "model.onnx").read_bytes()
    assert script.difference("m.onnx", good, good) is None
    assert "graph" in script.difference("m.onnx", good, other)
    model = onnx.load_from_string(good)
    weights = onnx.numpy_helper.to_array(model.graph.initializer[0]).copy()
    for step, verdict in ((script.GRID, None), (0.01, "other weights in projection, by up to 0.01")):
        model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(weights + np.float32(step), "projection"))
        assert script.difference("m.onnx", good, model.SerializeToString()) == verdict
    assert script.difference("d.png", *[(sample / n).read_bytes() for n in ("digit.png", "digit-2.png")]) is not None
    assert script.difference("labels.txt", b"0\n", b"1\n") is not None


def test_the_pictures_are_held_out_digits(script: ModuleType, sample: Path) -> None:
    _, held_out = script.dataset()
    for (name, index), digit in zip(script.PICTURES.items(), (7, 2, 5), strict=True):
        assert index >= script.TRAINING
        assert held_out.labels[index - script.TRAINING] == digit
        with Image.open(sample / name) as image:
            assert image.size == (96, 96)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P"])
@pytest.mark.parametrize("optimize", [False, True])
def test_png_decodes_without_pillow_as_with_it(picture: ModuleType, mode: str, optimize: bool) -> None:
    data = encoded(noisy(mode), optimize=optimize)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
    np.testing.assert_array_equal(picture.decode_png(data), expected)


@pytest.mark.parametrize(("mode", "clear"), [("P", 7), ("L", 60), ("RGB", (60, 120, 180))])
def test_png_transparency_without_alpha_decodes_as_with_pillow(picture: ModuleType, mode: str, clear: object) -> None:
    data = encoded(noisy(mode), transparency=clear)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
    np.testing.assert_array_equal(picture.decode_png(data), expected)


@pytest.mark.parametrize("number", range(5))
def test_each_png_filter_is_undone(picture: ModuleType, script: ModuleType, number: int) -> None:
    # What one filter makes of any bytes is a picture; Pillow says which.
    import struct
    import zlib

    random = np.random.RandomState(number)
    lines = random.randint(0, 256, (9, 1 + 3 * 11)).astype(np.uint8)
    lines[:, 0] = number
    plain = script.png(np.zeros((9, 11), np.uint8))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 11, 9, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(lines.tobytes()))]
    body = b"".join(struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in chunks)
    data = plain[:8] + body + plain[-12:]
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
    np.testing.assert_array_equal(picture.decode_png(data), expected)


def test_a_damaged_png_is_an_unreadable_image_and_nothing_worse(picture: ModuleType, sample: Path) -> None:
    data = (sample / "digit.png").read_bytes()
    random = np.random.RandomState(5)
    reasons = []
    for _ in range(300):
        damaged = bytearray(data[: random.randint(0, len(data))] if random.rand() < 0.5 else data)
        for at in random.randint(0, max(len(damaged), 1), 3) if damaged else ():
            damaged[at] ^= 1 << random.randint(8)
        for decode in (picture.decode_png, picture.to_pixels):
            try:
                decode(bytes(damaged))
            except picture.UnreadableImage as error:
                reasons.append(str(error))
    assert len(reasons) > 300
    assert all(reasons)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"GIF89a"], ids=["empty", "text", "head of a PNG", "GIF"]
)
def test_what_is_no_image_is_refused_with_a_reason(picture: ModuleType, data: bytes) -> None:
    with pytest.raises(picture.UnreadableImage, match=r"\w+"):
        picture.to_pixels(data)


def test_a_small_file_that_claims_a_huge_picture_is_refused_before_it_is_unpacked(picture: ModuleType) -> None:
    data = encoded(Image.new("L", (3000, 3000)))
    for decode in (picture.decode, picture.decode_png):
        with pytest.raises(picture.UnreadableImage, match="3000 x 3000"):
            decode(data)


@pytest.mark.parametrize("color", [0, 128, 255])
def test_a_blank_picture_shows_no_digit(picture: ModuleType, color: int) -> None:
    with pytest.raises(picture.UnreadableImage, match="blank"):
        picture.to_pixels(encoded(Image.new("L", (30, 30), color)))


def test_without_pillow_the_sample_pictures_come_out_the_same(
    picture: ModuleType, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (sample / "digit.png").read_bytes()
    expected = picture.to_pixels(data)
    plain_import = builtins.__import__

    def without_pillow(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "PIL":
            raise ImportError(name)
        return plain_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pillow)
    np.testing.assert_array_equal(picture.to_pixels(data), expected)
    with pytest.raises(picture.UnreadableImage, match="install Pillow"):
        picture.to_pixels(b"\xff\xd8\xff\xe0 a JPEG, it seems")


def test_polarity_size_place_and_format_of_a_picture_hardly_matter(picture: ModuleType, sample: Path) -> None:
    with Image.open(sample / "digit.png") as image:
        digit = image.copy()
    expected = picture.to_pixels(encoded(digit))
    assert expected.shape == (8, 8)
    assert expected.dtype == np.float32
    assert 0 <= expected.min() < 1
    assert 12 < expected.max() <= 16
    inverted = Image.eval(digit, lambda value: 255 - value)
    large = digit.resize((400, 400), Image.Resampling.BICUBIC)
    moved = Image.new("L", (300, 200), 255)
    moved.paste(digit, (180, 20))
    glass = Image.new("RGBA", digit.size)
    glass.putalpha(inverted)
    for variant in (inverted, large, moved, glass, digit.convert("P")):
        np.testing.assert_allclose(picture.to_pixels(encoded(variant)), expected, atol=1.5)
    np.testing.assert_allclose(picture.to_pixels(encoded(digit, format="JPEG", quality=90)), expected, atol=2)
