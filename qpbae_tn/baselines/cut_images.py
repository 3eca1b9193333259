"""Images as a sequence of their patches, cut when asked for, so that only those in use are in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.patches import PatchGrid

Array = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class CutImages(Sequence[Array]):
    """Item i holds the patches of image i, shape (N, P^2).

    Args:
        images: shape (images, H, W), values in [0, 1].
        grid: where the patches lie.
    """

    images: Array
    grid: PatchGrid

    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> CutImages: ...
    def __getitem__(self, index: int | slice) -> Array | CutImages:
        if isinstance(index, slice):
            return CutImages(self.images[index], self.grid)
        return self.grid.cut(self.images[index]).reshape(self.grid.count, -1)
