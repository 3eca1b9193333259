"""What `qpbae execute --all --output` leaves in its folder: maps as TIFF and PNG, and a row for each patch."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.output import write_atomically
from qpbae_tn.report.pictures import grey_picture, map_picture, png_bytes

PICTURE_PX = 256
GAP_PX = 8


def write_execution(
    folder: Path, grid: PatchGrid, image: NDArray[np.floating], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Fill the folder.

    Args:
        folder: an empty one.
        grid: where the patches lie.
        image: shape (H, W), values in [0, 1].
        rows: one a patch, in the order of the grid, with `fidelity` and `exact` among its numbers.
    """
    maps = {
        stem: grid.fold(np.array([(1 - row[name]) / 2 for row in rows]))
        for stem, name in (("map_exact", "exact"), ("map_from_shots", "fidelity"))
    }
    for stem, found in maps.items():
        tifffile.imwrite(folder / f"{stem}.tiff", found.astype("float32"), compression=None)
    write_atomically(folder / "maps.png", png_bytes(_side_by_side(image, list(maps.values()))))
    text = StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(folder / "patches.csv", text.getvalue())


def _side_by_side(image: NDArray[np.floating], maps: Sequence[NDArray[np.float64]]) -> Image.Image:
    """The image and the maps on one scale of colours, enlarged without smoothing."""
    low, high = min(found.min() for found in maps), max(found.max() for found in maps)
    pictures = [grey_picture(image).convert("RGB"), *(map_picture(found, low, high) for found in maps)]
    factor = max(1, PICTURE_PX // max(pictures[0].size))
    width, height = (side * factor for side in pictures[0].size)
    whole = Image.new("RGB", (len(pictures) * (width + GAP_PX) - GAP_PX, height), "white")
    for index, picture in enumerate(pictures):
        whole.paste(picture.resize((width, height), Image.Resampling.NEAREST), (index * (width + GAP_PX), 0))
    return whole
