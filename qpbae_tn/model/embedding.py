"""Amplitude embedding of patches (Eq. 4), the pixel order, and the policy for patches that are all zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import overload

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.model.names import PixelOrder
from qpbae_tn.model.patches import PatchGrid
from qpbae_tn.model.specification import ModelSpecification


@lru_cache(maxsize=32)
def pixel_permutation(patch_size: int, order: PixelOrder) -> NDArray[np.intp]:
    """Which row-major pixel each amplitude takes.

    Args:
        patch_size: P.
        order: "row" (y bits, then x bits), "column" (x bits, then y bits) or "morton" (y and x bits interleaved, y
            first), each from the most significant bit.

    Returns:
        Shape (P^2,): amplitude k holds pixel `permutation[k]` of the row-major patch.
    """
    permutation = _permutation(patch_size, order)
    permutation.flags.writeable = False  # shared by all callers
    return permutation


def _permutation(patch_size: int, order: PixelOrder) -> NDArray[np.intp]:
    index = np.arange(patch_size**2)
    if order == "row":
        return index
    if order == "column":
        rows, columns = np.divmod(index, patch_size)
        return np.asarray(columns * patch_size + rows)
    row, column = np.zeros_like(index), np.zeros_like(index)
    for bit in range(patch_size.bit_length() - 1):
        column |= ((index >> (2 * bit)) & 1) << bit
        row |= ((index >> (2 * bit + 1)) & 1) << bit
    return np.asarray(row * patch_size + column)


def embed(
    patches: NDArray[np.floating], order: PixelOrder = "row", dtype: type[np.floating] = np.float64
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Patches as states: flattened in pixel order and divided by their norm.

    A patch without any light has no amplitude embedding; like the authors' program we take |0...0> for it, and say
    which patches these are.

    Args:
        patches: shape (N, P, P), finite.
        order: pixel order.
        dtype: of the result; norms are taken in float64.

    Returns:
        States of shape (N, P^2) with unit norm, and a mask of shape (N,) that marks the zero patches.
    """
    count, size = patches.shape[0], patches.shape[1]
    flat = patches.reshape(count, size * size)
    if order != "row":
        flat = flat[:, pixel_permutation(size, order)]
    # Scale by the largest pixel first, so that tiny or huge values neither vanish nor overflow when squared.
    peak = np.abs(flat).max(axis=1)
    zero = peak == 0
    states = (flat / np.where(zero, 1.0, peak)[:, None]).astype(dtype, copy=False)
    norms = np.sqrt(np.einsum("pk,pk->p", states, states, dtype=np.float64))
    states /= np.where(zero, 1.0, norms)[:, None].astype(dtype)
    states[zero, 0] = 1.0
    return states, zero


@dataclass(frozen=True, eq=False)
class ImagePatches(Sequence[NDArray[np.floating]]):
    """The patches of a stack of images, cut and embedded when asked for, so that only those in use are in memory.

    Item i holds the patch states of image i, shape (N, P^2), unit norm; a slice is a part of the stack.

    Args:
        images: shape (images, H, W), values in [0, 1].
        grid: where the patches lie.
        order: pixel order of the states.

    Example:
        >>> patches = ImagePatches(np.ones((2, 8, 8)), PatchGrid(8, 8, 4, 4))
        >>> len(patches), patches[0].shape, patches.states.shape
        (2, (4, 16), (8, 16))
        >>> float(patches.maps(np.ones(8)).max())  # Y of perfect patches
        0.0
    """

    images: NDArray[np.floating]
    grid: PatchGrid
    order: PixelOrder = "row"

    @classmethod
    def of(cls, images: NDArray[np.floating], specification: ModelSpecification) -> ImagePatches:
        """The patches that a model sees of images of shape (images, H, W)."""
        grid = PatchGrid.over(images, specification.patch_size, specification.stride)
        return cls(images, grid, specification.pixel_order)

    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, index: int) -> NDArray[np.floating]: ...
    @overload
    def __getitem__(self, index: slice) -> ImagePatches: ...
    def __getitem__(self, index: int | slice) -> NDArray[np.floating] | ImagePatches:
        if isinstance(index, slice):
            return ImagePatches(self.images[index], self.grid, self.order)
        return embed(self.grid.cut(self.images[index]), self.order)[0]

    def pixels(self, index: int) -> NDArray[np.floating]:
        """The patches of image i as they are, row-major, shape (N, P^2)."""
        return self.grid.cut(self.images[index]).reshape(self.grid.count, -1)

    @cached_property
    def states(self) -> NDArray[np.float64]:
        """The patch states of all images below each other, shape (images * N, P^2); kept once they are made."""
        return np.concatenate([self[index] for index in range(len(self))]).astype(np.float64)

    def zero_patches(self) -> int:
        """Patches of all images without any light, for which |0...0> stands in."""
        return sum(int((~self.grid.cut(image).any(axis=(1, 2))).sum()) for image in self.images)

    def maps(self, similarities: NDArray[np.floating]) -> NDArray[np.float64]:
        """The maps Y = (1 - folded similarity) / 2 (Eqs. 2 and 3), shape (images, H, W).

        Args:
            similarities: of all patches, image after image, shape (images * N,); 1 for a perfect match.
        """
        folded = self.grid.fold_stack(similarities.reshape(len(self), -1).T)
        return np.moveaxis((1.0 - folded) / 2, -1, 0)
