"""Pixel AUROC: the chance that an anomalous pixel scores above a normal one, ties counted half."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.metrics.ranking import Ranking
from qpbae_tn.metrics.table import PixelTable
from qpbae_tn.metrics.weighted_rows import labelled_rows


@dataclass(frozen=True)
class PixelAuroc:
    """Area under the ROC curve over all pixels; not defined without anomalous or without normal pixels."""

    name: str = "auroc"

    def value(self, table: PixelTable) -> float:
        """The exact value, from scikit-learn."""
        return auroc(table.ranking)

    def resampled(self, table: PixelTable, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values for weighted images, shape (R,)."""
        return weighted_auroc(table.sweep_ranking, weights)


def auroc(ranking: Ranking) -> float:
    """The area under the ROC curve of a ranking, NaN where it is not defined."""
    # Imported when called: it takes seconds, and training needs this package only for its threshold.
    from sklearn.metrics import roc_auc_score

    if not (ranking.anomalous.nnz and ranking.normal.nnz):
        return float("nan")
    labels, scores, counts = labelled_rows(ranking)
    return float(roc_auc_score(labels, scores, sample_weight=counts))


def weighted_auroc(ranking: Ranking, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same for each row of weights (R, images), by the trapezoid rule over the sweep; shape (R,)."""
    area = normal = anomalous = np.zeros(len(weights))
    for block in ranking.sweep(weights, ranking.anomalous):
        area = area + np.einsum("sr,sr->r", block.normal, block.rising_total - 0.5 * block.rising)
        normal, anomalous = block.normal_total[-1], block.rising_total[-1]
    pairs = normal * anomalous
    return np.asarray(np.divide(area, pairs, out=np.full(len(weights), np.nan), where=pairs > 0))
