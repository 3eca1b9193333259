"""AUPRO: area under the per-region overlap curve, as MVTec defines it.

Bergmann et al., "The MVTec Anomaly Detection Dataset", IJCV 129 (2021): with every threshold, the false positive rate
is taken over all normal pixels of all images, and the overlap is the mean over all anomalous regions of the share
found. The area up to a false positive rate of 0.3, divided by 0.3: a constant map gives 0.15, a perfect one 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.metrics.ranking import Ranking, labelled_rows
from qpbae_tn.metrics.table import PixelTable

# Pixel AUROC: the chance that an anomalous pixel scores above a normal one, ties counted half.


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


FPR_LIMIT = 0.3
"""The false positive rate up to which MVTec integrates."""
STRICT_FPR_LIMIT = 0.05
"""The limit that papers on stronger detectors report beside it (MVTec-AD 2, arXiv:2503.21622)."""


@dataclass(frozen=True)
class Aupro:
    """Area under the per-region overlap curve; not defined without regions or without normal pixels.

    A resampled image brings its regions along, as often as it was drawn.

    Args:
        limit: the false positive rate up to which the curve counts; the area is divided by it.
    """

    name: str = "aupro"
    limit: float = FPR_LIMIT

    def value(self, table: PixelTable) -> float:
        """The exact value, O(N log N)."""
        ones = np.ones((1, table.image_count))
        return float(_weighted_aupro(table.ranking, table.region_counts, ones, self.limit)[0])

    def resampled(self, table: PixelTable, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values for weighted images, shape (R,)."""
        return _weighted_aupro(table.sweep_ranking, table.region_counts, weights, self.limit)


def _weighted_aupro(
    ranking: Ranking, region_counts: NDArray[np.float64], weights: NDArray[np.float64], fpr_limit: float
) -> NDArray[np.float64]:
    """Trapezoids over the sweep, the one that crosses the limit cut there; shape (R,)."""
    normal = weights @ np.asarray(ranking.normal.sum(axis=0))
    regions = weights @ region_counts
    defined = (normal > 0) & (regions > 0)
    limit = fpr_limit * normal
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


# Average precision: precision averaged over the recall gained at each threshold, pixels of equal score together.


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


# Best F1: the largest pixel-level F1 over all thresholds, an upper bound that no threshold without labels reaches.


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


# Image AUROC: are defective images told from good ones, the score of an image being the largest of its map?


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
