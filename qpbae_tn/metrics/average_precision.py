"""Average precision: precision averaged over the recall gained at each threshold, pixels of equal score together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.metrics.table import PixelTable
from qpbae_tn.metrics.weighted_rows import labelled_rows


@dataclass(frozen=True)
class AveragePrecision:
    """Average precision over all pixels; not defined without anomalous pixels."""

    name: str = "average_precision"

    def value(self, table: PixelTable) -> float:
        """The exact value, from scikit-learn."""
        # Imported when called: it takes seconds, and training needs this package only for its threshold.
        from sklearn.metrics import average_precision_score

        if not table.ranking.anomalous.nnz:
            return float("nan")
        labels, scores, counts = labelled_rows(table.ranking)
        return float(average_precision_score(labels, scores, sample_weight=counts))

    def resampled(self, table: PixelTable, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values for weighted images, shape (R,)."""
        ranking = table.sweep_ranking
        total = anomalous = np.zeros(len(weights))
        for block in ranking.sweep(weights, ranking.anomalous):
            called = block.normal_total + block.rising_total
            # Before the first pixel of positive weight nothing is called anomalous, and nothing is gained.
            precision = block.rising_total / np.maximum(called, 1.0)
            total = total + np.einsum("sr,sr->r", block.rising, precision)
            anomalous = block.rising_total[-1]
        return np.asarray(np.divide(total, anomalous, out=np.full(len(weights), np.nan), where=anomalous > 0))
