"""Images as a sequence of their patch states, embedded when asked for, so that only those in use are in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.embedding import embed
from qpbae_tn.patches import PatchGrid
from qpbae_tn.specification import PixelOrder

Array = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class EmbeddedImages(Sequence[Array]):
    """Item i holds the patch states of image i, shape (N, P^2), unit norm.

    Args:
        images: shape (images, H, W), values in [0, 1].
        grid: where the patches lie.
        order: pixel order of the states.
    """

    images: Array
    grid: PatchGrid
    order: PixelOrder = "row"

    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> EmbeddedImages: ...
    def __getitem__(self, index: int | slice) -> Array | EmbeddedImages:
        if isinstance(index, slice):
            return EmbeddedImages(self.images[index], self.grid, self.order)
        return embed(self.grid.cut(self.images[index]), self.order)[0]

    def zero_patches(self) -> int:
        """Patches of all images without any light, for which |0...0> stands in."""
        return sum(int((~self.grid.cut(image).any(axis=(1, 2))).sum()) for image in self.images)
