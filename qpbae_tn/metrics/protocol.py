"""What every metric offers."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.metrics.table import PixelTable


class Metric(Protocol):
    """A number between 0 and 1 that says how well anomaly maps agree with masks; NaN where it is not defined."""

    @property
    def name(self) -> str:
        """Its key in results."""

    def value(self, table: PixelTable) -> float:
        """The exact value on all images."""

    def resampled(self, table: PixelTable, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values when image i counts `weights[r, i]` times.

        Args:
            table: the maps and masks.
            weights: shape (R, images), whole numbers from 0 up.

        Returns:
            Shape (R,).
        """
