"""Decode one image file to grey levels, in full or not at all.

Pillow decodes the files, except for TIFF files with floats or 16-bit colours, which tifffile does.
"""

from __future__ import annotations

import logging
import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from qpbae_tn.errors import InputError

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff")
_FORMATS = ("BMP", "JPEG", "PNG", "TIFF")
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_TIFF_BITS_PER_SAMPLE, _TIFF_PHOTOMETRIC = 258, 262
# What Pillow's and tifffile's decoders raise for damaged files.
_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, EOFError, LookupError, ArithmeticError, MemoryError, RuntimeError,
    AttributeError, struct.error, zlib.error,
)  # fmt: skip
# Both libraries log damage on their way to raising; without a handler Python would print that to standard error.
for _library in ("PIL", "tifffile"):
    logging.getLogger(_library).addHandler(logging.NullHandler())


def decode_grey(path: Path) -> NDArray[np.uint8] | NDArray[np.float64]:
    """Grey levels of shape (height, width): 8-bit values as they are, all others as float64 in [0, 1].

    Raises:
        InputError: a file that is missing, not an image of a kind that is read, truncated, damaged, transparent, of
            several pictures, larger than Pillow's decompression-bomb limit, or with NaN, infinite or out-of-range
            pixels.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise InputError("is not a regular file", where=path, remedy="give an image file")  # a pipe would block
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # metadata that Pillow finds odd is of no consequence for the pixels
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _decode_with_pillow(path)
        except InputError:
            raise
        except UnidentifiedImageError:
            return _decode_with_tifffile(path)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise _too_large(path) from None
        except FileNotFoundError:
            raise InputError("no such file", where=path, remedy="check the path") from None
        except IsADirectoryError:
            raise InputError("is a folder, not an image", where=path, remedy="give an image file") from None
        except PermissionError:
            raise InputError("may not be read", where=path, remedy="change its permissions") from None
        except _DECODER_ERRORS as error:
            raise _damaged(path, error) from None


def _decode_with_pillow(path: Path) -> NDArray[Any]:
    with Image.open(path, formats=_FORMATS) as image:
        if image.format != "MPO":  # cameras put a preview into JPEG files as a second frame
            _require_one_frame(getattr(image, "n_frames", 1), path)
        if _is_deep(image):
            return _decode_with_tifffile(path)
        with _libtiff_silenced() if image.format == "TIFF" else nullcontext():
            image.load()
        upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16"):
        deep = np.asarray(upright)
        _require_opaque(bool((deep != upright.info.get("transparency", -1)).all()), path)
        return np.asarray(deep / 65535.0)
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        _require_opaque(bool(np.asarray(upright.getchannel("A")).min() == 255), path)
    return np.asarray(upright.convert("RGB").convert("L") if upright.mode == "CMYK" else upright.convert("L"))


def _decode_with_tifffile(path: Path) -> NDArray[Any]:
    with path.open("rb") as file:
        if file.read(4) not in _TIFF_MAGIC:
            raise InputError(
                "not a PNG, JPEG, TIFF or BMP image", where=path, remedy="convert it, or take it out of the folder"
            )
    import tifffile  # only here: few files need it, and it is slow to import

    try:
        with tifffile.TiffFile(path) as file:
            _require_one_frame(len(file.pages), path)
            page = file.pages.first
            if page.imagewidth * page.imagelength > (Image.MAX_IMAGE_PIXELS or np.inf):
                raise _too_large(path)
            pixels, axes, photometric = page.asarray(), page.axes, page.photometric
    except InputError:
        raise
    except (*_DECODER_ERRORS, tifffile.TiffFileError) as error:
        raise _damaged(path, error) from None
    if pixels.dtype.kind == "u" and pixels.dtype.itemsize <= 2:
        pixels = pixels / float(np.iinfo(pixels.dtype).max)
    elif pixels.dtype.kind != "f":
        raise _unknown_depth(f"values of type {pixels.dtype}", path)
    pixels = _checked_floats(pixels, path)
    kinds = tifffile.PHOTOMETRIC
    if axes == "YX" and photometric in (kinds.MINISBLACK, kinds.MINISWHITE):
        return pixels if photometric == kinds.MINISBLACK else 1.0 - pixels
    if axes in ("YXS", "SYX") and pixels.shape[axes.index("S")] == 3 and photometric == kinds.RGB:
        grey = np.tensordot(pixels, [0.299, 0.587, 0.114], axes=(axes.index("S"), 0))
        return np.asarray(np.clip(grey, 0.0, 1.0))
    raise _unknown_depth(f"axes {axes} of shape {pixels.shape} with photometric {int(photometric)}", path)


def _is_deep(image: Image.Image) -> bool:
    """Whether a TIFF file has more than 8 bits a channel, other than 16-bit grey with 0 for black.

    Pillow misreads several of those: colour planes as if they were 8-bit, big-endian floats, 0 for white.
    """
    if image.format != "TIFF":
        return False
    tags: Any = getattr(image, "tag_v2", {})
    plain = image.mode.startswith("I;16") and tags.get(_TIFF_PHOTOMETRIC, 1) == 1
    return bool(max(tags.get(_TIFF_BITS_PER_SAMPLE, (1,))) > 8) and not plain


@contextmanager
def _libtiff_silenced() -> Iterator[None]:
    """libtiff writes what it finds wrong to file descriptor 2 itself, beside the exception that Pillow raises."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _checked_floats(pixels: NDArray[Any], path: Path) -> NDArray[np.float64]:
    pixels = pixels.astype(np.float64)
    if not pixels.size:
        raise InputError("an image without pixels", where=path, remedy="replace it or leave it out")
    if not np.isfinite(pixels).all():
        raise InputError("holds NaN or infinite pixels", where=path, remedy="replace them, or leave the image out")
    low, high = float(pixels.min()), float(pixels.max())
    if low < 0 or high > 1:
        raise InputError(
            f"float pixels from {low:g} to {high:g}", where=path, remedy="scale them to lie between 0 and 1"
        )
    return pixels


def _require_one_frame(count: int, path: Path) -> None:
    if count != 1:
        raise InputError(f"holds {count} pictures", where=path, remedy="save each one as a file of its own")


def _require_opaque(opaque: bool, path: Path) -> None:
    if not opaque:
        raise InputError(
            "has transparent pixels, whose grey is not defined", where=path, remedy="flatten it onto a background"
        )


def _unknown_depth(what: str, path: Path) -> InputError:
    return InputError(f"cannot interpret {what}", where=path, remedy="convert it to 8-bit or 16-bit grey")


def _too_large(path: Path) -> InputError:
    return InputError(
        f"more than {(Image.MAX_IMAGE_PIXELS or 0) / 1e6:.0f} million pixels",
        where=path,
        remedy="scale it down or cut it into tiles",
    )


def _damaged(path: Path, error: BaseException) -> InputError:
    detail = str(error).replace(str(path), "").strip(" .:'\"") or type(error).__name__
    return InputError(
        f"truncated, damaged or in an unknown encoding ({detail})", where=path, remedy="replace it or leave it out"
    )
