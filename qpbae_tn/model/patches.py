"""Patches cut from an image and patch scores folded back to a map (Eqs. 1 to 3), with the pixel weights of Eq. 8.

Along each side the patches start at 0, S, 2S, ... Where they would not reach the last pixel the image is continued by
reflection, and the map is cropped again; where (H - P) / S is whole nothing is added and Eq. 1 holds as it stands. With
a stride larger than the patch, a pixel between patches takes the score of the nearest ones. No pixel is ever left
without a score.

Both rules are separable, so folding is a product with one sparse matrix per side, whose rows add up to one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from qpbae_tn.errors import InputError


@dataclass(frozen=True)
class PatchGrid:
    """Where the patches of an image lie.

    Args:
        height: H, pixels.
        width: W, pixels.
        patch_size: P, pixels a side.
        stride: S, pixels.

    Raises:
        InputError: an image smaller than a patch.
    """

    height: int
    width: int
    patch_size: int
    stride: int

    def __post_init__(self) -> None:
        if min(self.height, self.width) < self.patch_size:
            raise InputError(
                f"an image of {self.height} x {self.width} px is smaller than a patch of {self.patch_size} px",
                remedy="use larger images or a smaller `patch_size`",
            )

    @classmethod
    def over(cls, images: NDArray[np.floating], patch_size: int, stride: int) -> PatchGrid:
        """The grid over images of shape (..., H, W)."""
        height, width = images.shape[-2:]
        return cls(height, width, patch_size, stride)

    @property
    def rows(self) -> int:
        """Patches along the height."""
        return -(-(self.height - self.patch_size) // self.stride) + 1

    @property
    def columns(self) -> int:
        """Patches along the width."""
        return -(-(self.width - self.patch_size) // self.stride) + 1

    @property
    def count(self) -> int:
        """N, the number of patches (Eq. 1)."""
        return self.rows * self.columns

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """w_p: the share of patch p in the mean of the folded map, shape (N,), adding up to one (Eq. 8)."""
        down = self._fold_rows.sum(axis=0) / self.height
        across = self._fold_columns.sum(axis=0) / self.width
        return np.outer(down, across).ravel()

    def continued(self, image: NDArray[np.floating]) -> NDArray[np.floating]:
        """The image (H, W), continued by reflection to where the last patches end; the image itself where they fit."""
        down = (self.rows - 1) * self.stride + self.patch_size - self.height
        across = (self.columns - 1) * self.stride + self.patch_size - self.width
        if down > 0 or across > 0:
            image = np.pad(image, ((0, max(down, 0)), (0, max(across, 0))), mode="reflect")
        return image

    def cut(self, image: NDArray[np.floating], rows: slice = slice(None)) -> NDArray[np.floating]:
        """The patches of an image, row by row.

        Args:
            image: shape (H, W).
            rows: which rows of patches, for images too large to hold all patches at once.

        Returns:
            Shape (patches, P, P), a copy.
        """
        image = self.continued(image)
        windows = np.lib.stride_tricks.sliding_window_view(image, (self.patch_size, self.patch_size))
        chosen = windows[:: self.stride, :: self.stride][rows]
        return chosen.reshape(-1, self.patch_size, self.patch_size)

    def bands(self, max_patches: int) -> Iterator[slice]:
        """Rows of patches in bands of at most `max_patches` patches (one row at least)."""
        step = max(1, max_patches // self.columns)
        for start in range(0, self.rows, step):
            yield slice(start, min(start + step, self.rows))

    def fold(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """The map in which every pixel has the mean score of the patches that cover it (Eq. 2).

        Args:
            scores: shape (N,).

        Returns:
            Shape (H, W).
        """
        table = scores.reshape(self.rows, self.columns)
        return np.asarray(self._fold_columns @ (self._fold_rows @ table).T).T

    def fold_stack(self, scores: NDArray[np.number[Any]]) -> NDArray[np.float64]:
        """`fold` of many images at once.

        Args:
            scores: shape (N, B), one column an image.

        Returns:
            Shape (H, W, B).
        """
        images = scores.shape[1]
        table = scores.reshape(self.rows, self.columns, images).swapaxes(0, 1)
        across = self._fold_columns @ table.reshape(self.columns, self.rows * images)
        turned = across.reshape(self.width, self.rows, images).swapaxes(0, 1)
        down = self._fold_rows @ turned.reshape(self.rows, self.width * images)
        return np.asarray(down.reshape(self.height, self.width, images))

    @cached_property
    def _fold_rows(self) -> csr_array:
        return _fold_matrix(self.height, self.rows, self.patch_size, self.stride)

    @cached_property
    def _fold_columns(self) -> csr_array:
        return _fold_matrix(self.width, self.columns, self.patch_size, self.stride)


def _fold_matrix(length: int, count: int, patch_size: int, stride: int) -> csr_array:
    """Shape (length, count): row i holds the weight of each patch for pixel i of one side."""
    pixels = np.arange(length)
    last = np.minimum(pixels // stride, count - 1)
    first = np.clip(-(-(pixels - patch_size + 1) // stride), 0, count - 1)
    # A pixel in the gap between two patches (S > P) belongs to the nearer one, or to both.
    gap = first > last
    before = pixels - (last * stride + patch_size - 1)
    after = first * stride - pixels
    low = np.where(gap, np.where(before <= after, last, first), first)
    high = np.where(gap, np.where(after <= before, first, last), last)
    sizes = high - low + 1
    rows = np.repeat(pixels, sizes)
    columns = np.repeat(low, sizes) + np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return csr_array((1.0 / np.repeat(sizes, sizes), (rows, columns)), shape=(length, count))
