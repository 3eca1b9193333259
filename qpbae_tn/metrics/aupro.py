"""AUPRO: area under the per-region overlap curve, as MVTec defines it.

Bergmann et al., "The MVTec Anomaly Detection Dataset", IJCV 129 (2021): with every threshold, the false positive rate
is taken over all normal pixels of all images, and the overlap is the mean over all anomalous regions of the share
found. The area up to a false positive rate of 0.3, divided by 0.3: a constant map gives 0.15, a perfect one 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.metrics.ranking import Ranking
from qpbae_tn.metrics.table import PixelTable

FPR_LIMIT = 0.3
"""The false positive rate up to which MVTec integrates."""


@dataclass(frozen=True)
class Aupro:
    """Area under the per-region overlap curve; not defined without regions or without normal pixels.

    A resampled image brings its regions along, as often as it was drawn.
    """

    name: str = "aupro"

    def value(self, table: PixelTable) -> float:
        """The exact value, O(N log N)."""
        return float(_weighted_aupro(table.ranking, table.region_counts, np.ones((1, table.image_count)))[0])

    def resampled(self, table: PixelTable, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values for weighted images, shape (R,)."""
        return _weighted_aupro(table.sweep_ranking, table.region_counts, weights)


def _weighted_aupro(
    ranking: Ranking, region_counts: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Trapezoids over the sweep, the one that crosses the limit cut there; shape (R,)."""
    normal = weights @ np.asarray(ranking.normal.sum(axis=0))
    regions = weights @ region_counts
    defined = (normal > 0) & (regions > 0)
    limit = FPR_LIMIT * normal
    area = np.zeros(len(weights))
    for block in ranking.sweep(weights, ranking.overlap):
        before = block.normal_total - block.normal
        width = np.clip(limit - before, 0.0, block.normal)
        # At the cut the overlap has risen by the same part of the step as the false positive rate.
        part = width / np.maximum(block.normal, 1.0)
        area += np.einsum("sr,sr->r", width, block.rising_total - block.rising * (1.0 - 0.5 * part))
        if (block.normal_total[-1] >= limit).all():
            break
    share = np.divide(area, limit * regions, out=np.full(len(weights), np.nan), where=defined)
    # The shares 1 / size of a region add up to one but for rounding.
    return np.asarray(np.minimum(share, 1.0))
