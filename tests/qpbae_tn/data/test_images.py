"""Single files: every kind that is read agrees with an independent decoding, every other is refused in one line."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from qpbae_tn.data.images import read_image, read_mask, resize_image, resize_mask
from qpbae_tn.errors import InputError

GREY = np.random.default_rng(1).integers(0, 256, (13, 9), dtype=np.uint8)
COLOUR = np.random.default_rng(2).integers(0, 256, (13, 9, 3), dtype=np.uint8)
TO_GREY = np.array([0.299, 0.587, 0.114])


def refusal(path: Path, **options: Any) -> str:
    """The message with which a file is refused: one line that names the file."""
    with pytest.raises(InputError) as caught:
        read_image(path, **options)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "TIFF"])
def test_lossless_grey_is_read_exactly(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"image.{suffix}"
    Image.fromarray(GREY).save(path)
    image = read_image(path)
    assert image.shape == (13, 9)
    np.testing.assert_array_equal(image.values(), GREY / 255)
    assert image.values().dtype == np.float64


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("rgb.png", "RGB", {}),
        ("rgb.bmp", "RGB", {}),
        ("palette.png", "P", {}),
        ("palette.bmp", "P", {}),
        ("bilevel.png", "1", {}),
        ("grey.jpg", "L", {}),
        ("colour.jpeg", "RGB", {}),
        ("progressive.jpg", "RGB", {"progressive": True}),
        ("four_inks.jpg", "CMYK", {}),
        ("lzw.tif", "RGB", {"compression": "tiff_lzw"}),
        ("fax.tif", "1", {"compression": "group4"}),
        ("in_jpeg.tif", "RGB", {"compression": "jpeg"}),
    ],
)
def test_eight_bit_kinds_agree_with_pillow(tmp_path: Path, name: str, mode: str, options: dict[str, Any]) -> None:
    Image.fromarray(COLOUR).convert(mode).save(tmp_path / name, **options)
    expected = np.asarray(Image.open(tmp_path / name).convert("RGB").convert("L")) / 255
    np.testing.assert_array_equal(read_image(tmp_path / name).values(), expected)


def test_deep_tiff_of_every_make_is_read_to_its_precision(tmp_path: Path) -> None:
    """Types, photometric interpretations, planes, byte orders, compressions and tiles; Pillow misreads some of them."""
    grey, colour = GREY / 255, COLOUR / 255
    kinds: list[tuple[dict[str, Any], NDArray[np.float64], NDArray[np.float64]]] = [
        ({"photometric": "minisblack"}, grey, grey),
        ({"photometric": "miniswhite"}, grey, 1 - grey),
        ({"photometric": "rgb"}, colour, colour @ TO_GREY),
        ({"photometric": "rgb", "planarconfig": "separate"}, np.moveaxis(colour, -1, 0), colour @ TO_GREY),
    ]
    makes = itertools.product(("uint16", "float16", "float32", "float64"), "<>", (None, "zlib"), (None, (16, 16)))
    for (dtype, order, compression, tile), (kind, stored, expected) in itertools.product(makes, kinds):
        values = np.round(stored * 65535).astype(dtype) if dtype == "uint16" else stored.astype(dtype)
        path = tmp_path / "image.tif"
        tifffile.imwrite(path, values, byteorder=order, compression=compression, tile=tile, **kind)
        error = np.abs(read_image(path).values() - expected).max()
        assert error <= {"uint16": 1e-5, "float16": 5e-4, "float32": 1e-7, "float64": 1e-15}[dtype], (dtype, kind)


def test_sixteen_bit_png_keeps_its_depth(tmp_path: Path) -> None:
    deep = np.random.default_rng(3).integers(0, 65536, (5, 6), dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(read_image(tmp_path / "deep.png").values(), deep / 65535)


@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["LA", "RGBA"])
def test_an_opaque_alpha_channel_is_dropped_and_any_other_refused(tmp_path: Path, pixels: NDArray[np.uint8]) -> None:
    image = Image.fromarray(pixels)
    expected = np.asarray(image.convert("L")) / 255
    alpha = Image.new("L", image.size, 255)
    image.putalpha(alpha)
    image.save(tmp_path / "image.png")
    np.testing.assert_array_equal(read_image(tmp_path / "image.png").values(), expected)
    alpha.putpixel((2, 3), 254)
    image.putalpha(alpha)
    image.save(tmp_path / "image.png")
    assert "transparent" in refusal(tmp_path / "image.png")


def test_an_opaque_palette_is_read_and_any_other_refused(tmp_path: Path) -> None:
    image = Image.fromarray(GREY).convert("P")
    image.save(tmp_path / "image.png", transparency=bytes([255] * 256))
    np.testing.assert_array_equal(read_image(tmp_path / "image.png").values(), GREY / 255)
    image.save(tmp_path / "image.png", transparency=bytes([0] * 256))
    assert "transparent" in refusal(tmp_path / "image.png")


def test_colour_key_transparency_of_deep_png_is_refused(tmp_path: Path) -> None:
    deep = GREY.astype(np.uint16) * 257
    Image.fromarray(deep).save(tmp_path / "deep.png", transparency=int(deep[0, 0]))
    assert "transparent" in refusal(tmp_path / "deep.png")


@pytest.mark.parametrize(
    ("value", "words"),
    [(np.nan, "NaN"), (np.inf, "infinite"), (-0.25, "from -0.25"), (255.0, "to 255")],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_that_are_no_grey_levels_are_refused(tmp_path: Path, value: float, words: str, dtype: str) -> None:
    pixels = (GREY / 256).astype(dtype)
    pixels[4, 4] = value
    tifffile.imwrite(tmp_path / "image.tif", pixels)
    assert words in refusal(tmp_path / "image.tif")


def test_kinds_without_a_grey_scale_are_refused(tmp_path: Path) -> None:
    for dtype in ("uint32", "int16", "int32", "complex64"):
        tifffile.imwrite(tmp_path / f"{dtype}.tif", GREY.astype(dtype))
        assert dtype in refusal(tmp_path / f"{dtype}.tif")
    tifffile.imwrite(tmp_path / "five.tif", np.zeros((4, 4, 5)), photometric="minisblack", planarconfig="contig")
    assert "shape (4, 4, 5)" in refusal(tmp_path / "five.tif")
    tifffile.imwrite(tmp_path / "stack.tif", np.zeros((3, 8, 8)), photometric="minisblack")
    assert "3 pictures" in refusal(tmp_path / "stack.tif")
    Image.fromarray(GREY).save(tmp_path / "moving.png", save_all=True, append_images=[Image.fromarray(255 - GREY)])
    assert "2 pictures" in refusal(tmp_path / "moving.png")


def encoded(name: str, folder: Path) -> bytes:
    """An image file of the kind that its name says."""
    path = folder / name
    if name == "double.tif":
        tifffile.imwrite(path, GREY / 255, compression="zlib")
    elif name == "lzw.tif":
        Image.fromarray(COLOUR).save(path, compression="tiff_lzw")
    else:
        Image.fromarray(COLOUR if name.startswith("colour") else GREY).save(path)
    return path.read_bytes()


@pytest.mark.parametrize(
    "name", ["grey.png", "colour.png", "grey.jpg", "grey.bmp", "grey.tif", "lzw.tif", "double.tif"]
)
def test_a_truncated_file_is_refused_unless_all_pixels_are_there(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    data = encoded(name, tmp_path)
    whole = read_image(tmp_path / name).values()
    path = tmp_path / f"cut_{name}"
    messages = []
    for length in sorted({*range(0, len(data), max(1, len(data) // 60)), len(data) - 1}):
        path.write_bytes(data[:length])
        try:
            np.testing.assert_array_equal(read_image(path).values(), whole)
        except InputError as error:
            messages.append(str(error))
    assert len(messages) > 50
    assert all(message.startswith(f"{path}: ") and "\n" not in message for message in messages)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["grey.png", "grey.jpg", "colour.bmp", "lzw.tif", "double.tif"])
def test_a_damaged_file_gives_an_image_or_one_line(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    data = encoded(name, tmp_path)
    rng = np.random.default_rng(5)
    path = tmp_path / f"damaged_{name}"
    messages = []
    for _ in range(80):
        damaged = bytearray(data)
        damaged[rng.integers(0, len(data))] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(damaged))
        try:
            values = read_image(path).values()
        except InputError as error:
            messages.append(str(error))
        else:
            assert 0 <= values.min() <= values.max() <= 1
    assert messages
    assert not any("\n" in message for message in messages)
    assert capfd.readouterr() == ("", "")


def test_files_that_are_not_images_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("not an image")
    Image.fromarray(GREY).save(tmp_path / "other.gif")
    (tmp_path / "folder.png").mkdir()
    assert "not a PNG" in refusal(tmp_path / "empty.png")
    assert "not a PNG" in refusal(tmp_path / "text.jpg")
    assert "not a PNG" in refusal(tmp_path / "other.gif")
    assert "folder" in refusal(tmp_path / "folder.png")
    assert "no such file" in refusal(tmp_path / "absent.png")


@pytest.mark.parametrize("limit", [100, 50], ids=["warned of by Pillow", "refused by Pillow"])
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_the_guard_against_decompression_bombs_stays_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, dtype: str
) -> None:
    assert Image.MAX_IMAGE_PIXELS is not None
    tifffile.imwrite(tmp_path / "large.tif", (GREY / 255).astype(dtype), compression="zlib")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    assert "million pixels" in refusal(tmp_path / "large.tif")


def test_an_image_smaller_than_a_patch_is_refused(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "image.png")
    assert read_image(tmp_path / "image.png", minimum_side=9).shape == (13, 9)
    assert "9 x 13 px, less than a patch of 16 px" in refusal(tmp_path / "image.png", minimum_side=16)


def test_an_exif_orientation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    Image.fromarray(GREY).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "turned.png").values(), np.rot90(GREY, -1) / 255)


@pytest.mark.parametrize("shape", [(64, 64), (50, 81), (7, 3), (1, 300)])
def test_resizing_is_pillows_antialiased_bilinear(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(6).integers(0, 256, shape, dtype=np.uint8)
    expected = np.asarray(Image.fromarray(pixels).resize((32, 32), Image.Resampling.BILINEAR)) / 255
    np.testing.assert_array_equal(resize_image(pixels, 32), expected)
    # The route for deep images differs by Pillow's rounding to 8 bits alone, once a direction.
    np.testing.assert_allclose(resize_image(pixels / 255, 32), expected, atol=1.01 / 255)


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1))
def test_resizing_keeps_a_uniform_image(height: int, width: int, level: float) -> None:
    np.testing.assert_allclose(resize_image(np.full((height, width), level), 16), level, atol=1e-6)


def test_an_image_of_the_working_size_is_untouched() -> None:
    pixels = np.random.default_rng(7).random((16, 16))
    np.testing.assert_array_equal(resize_image(pixels, 16), pixels)


def test_an_image_size_below_one_is_refused() -> None:
    with pytest.raises(InputError, match="image_size"):
        resize_image(GREY, 0)


def test_masks_are_resized_bilinearly_and_cut_at_one_half() -> None:
    mask = np.zeros((64, 64), dtype=np.bool_)
    mask[10:30, 20:50] = True
    values = np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).resize((32, 32), Image.Resampling.BILINEAR)) / 255
    np.testing.assert_array_equal(resize_mask(mask, 32), values > 0.5)
    dot = np.zeros((64, 64), dtype=np.bool_)
    dot[5, 5] = True
    assert not resize_mask(dot, 8).any()


@pytest.mark.parametrize("level", [1, 38, 255])
def test_a_mask_of_one_level_is_marked_where_it_is_not_black(tmp_path: Path, level: int) -> None:
    marked = GREY > 128
    Image.fromarray(marked.astype(np.uint8) * np.uint8(level)).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), marked)


def test_masks_that_are_black_white_or_soft(tmp_path: Path) -> None:
    for level in (0, 255):
        Image.fromarray(np.full((4, 4), level, dtype=np.uint8)).save(tmp_path / "mask.png")
        assert read_mask(tmp_path / "mask.png").all() == (level == 255)
    Image.fromarray(GREY).save(tmp_path / "soft.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "soft.png"), GREY > 127)
    Image.fromarray(GREY // 8).save(tmp_path / "dark.png")
    with pytest.raises(InputError, match=r"dark\.png: .*black and white"):
        read_mask(tmp_path / "dark.png")
