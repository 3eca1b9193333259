"""Curves for plots: ROC, per-region overlap, and Dice and IoU against the threshold, thinned for drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.metrics.overlap import Averaging, average_overlap, dice_parts, iou_parts
from qpbae_tn.metrics.ranked import FPR_LIMIT
from qpbae_tn.metrics.table import PixelTable, check_maps

FloatArray = NDArray[np.float64]
POINTS = 300
"""Points that a curve is thinned to."""


@dataclass(frozen=True, eq=False)
class RateCurve:
    """A curve over the false positive rate; empty where the metric is not defined.

    Args:
        false_positive_rate: shape (points,), rising from 0.
        rate: shape (points,), the true positive rate, or the mean overlap of the regions.
    """

    false_positive_rate: FloatArray
    rate: FloatArray


@dataclass(frozen=True, eq=False)
class OverlapCurve:
    """Dice and IoU against the threshold (Fig. 5), each of shape (T,)."""

    thresholds: FloatArray
    dice: FloatArray
    iou: FloatArray


def roc_curve(table: PixelTable, points: int = POINTS) -> RateCurve:
    """The pixel ROC curve, from (0, 0) to (1, 1)."""
    ranking = table.ranking
    return _rate_curve(
        ranking.normal_counts, ranking.anomalous_counts, float(table.anomalous_pixels.sum()), 1.0, points
    )


def pro_curve(table: PixelTable, points: int = POINTS) -> RateCurve:
    """The per-region overlap curve, from (0, 0) to its point at a false positive rate of 0.3."""
    ranking = table.ranking
    return _rate_curve(ranking.normal_counts, ranking.overlap_sums, float(len(table.regions.sizes)), FPR_LIMIT, points)


def overlap_curve(
    maps: NDArray[np.floating],
    masks: NDArray[np.bool_],
    thresholds: FloatArray | None = None,
    averaging: Averaging = Averaging.PAPER,
) -> OverlapCurve:
    """Dice and IoU of map > threshold for many thresholds, each pixel looked at once; O(N log T + images T).

    Args:
        maps: Y, shape (images, H, W), finite.
        masks: shape (images, H, W), boolean.
        thresholds: shape (T,), rising; evenly spaced from the smallest to the largest score when left out.
        averaging: over images, as for the metrics.

    Raises:
        InputError: see `PixelTable`; thresholds that do not rise.
    """
    check_maps(maps)
    if thresholds is None:
        thresholds = np.linspace(float(maps.min()), float(maps.max()), POINTS)
    elif np.any(np.diff(thresholds) < 0):
        raise InputError("thresholds that fall", where="thresholds", remedy="sort them")
    table = PixelTable(maps, masks, 0.0)
    # A pixel is called anomalous at the first `passed` thresholds, those below its score.
    passed = np.searchsorted(thresholds, maps.ravel(), side="left").reshape(maps.shape)
    called = _pixels_above(passed, np.ones_like(masks), len(thresholds))
    hit = _pixels_above(passed, masks, len(thresholds))
    anomalous = np.broadcast_to(table.anomalous_pixels[:, None], hit.shape)
    dice, iou = (
        average_overlap(*parts(hit, called, anomalous), table.defective, np.ones((1, len(maps))), averaging)[0]
        for parts in (dice_parts, iou_parts)
    )
    return OverlapCurve(thresholds, dice, iou)


def _pixels_above(passed: NDArray[np.intp], chosen: NDArray[np.bool_], count: int) -> FloatArray:
    """Chosen pixels above each of `count` thresholds, per image; shape (images, count)."""
    images = len(passed)
    cells = (np.arange(images)[:, None, None] * (count + 1) + passed)[chosen]
    histogram = np.bincount(cells, minlength=images * (count + 1)).reshape(images, count + 1)
    return histogram[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:].astype(np.float64)


def _rate_curve(normal: FloatArray, rising: FloatArray, rising_total: float, limit: float, points: int) -> RateCurve:
    if not normal.sum() or not rising_total:
        return RateCurve(np.empty(0), np.empty(0))
    x = np.append(0.0, np.cumsum(normal) / normal.sum())
    y = np.append(0.0, np.cumsum(rising) / rising_total)
    inside = int(np.searchsorted(x, limit, side="right"))
    if inside < len(x):
        x, y = np.append(x[:inside], limit), np.append(y[:inside], np.interp(limit, x, y))
    # Evenly spaced along |dx| + |dy|, so that steep and flat stretches keep their points.
    length = x / limit + y
    kept = np.unique(np.searchsorted(length, np.linspace(0.0, length[-1], points)).clip(max=len(x) - 1))
    kept = np.union1d(kept, [0, len(x) - 1])
    return RateCurve(x[kept], y[kept])
