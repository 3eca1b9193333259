"""One image or mask file: decoded in full or refused, made grey, and resized.

Files are PNG, JPEG, TIFF or BMP. Grey levels are those of Pillow's mode "L" (ITU-R 601). Pixels stand as a viewer shows
them: an EXIF orientation is applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from qpbae_tn.data.decoding import decode_grey
from qpbae_tn.errors import InputError


@dataclass(frozen=True, eq=False)
class GreyImage:
    """A decoded image at its own size.

    Args:
        path: where it was read.
        pixels: shape (height, width); 8-bit values as they are (uint8), all others as float64 in [0, 1].
    """

    path: Path
    pixels: NDArray[np.uint8] | NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.pixels.shape
        return height, width

    def values(self) -> NDArray[np.float64]:
        """The pixels as float64 in [0, 1], shape (height, width)."""
        return _unit(self.pixels)

    def resized(self, image_size: int) -> NDArray[np.float64]:
        """The pixels as `resize_image` gives them."""
        return resize_image(self.pixels, image_size)


def read_image(path: Path | str, *, minimum_side: int = 1) -> GreyImage:
    """Read one image.

    Args:
        path: a PNG, JPEG, TIFF or BMP file of one picture: grey, palette or RGB, 8 or 16 bits (16-bit RGB in PNG is
            read with 8 bits a channel), float TIFF with values in [0, 1]; an alpha channel must be opaque.
        minimum_side: the least width and height in pixels, usually the patch size.

    Raises:
        InputError: a file that is missing, not such an image, truncated, damaged, transparent, too large to be sane
            (Pillow's decompression-bomb limit), with NaN, infinite or out-of-range pixels, or too small.
    """
    path = Path(path)
    image = GreyImage(path, decode_grey(path))
    height, width = image.shape
    if min(height, width) < minimum_side:
        raise InputError(
            f"the image has {width} x {height} px, less than a patch of {minimum_side} px",
            where=path,
            remedy=f"give an image of at least {minimum_side} px a side, or a smaller patch size",
        )
    return image


def read_mask(path: Path | str) -> NDArray[np.bool_]:
    """Read one mask: shape (height, width), True where it is marked.

    A file with one grey level beside black (0 and 255, 0 and 1) is marked where it is not black; a file with more
    levels where it exceeds half of the range.

    Raises:
        InputError: as for `read_image`; or several grey levels, none of which reaches half of the range.
    """
    values = read_image(path).values()
    peak = values.max()
    if bool(((values == 0) | (values == peak)).all()):
        return values > 0
    if peak <= 0.5:
        raise InputError(
            "the mask holds several dark grey levels, none marks a defect clearly",
            where=path,
            remedy="save it in black and white",
        )
    return values > 0.5


def resize_image(pixels: NDArray[np.uint8] | NDArray[np.float64], image_size: int) -> NDArray[np.float64]:
    """Grey levels resized to (image_size, image_size), float64 in [0, 1]; the aspect ratio is not kept.

    Bilinear with antialiasing as by Pillow and torchvision; 8-bit images are resized in 8 bits, as those do.

    Args:
        pixels: shape (height, width), uint8, or float64 in [0, 1].
        image_size: in pixels.
    """
    if pixels.shape == (image_size, image_size):
        return _unit(pixels)
    resized = _resize(pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32), image_size)
    return np.clip(_unit(resized), 0.0, 1.0)


def resize_mask(mask: NDArray[np.bool_], image_size: int) -> NDArray[np.bool_]:
    """A mask of shape (height, width) resized bilinearly to (image_size, image_size), then > 0.5."""
    if mask.shape == (image_size, image_size):
        return mask.copy()
    return _resize(mask.astype(np.uint8) * np.uint8(255), image_size) > 127.5


def _unit(pixels: NDArray[Any]) -> NDArray[np.float64]:
    return pixels / 255.0 if pixels.dtype == np.uint8 else pixels.astype(np.float64)


def _resize(pixels: NDArray[Any], image_size: int) -> NDArray[Any]:
    if image_size < 1:
        raise InputError(f"image size {image_size}", where="image_size", remedy="give at least 1 pixel")
    return np.asarray(Image.fromarray(pixels).resize((image_size, image_size), Image.Resampling.BILINEAR))
