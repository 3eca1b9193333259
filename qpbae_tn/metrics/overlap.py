"""Three ways to average an overlap such as Dice or IoU over images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.metrics.ranked import Labels
from qpbae_tn.metrics.table import PixelTable, decide

FloatArray = NDArray[np.float64]


class Averaging(Enum):
    """How images are brought together."""

    PAPER = "paper"
    """The mean over all images; an empty mask with an empty prediction counts 1, as in the paper (Sec. V)."""
    DEFECTIVE = "defective"
    """The mean over the images with a non-empty mask."""
    POOLED = "pooled"
    """The pixels of all images taken as one."""


OverlapParts = Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""From pixels hit, called anomalous, and anomalous, to the overlap's numerator and denominator."""


@dataclass(frozen=True)
class OverlapMetric:
    """An overlap of decisions (map > threshold) and masks, averaged over images."""

    name: str
    parts: OverlapParts
    averaging: Averaging

    def value(self, table: PixelTable) -> float:
        """The exact value."""
        return float(self.resampled(table, np.ones((1, table.image_count)))[0])

    def resampled(self, table: PixelTable, weights: FloatArray) -> FloatArray:
        """The values for weighted images, shape (R,)."""
        parts = self.parts(table.hit_pixels, table.predicted_pixels, table.anomalous_pixels)
        return average_overlap(*parts, table.defective, weights, self.averaging)


def average_overlap(
    numerator: FloatArray,
    denominator: FloatArray,
    defective: NDArray[np.bool_],
    weights: FloatArray,
    averaging: Averaging,
) -> FloatArray:
    """The average of numerator / denominator over weighted images.

    Args:
        numerator: shape (images,) or (images, T) for T thresholds.
        denominator: the same shape; zero where mask and prediction are both empty.
        defective: shape (images,), which images have a non-empty mask.
        weights: shape (R, images).
        averaging: which of the three ways.

    Returns:
        Shape (R,) or (R, T); NaN where no image, or no pixel, counts.
    """
    if averaging is Averaging.POOLED:
        return _ratio(weights @ numerator, weights @ denominator)
    overlap = np.divide(numerator, denominator, out=np.ones_like(numerator), where=denominator > 0)
    counted = weights * defective if averaging is Averaging.DEFECTIVE else weights
    images = counted.sum(axis=1).reshape(-1, *(1,) * (numerator.ndim - 1))
    return _ratio(counted @ overlap, images)


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    denominator = np.broadcast_to(denominator, numerator.shape)
    return np.asarray(np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator > 0))


# Dice score at the operating threshold (Eq. 10): 2 |A n B| / (|A| + |B|).


def dice_parts(hit: FloatArray, called: FloatArray, anomalous: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Numerator and denominator of Eq. 10 from numbers of pixels, all of one shape."""
    return 2 * hit, called + anomalous


DICE = tuple(OverlapMetric(f"dice_{averaging.value}", dice_parts, averaging) for averaging in Averaging)


# Intersection over union at the operating threshold (Eq. 9): |A n B| / |A u B|.


def iou_parts(hit: FloatArray, called: FloatArray, anomalous: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Numerator and denominator of Eq. 9 from numbers of pixels, all of one shape."""
    return hit, called + anomalous - hit


IOU = tuple(OverlapMetric(f"iou_{averaging.value}", iou_parts, averaging) for averaging in Averaging)


@dataclass(frozen=True)
class DecisionMetrics:
    """Metrics of the decision map > threshold.

    Args:
        dice_paper: mean over images, an empty mask with an empty prediction counting 1.
        dice_defective: mean over the images with a non-empty mask.
        fpr: share of the normal pixels called anomalous; NaN without any.
    """

    dice_paper: float
    dice_defective: float
    fpr: float


def decision_metrics(scores: NDArray[np.floating], labels: Labels, threshold: float) -> DecisionMetrics:
    """The metrics at a threshold of maps of shape (H * W, images), for labels made with `by_pixel`."""
    called = decide(scores, threshold)
    counts = np.count_nonzero(called, axis=0).astype(np.float64)
    hits = np.count_nonzero(called & labels.masks, axis=0).astype(np.float64)
    marked = np.count_nonzero(labels.masks, axis=0).astype(np.float64)
    parts = dice_parts(hits, counts, marked)
    paper, defective = (
        float(average_overlap(*parts, marked > 0, np.ones((1, len(marked))), averaging)[0])
        for averaging in (Averaging.PAPER, Averaging.DEFECTIVE)
    )
    normal = len(labels.normal)
    return DecisionMetrics(paper, defective, float((counts - hits).sum()) / normal if normal else float("nan"))


@dataclass(frozen=True)
class FalsePositiveRate:
    """Share of the normal pixels of all images that are called anomalous; not defined without normal pixels."""

    name: str = "fpr"

    def value(self, table: PixelTable) -> float:
        """The exact value."""
        return float(self.resampled(table, np.ones((1, table.image_count)))[0])

    def resampled(self, table: PixelTable, weights: FloatArray) -> FloatArray:
        """The values for weighted images, shape (R,)."""
        normal = table.masks[0].size - table.anomalous_pixels
        return average_overlap(
            table.predicted_pixels - table.hit_pixels, normal, table.defective, weights, Averaging.POOLED
        )
