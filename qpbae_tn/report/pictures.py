"""Images, maps and masks as PNG pictures."""

from __future__ import annotations

import base64
from io import BytesIO

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image

THUMBNAIL_PX = 128


def grey_picture(image: NDArray[np.floating]) -> Image.Image:
    """An image with values in [0, 1] as an 8-bit grey picture."""
    return Image.fromarray(np.clip(image * 255.0, 0, 255).round().astype(np.uint8))


def mask_picture(mask: NDArray[np.bool_]) -> Image.Image:
    """A mask in black and white."""
    return Image.fromarray(np.where(mask, 255, 0).astype(np.uint8))


def map_picture(anomaly_map: NDArray[np.floating], low: float, high: float) -> Image.Image:
    """An anomaly map in colours, dark at `low` and bright at `high`."""
    span = max(high - low, np.finfo(np.float64).tiny)
    shares = np.clip((anomaly_map - low) / span, 0.0, 1.0)
    return Image.fromarray((colormaps["inferno"](shares)[:, :, :3] * 255).round().astype(np.uint8))


def png_bytes(picture: Image.Image) -> bytes:
    """The picture as PNG."""
    stream = BytesIO()
    picture.save(stream, format="PNG", optimize=True)
    return stream.getvalue()


def data_uri(picture: Image.Image, size_px: int = THUMBNAIL_PX) -> str:
    """The picture as a data URI, enlarged without smoothing so that its pixels stay visible."""
    if max(picture.size) < size_px:
        factor = size_px // max(picture.size)
        picture = picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    return "data:image/png;base64," + base64.b64encode(png_bytes(picture)).decode("ascii")
