"""Best F1: the largest pixel-level F1 over all thresholds, an upper bound that no threshold without labels reaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.metrics.ranking import Ranking
from qpbae_tn.metrics.table import PixelTable


@dataclass(frozen=True)
class BestF1:
    """The largest F1 over all thresholds, pixels pooled; not defined without anomalous pixels."""

    name: str = "best_f1"

    def value(self, table: PixelTable) -> float:
        """The exact value."""
        return float(weighted_best_f1(table.ranking, np.ones((1, table.image_count)))[0])

    def resampled(self, table: PixelTable, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values for weighted images, each with its own best threshold, shape (R,)."""
        return weighted_best_f1(table.sweep_ranking, weights)


def weighted_best_f1(ranking: Ranking, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest 2 TP / (TP + FP + P) over the steps, for each row of weights (R, images); shape (R,)."""
    anomalous = weights @ np.asarray(ranking.anomalous.sum(axis=0))
    best = np.where(anomalous > 0, 0.0, np.nan)
    floor = np.maximum(anomalous, 1.0)
    for block in ranking.sweep(weights, ranking.anomalous):
        scores = 2 * block.rising_total / (block.rising_total + block.normal_total + floor)
        best = np.maximum(best, scores.max(axis=0))
    return best
