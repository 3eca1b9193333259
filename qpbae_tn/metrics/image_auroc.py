"""Image AUROC: are defective images told from good ones, the score of an image being the largest of its map?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.metrics.auroc import auroc, weighted_auroc
from qpbae_tn.metrics.table import PixelTable


@dataclass(frozen=True)
class ImageAuroc:
    """AUROC over images; one with an empty mask counts as good. Not defined unless there are images of both kinds."""

    name: str = "image_auroc"

    def value(self, table: PixelTable) -> float:
        """The exact value, from scikit-learn."""
        return auroc(table.images.ranking)

    def resampled(self, table: PixelTable, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values for weighted images, shape (R,)."""
        return weighted_auroc(table.images.sweep_ranking, weights)
