"""AUROC, AUPRO, best F1 and Dice of many maps over the same masks, without sorting pixels beside their labels.

A study asks for the same metrics of hundreds of maps. With the masks digested once, each takes one sort of the normal
pixels' scores and one look-up for each anomalous pixel: with g normal pixels above an anomalous one and h at or above
it, that pixel adds to the area under a curve up to L normal pixels

    the mean of max(L - u, 0) for u from g to h,

with L the number of normal pixels for AUROC (each pixel counts alike) and 0.3 of it for AUPRO (a pixel counts by one
over the size of its region). Ties are then taken together, as in `qpbae_tn.metrics`.

Scores are single precision. That makes scores equal which differ by the order of a sum only, as those of few shots do,
and moves AUROC by less than 1e-5 (tested against `qpbae_tn.metrics`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.metrics.overlap import Averaging, average_overlap, dice_parts
from qpbae_tn.metrics.ranked import FPR_LIMIT
from qpbae_tn.metrics.ranking import find_regions
from qpbae_tn.metrics.table import decide

Scores = NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Labels:
    """Masks, digested; pixels are counted in the order (H, W, images), in which `PatchGrid.fold_stack` makes maps.

    Args:
        masks: shape (H * W, images).
        normal: positions of normal pixels in a flattened stack of maps.
        anomalous: positions of anomalous pixels.
        shares: one over the size of each anomalous pixel's region.
        region_count: number of regions.
    """

    masks: NDArray[np.bool_]
    normal: NDArray[np.intp]
    anomalous: NDArray[np.intp]
    shares: NDArray[np.float64]
    region_count: int

    @classmethod
    def of(cls, masks: NDArray[np.bool_]) -> Labels:
        """From masks of shape (images, H, W)."""
        regions = find_regions(masks)
        table = pixels_first(masks)
        flat = table.ravel()
        shares = pixels_first(regions.pixel_shares).ravel()[flat]
        return cls(table, np.flatnonzero(~flat), np.flatnonzero(flat), shares, len(regions.sizes))


@dataclass(frozen=True)
class RankMetrics:
    """Metrics that need no threshold; NaN where the masks leave them undefined."""

    auroc: float
    aupro: float
    best_f1: float


@dataclass(frozen=True)
class DecisionMetrics:
    """Metrics of the decision map > threshold.

    Args:
        dice_paper: mean over images, an empty mask with an empty prediction counting 1.
        dice_defective: mean over the images with a non-empty mask.
        fpr: share of the normal pixels called anomalous.
    """

    dice_paper: float
    dice_defective: float
    fpr: float


def pixels_first(stack: NDArray[Scalar]) -> NDArray[Scalar]:
    """A stack (images, H, W) as (H * W, images), contiguous."""
    return np.ascontiguousarray(np.moveaxis(stack, 0, -1)).reshape(-1, len(stack))


def rank_metrics(scores: Scores, labels: Labels) -> RankMetrics:
    """The metrics without a threshold.

    Args:
        scores: the maps, shape (H * W, images), higher is more anomalous.
        labels: the masks.
    """
    if not (labels.normal.size and labels.anomalous.size):
        return RankMetrics(float("nan"), float("nan"), float("nan"))
    flat = scores.ravel()
    normal, anomalous = np.sort(flat[labels.normal]), flat[labels.anomalous]
    order = np.argsort(anomalous)
    anomalous, shares = anomalous[order], labels.shares[order]
    total = len(normal)
    above = (total - np.searchsorted(normal, anomalous, side="right")).astype(np.float64)
    at_least = (total - np.searchsorted(normal, anomalous, side="left")).astype(np.float64)
    auroc = 1.0 - float(np.mean(above + at_least)) / (2 * total)
    limit = FPR_LIMIT * total
    aupro = float(shares @ _mean_rest(above, at_least, limit)) / (limit * labels.region_count)
    found = len(anomalous) - np.searchsorted(anomalous, anomalous, side="left")
    best_f1 = float(np.max(2 * found / (found + at_least + len(anomalous))))
    return RankMetrics(auroc, min(aupro, 1.0), best_f1)


def decision_metrics(scores: Scores, labels: Labels, threshold: float) -> DecisionMetrics:
    """The metrics at a threshold; arguments as for `rank_metrics`."""
    called = decide(scores, threshold)
    counts = np.count_nonzero(called, axis=0).astype(np.float64)
    hits = np.count_nonzero(called & labels.masks, axis=0).astype(np.float64)
    marked = np.count_nonzero(labels.masks, axis=0).astype(np.float64)
    weights = np.ones((1, len(marked)))
    parts = dice_parts(hits, counts, marked)
    paper, defective = (
        float(average_overlap(*parts, marked > 0, weights, averaging)[0])
        for averaging in (Averaging.PAPER, Averaging.DEFECTIVE)
    )
    normal = len(labels.normal)
    return DecisionMetrics(paper, defective, float((counts - hits).sum()) / normal if normal else float("nan"))


def _mean_rest(low: NDArray[np.float64], high: NDArray[np.float64], limit: float) -> NDArray[np.float64]:
    """The mean of max(limit - u, 0) for u from low to high."""
    width = np.maximum(high - low, 1.0)
    inside = limit - (low + high) / 2
    cut = np.maximum(limit - low, 0.0) ** 2 / (2 * width)
    return np.where(high <= limit, inside, cut)
