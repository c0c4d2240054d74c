"""Images as models take them: where the colours go, what sizes and scales do, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from triton_kit.client.image import image_slot, read_image
from triton_kit.client.input_slots import Slot
from triton_kit.errors import UsageError

Image = pytest.importorskip("PIL.Image")

PIXELS = np.arange(2 * 4 * 3, dtype=np.uint8).reshape(2, 4, 3) * 10


def slot(datatype="FP32", shape=(3, 2, 4), batching=True, layout="FORMAT_NONE", name="x") -> Slot:
    full = (-1, *shape) if batching else shape
    return Slot(name=name, datatype=datatype, shape=full, batching=batching, optional=False, layout=layout)


@pytest.fixture
def png(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "image.png")
    return tmp_path / "image.png"


@pytest.mark.parametrize("batching", [False, True])
@pytest.mark.parametrize("datatype", ["FP32", "FP16", "UINT8", "INT32"])
@pytest.mark.parametrize(
    ("shape", "layout", "expected"),
    [
        ((3, 2, 4), "FORMAT_NONE", PIXELS.transpose(2, 0, 1)),
        ((2, 4, 3), "FORMAT_NONE", PIXELS),
        ((3, -1, -1), "FORMAT_NONE", PIXELS.transpose(2, 0, 1)),
        ((-1, -1, 3), "FORMAT_NONE", PIXELS),
        ((-1, -1, -1), "FORMAT_NCHW", PIXELS.transpose(2, 0, 1)),
        ((-1, -1, -1), "FORMAT_NHWC", PIXELS),
    ],
)
def test_the_colours_go_where_the_model_has_them(png, batching, datatype, shape, layout, expected):
    array, _ = read_image(png, slot(datatype, shape, batching, layout))
    assert array.tolist() == expected.tolist()
    assert array.flags.c_contiguous


def test_a_batch_of_one_in_the_models_own_shape_is_kept(png):
    assert read_image(png, slot(shape=(1, 3, 2, 4), batching=False))[0].shape == (1, 3, 2, 4)


def test_gray_is_one_channel_or_none(png, tmp_path):
    gray = np.asarray(Image.open(png).convert("L"))
    assert read_image(png, slot(shape=(1, 2, 4)))[0].tolist() == [gray.tolist()]
    assert read_image(png, slot(shape=(2, 4)))[0].tolist() == gray.tolist()
    Image.fromarray(gray).save(tmp_path / "gray.png")
    assert read_image(tmp_path / "gray.png", slot(shape=(3, 2, 4)))[0].tolist() == [gray.tolist()] * 3


def test_an_image_is_resized_to_height_and_width_not_the_other_way_round(png):
    array, note = read_image(png, slot(shape=(3, 7, 5)))
    assert array.shape == (3, 7, 5)
    assert "(4x2 RGB) to 5x7 RGB" in note


def test_scales_map_black_and_white_to_their_ends(tmp_path):
    Image.fromarray(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)).save(tmp_path / "bw.png")
    here = slot(shape=(1, 2, 3))
    ends = {s: read_image(tmp_path / "bw.png", here, scale=s, layout="nhwc")[0] for s in ("none", "01", "inception")}
    assert {s: (a.min(), a.max()) for s, a in ends.items()} == {"none": (0, 255), "01": (0, 1), "inception": (-1, 1)}
    imagenet = read_image(tmp_path / "bw.png", here, scale="imagenet", layout="nhwc")[0]
    np.testing.assert_allclose(imagenet[0, 1], (1 - np.array([0.485, 0.456, 0.406])) / [0.229, 0.224, 0.225], rtol=1e-5)


def test_sixteen_bits_and_sideways_photographs_are_read_right(tmp_path):
    Image.fromarray(np.array([[0, 65535]], np.uint16)).save(tmp_path / "deep.png")
    assert read_image(tmp_path / "deep.png", slot(shape=(1, 2)))[0].tolist() == [[0, 255]]
    turned = Image.new("RGB", (4, 2))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.jpg", exif=exif)
    assert read_image(tmp_path / "turned.jpg", slot(shape=(3, -1, -1)))[0].shape == (3, 4, 2)


def test_who_takes_bytes_gets_the_file_as_it_is(png):
    data = png.read_bytes()
    assert read_image(png, slot("BYTES", (1,)))[0].tolist() == [data]
    assert read_image(png, slot("UINT8", (-1,)))[0].tobytes() == data


@pytest.mark.parametrize(
    "here", [slot(shape=(5, 2, 6)), slot(shape=(3, 4, 3)), slot(shape=(-1, -1, -1)), slot(shape=(9,)), slot("INT8")]
)
def test_an_input_that_cannot_hold_the_image_is_refused(png, here):
    with pytest.raises(UsageError):
        read_image(png, here)


def test_what_is_no_image_is_refused(tmp_path):
    (tmp_path / "text.png").write_text("hello")
    for path in (tmp_path / "text.png", tmp_path / "none.png", tmp_path):
        with pytest.raises(UsageError, match=str(path)):
            read_image(path, slot())


def test_the_image_goes_to_the_only_input_that_can_hold_one():
    known = {s.name: s for s in (slot(), slot("INT64", (1,), name="n"), slot("BYTES", (1,), name="s"))}
    assert image_slot(known, {"s"}).name == "x"
    with pytest.raises(UsageError) as error:
        image_slot(known, set())
    assert error.value.hint == "write --image x=FILE"
    with pytest.raises(UsageError, match="no input takes an image"):
        image_slot(known, {"x", "s"})
