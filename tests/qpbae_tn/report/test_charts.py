"""Charts: the same bytes for the same data, and pictures that hold the pixels they were given."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ElementTree
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from qpbae_tn.report.charts import line_chart
from qpbae_tn.report.pictures import (
    THUMBNAIL_PX,
    data_uri,
    grey_picture,
    map_picture,
    mask_picture,
    png_bytes,
)

CURVES = {"first & last": ([1, 2, 3], [0.5, 0.2, 0.1]), "<second>": ([1, 2, 3], [0.6, 0.3, 0.2])}


def test_the_same_data_give_the_same_bytes() -> None:
    first = line_chart(CURVES, "epoch", "loss", title="Loss", levels={"ceiling": 0.05}, marks={"now": 2})
    assert first == line_chart(CURVES, "epoch", "loss", title="Loss", levels={"ceiling": 0.05}, marks={"now": 2})
    assert first != line_chart(CURVES, "epoch", "loss", title="Loss", levels={"ceiling": 0.06}, marks={"now": 2})


def test_a_chart_is_one_svg_element_that_names_its_curves_and_no_date() -> None:
    svg = line_chart(CURVES, "epoch", "loss (Eq. 8)", title="Loss", levels={"ceiling": 0.05}, log_y=True)
    assert ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    for word in ("first &amp; last", "&lt;second&gt;", "ceiling", "epoch", "loss (Eq. 8)"):
        assert word in svg
    assert "date" not in svg
    assert "Matplotlib" not in svg


def test_pictures_hold_their_pixels(rng: np.random.Generator) -> None:
    levels = rng.integers(0, 256, (5, 7))
    np.testing.assert_array_equal(np.asarray(grey_picture(levels / 255)), levels)
    mask = rng.random((5, 7)) < 0.5
    np.testing.assert_array_equal(np.asarray(mask_picture(mask)), np.where(mask, 255, 0))
    assert png_bytes(mask_picture(mask)) == png_bytes(mask_picture(mask))


def test_maps_run_from_dark_to_bright() -> None:
    pixels = np.asarray(map_picture(np.array([[0.1, 0.2, 0.3, 0.4, 9.0]]), 0.1, 0.4)).astype(int)
    assert pixels.shape == (1, 5, 3)
    brightness = pixels.sum(axis=2)[0]
    assert (np.diff(brightness[:4]) > 0).all()
    assert brightness[4] == brightness[3]
    assert (np.asarray(map_picture(np.full((2, 2), 0.3), 0.3, 0.3)) >= 0).all()


@pytest.mark.parametrize(("side", "wanted"), [(16, 128), (30, 120), (128, 128), (200, 200)])
def test_small_pictures_are_enlarged_without_smoothing(rng: np.random.Generator, side: int, wanted: int) -> None:
    picture = mask_picture(rng.random((side, side)) < 0.5)
    kind, _, text = data_uri(picture).partition(",")
    assert kind == "data:image/png;base64"
    with Image.open(BytesIO(base64.b64decode(text))) as shown:
        assert shown.size == (wanted, wanted)
        factor = max(THUMBNAIL_PX // side, 1)
        np.testing.assert_array_equal(np.asarray(shown)[::factor, ::factor], np.asarray(picture))
