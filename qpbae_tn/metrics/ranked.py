"""Metrics that need no threshold: how anomaly maps rank anomalous pixels above normal ones.

Values come from one sort of the normal pixels' scores and one look-up for each anomalous pixel, without sorting pixels
beside their labels; intervals from sweeps over the ranking (`qpbae_tn.metrics.ranking`), which give all resamples at
once and agree with the values for weights of one. With g normal pixels above an anomalous one and h at or above it,
that pixel adds to the area under a curve up to L normal pixels

    the mean of max(L - u, 0) for u from g to h,

with L the number of normal pixels for AUROC (each pixel counts alike) and 0.3 of it for AUPRO (a pixel counts by one
over the size of its region). Pixels of equal score are thereby taken together.

AUPRO is that of MVTec (Bergmann et al., "The MVTec Anomaly Detection Dataset", IJCV 129, 2021): with every threshold,
the false positive rate is taken over all normal pixels of all images, and the overlap is the mean over all anomalous
regions of the share found. The area up to a false positive rate of 0.3, divided by 0.3: a constant map gives 0.15, a
perfect one 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.metrics.ranking import Ranking, Regions, find_regions

if TYPE_CHECKING:
    from qpbae_tn.metrics.table import PixelTable

FloatArray = NDArray[np.float64]
Scores = NDArray[np.float32]
"""Maps in single precision, which many of them are kept in."""
Scalar = TypeVar("Scalar", bound=np.generic)

FPR_LIMIT = 0.3
"""The false positive rate up to which MVTec integrates."""
STRICT_FPR_LIMIT = 0.05
"""The limit that papers on stronger detectors report beside it (MVTec-AD 2, arXiv:2503.21622)."""


@dataclass(frozen=True, eq=False)
class Labels:
    """Masks, digested for any number of maps over them.

    Args:
        masks: in the layout of the maps, e.g. (images, H, W), or (H * W, images).
        normal: positions of normal pixels in flattened maps.
        anomalous: positions of anomalous pixels.
        shares: one over the size of each anomalous pixel's region.
        region_count: number of regions.
    """

    masks: NDArray[np.bool_]
    normal: NDArray[np.intp]
    anomalous: NDArray[np.intp]
    shares: FloatArray
    region_count: int

    @classmethod
    def of(cls, masks: NDArray[np.bool_], regions: Regions | None = None, *, by_pixel: bool = False) -> Labels:
        """From masks of shape (images, H, W).

        Args:
            masks: true on anomalous pixels.
            regions: theirs, where they are known.
            by_pixel: for maps of shape (H * W, images), in which `PatchGrid.fold_stack` makes them.
        """
        regions = find_regions(masks) if regions is None else regions
        table, shares = masks, regions.pixel_shares
        if by_pixel:
            table, shares = pixels_first(table), pixels_first(shares)
        flat = table.ravel()
        return cls(table, np.flatnonzero(~flat), np.flatnonzero(flat), shares.ravel()[flat], len(regions.sizes))


def pixels_first(stack: NDArray[Scalar]) -> NDArray[Scalar]:
    """A stack (images, H, W) as (H * W, images), contiguous."""
    return np.ascontiguousarray(np.moveaxis(stack, 0, -1)).reshape(-1, len(stack))


@dataclass(frozen=True, eq=False)
class Ranks:
    """Where the anomalous pixels of a stack of maps stand among all pixels; every metric is NaN where not defined.

    Args:
        above: normal pixels of a larger score, for each anomalous pixel; shape (A,).
        at_least: normal pixels of at least its score.
        found: anomalous pixels of at least its score, itself included.
        shares: one over the size of its region.
        normal: number of normal pixels.
        regions: number of regions.
    """

    above: FloatArray
    at_least: FloatArray
    found: FloatArray
    shares: FloatArray
    normal: int
    regions: int

    @cached_property
    def auroc(self) -> float:
        """The chance that an anomalous pixel scores above a normal one, ties counted half."""
        if not (self.normal and len(self.found)):
            return float("nan")
        return 1.0 - float(np.mean(self.above + self.at_least)) / (2 * self.normal)

    @property
    def aupro(self) -> float:
        """AUPRO up to a false positive rate of `FPR_LIMIT`."""
        return self.aupro_up_to(FPR_LIMIT)

    def aupro_up_to(self, fpr_limit: float) -> float:
        """Area under the per-region overlap curve up to a false positive rate, divided by it."""
        if not (self.normal and self.regions):
            return float("nan")
        limit = fpr_limit * self.normal
        area = float(self.shares @ _mean_rest(self.above, self.at_least, limit))
        # The shares 1 / size of a region add up to one but for rounding.
        return min(area / (limit * self.regions), 1.0)

    @cached_property
    def average_precision(self) -> float:
        """Precision averaged over the recall gained at each threshold."""
        if not len(self.found):
            return float("nan")
        return float(np.mean(self.found / (self.found + self.at_least)))

    @cached_property
    def best_f1(self) -> float:
        """The largest pixel-level F1 over all thresholds, which no threshold chosen without labels reaches."""
        if not len(self.found):
            return float("nan")
        return float(np.max(2 * self.found / (self.found + self.at_least + len(self.found))))


def rank_metrics(scores: NDArray[np.floating], labels: Labels) -> Ranks:
    """The metrics of a stack of maps without a threshold, O(N log N).

    In single precision scores are equal that differ by the order of a sum only, as those of few shots do; that moves
    AUROC by less than 1e-5.

    Args:
        scores: the maps, in the layout of the labels, higher is more anomalous.
        labels: the masks.
    """
    flat = scores.ravel()
    normal, anomalous = np.sort(flat[labels.normal]), flat[labels.anomalous]
    order = np.argsort(anomalous)
    anomalous = anomalous[order]
    return Ranks(
        above=(len(normal) - np.searchsorted(normal, anomalous, side="right")).astype(np.float64),
        at_least=(len(normal) - np.searchsorted(normal, anomalous, side="left")).astype(np.float64),
        found=(len(anomalous) - np.searchsorted(anomalous, anomalous, side="left")).astype(np.float64),
        shares=labels.shares[order],
        normal=len(normal),
        regions=labels.region_count,
    )


def _mean_rest(low: FloatArray, high: FloatArray, limit: float) -> FloatArray:
    """The mean of max(limit - u, 0) for u from low to high."""
    width = np.maximum(high - low, 1.0)
    inside = limit - (low + high) / 2
    cut = np.maximum(limit - low, 0.0) ** 2 / (2 * width)
    return np.where(high <= limit, inside, cut)


@dataclass(frozen=True)
class PixelAuroc:
    """Area under the ROC curve over all pixels; not defined without anomalous or without normal pixels."""

    name: str = "auroc"

    def value(self, table: PixelTable) -> float:
        """The exact value."""
        return table.ranks.auroc

    def resampled(self, table: PixelTable, weights: FloatArray) -> FloatArray:
        """The values for weighted images, shape (R,)."""
        return _weighted_auroc(table.sweep_ranking, weights)


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
        """The exact value."""
        return table.ranks.aupro_up_to(self.limit)

    def resampled(self, table: PixelTable, weights: FloatArray) -> FloatArray:
        """The values for weighted images: trapezoids over the sweep, the one that crosses the limit cut there."""
        ranking = table.sweep_ranking
        normal = weights @ np.asarray(ranking.normal.sum(axis=0))
        regions = weights @ table.region_counts
        defined = (normal > 0) & (regions > 0)
        limit = self.limit * normal
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
        return np.asarray(np.minimum(share, 1.0))


@dataclass(frozen=True)
class AveragePrecision:
    """Average precision over all pixels; not defined without anomalous pixels."""

    name: str = "average_precision"

    def value(self, table: PixelTable) -> float:
        """The exact value."""
        return table.ranks.average_precision

    def resampled(self, table: PixelTable, weights: FloatArray) -> FloatArray:
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


@dataclass(frozen=True)
class BestF1:
    """The largest F1 over all thresholds, pixels pooled; not defined without anomalous pixels."""

    name: str = "best_f1"

    def value(self, table: PixelTable) -> float:
        """The exact value."""
        return table.ranks.best_f1

    def resampled(self, table: PixelTable, weights: FloatArray) -> FloatArray:
        """The values for weighted images, each with its own best threshold: 2 TP / (TP + FP + P); shape (R,)."""
        ranking = table.sweep_ranking
        anomalous = weights @ np.asarray(ranking.anomalous.sum(axis=0))
        best = np.where(anomalous > 0, 0.0, np.nan)
        floor = np.maximum(anomalous, 1.0)
        for block in ranking.sweep(weights, ranking.anomalous):
            scores = 2 * block.rising_total / (block.rising_total + block.normal_total + floor)
            best = np.maximum(best, scores.max(axis=0))
        return best


@dataclass(frozen=True)
class ImageAuroc:
    """AUROC over images, the score of an image being the largest of its map.

    An image with an empty mask counts as good. Not defined unless there are images of both kinds.
    """

    name: str = "image_auroc"

    def value(self, table: PixelTable) -> float:
        """The exact value."""
        return table.images.ranks.auroc

    def resampled(self, table: PixelTable, weights: FloatArray) -> FloatArray:
        """The values for weighted images, shape (R,)."""
        return _weighted_auroc(table.images.sweep_ranking, weights)


def _weighted_auroc(ranking: Ranking, weights: FloatArray) -> FloatArray:
    """AUROC for each row of weights (R, images), by the trapezoid rule over the sweep; shape (R,)."""
    area = normal = anomalous = np.zeros(len(weights))
    for block in ranking.sweep(weights, ranking.anomalous):
        area = area + np.einsum("sr,sr->r", block.normal, block.rising_total - 0.5 * block.rising)
        normal, anomalous = block.normal_total[-1], block.rising_total[-1]
    pairs = normal * anomalous
    return np.asarray(np.divide(area, pairs, out=np.full(len(weights), np.nan), where=pairs > 0))
