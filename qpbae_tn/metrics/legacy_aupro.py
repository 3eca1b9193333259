"""The AUPRO of an early Anomalib, which the paper cites, for comparison with published numbers; no report uses it.

The routine (Akcay et al., ICIP 2022; Anomalib's `AUPRO` metric up to 2.2) draws a ROC curve for each region against the
common background, stretches the curves to the same number of points BY INDEX, takes the mean of false positive rates
and of overlaps at each index, and divides the area by the last mean false positive rate. A point of one region's curve
thus stands for another threshold than the point of the same index of another's, and pixels of other regions do not
count as steps. Its bias has no fixed sign and is small for maps with many distinct scores (on 647 ultrasound images of
32 x 32 pixels, below 0.001).

The authors' result files hold far larger AUPROs than their tables for the same AUROC (leather, P=8, S=1, BD=1: 0.930
against 0.774). For every configuration that both list the two fit together as the area without a limit
(`fpr_limit=1`) and up to 0.3: the mean overlap beyond 0.3 that they imply lies between 0.86 and 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.metrics.ranked import FPR_LIMIT
from qpbae_tn.metrics.table import PixelTable

FloatArray = NDArray[np.float64]


def legacy_aupro(maps: NDArray[np.floating], masks: NDArray[np.bool_], fpr_limit: float = FPR_LIMIT) -> float:
    """Area under the index-averaged curves of the regions; O(regions N), without an interval.

    Args:
        maps: Y, shape (images, H, W), finite.
        masks: shape (images, H, W), boolean.
        fpr_limit: of the area; 1 for no limit.

    Returns:
        NaN without regions, without normal pixels, or where the first threshold already passes the limit: the routine
        has no curve to average then.

    Raises:
        InputError: see `PixelTable`.
    """
    table = PixelTable(maps, masks, 0.0)
    falling = -maps.astype(np.float64)
    background = _Background.of(falling[~masks], fpr_limit)
    sizes = table.regions.sizes
    samples = _sample_count(falling, background, fpr_limit)
    if not len(sizes) or samples < 2:
        return float("nan")
    labels = table.regions.labels.ravel()
    marked = np.flatnonzero(labels)
    by_region = falling.ravel()[marked[np.argsort(labels[marked], kind="stable")]]
    rate_sum, overlap_sum = np.zeros(samples), np.zeros(samples)
    for scores in np.split(by_region, np.cumsum(sizes)[:-1].tolist()):
        rate, overlap = _sampled_curve(background, np.sort(scores), samples, fpr_limit)
        rate_sum += rate
        overlap_sum += overlap
    return float(np.trapezoid(overlap_sum, rate_sum) / rate_sum[-1] / len(sizes))


@dataclass(frozen=True)
class _Background:
    """The distinct scores of normal pixels, negated so that they rise, up to the first that passes the limit.

    Args:
        levels: shape (K,).
        rates: shape (K + 1,), the false positive rate before the first level and at each.
    """

    levels: FloatArray
    rates: FloatArray

    @classmethod
    def of(cls, scores: FloatArray, limit: float) -> _Background:
        levels, counts = np.unique(scores, return_counts=True)
        rates = np.append(0.0, np.cumsum(counts) / max(counts.sum(), 1))
        kept = int(np.searchsorted(rates, limit, side="right"))
        return cls(levels[:kept], rates[: kept + 1])


def _sample_count(falling: FloatArray, background: _Background, limit: float) -> int:
    """Points of the ROC curve of all pixels up to the limit, the origin included."""
    if not len(background.levels):
        return 0
    levels = np.unique(falling[falling <= background.levels[-1]])
    rates = background.rates[np.searchsorted(background.levels, levels, side="right")]
    return 1 + int(np.sum(rates <= limit))


def _sampled_curve(
    background: _Background, region: FloatArray, samples: int, limit: float
) -> tuple[FloatArray, FloatArray]:
    """A region's ROC curve up to the limit, at evenly spaced indices: rates and overlaps, each of shape (samples,)."""
    own = np.unique(region[region <= background.levels[-1]])
    at = np.searchsorted(background.levels, own)
    fresh = background.levels[at] != own
    levels = np.insert(background.levels, at[fresh], own[fresh])
    rate = np.append(0.0, np.insert(background.rates[1:], at[fresh], background.rates[at[fresh]]))
    overlap = np.append(0.0, np.searchsorted(region, levels, side="right") / len(region))
    inside = int(np.searchsorted(rate, limit, side="right"))
    last = end = float(inside - 1)
    if inside < len(rate) and not np.isclose(rate[inside - 1], limit):
        # One point past the limit is stretched along, and the last sample lies where the curve meets the limit.
        end = float(inside)
        last += (limit - rate[inside - 1]) / (rate[inside] - rate[inside - 1])
    position = np.linspace(0.0, end, samples)
    position[-1] = last
    left = np.clip(np.ceil(position).astype(np.intp) - 1, 0, len(rate) - 2)
    part = position - left
    return _lerp(rate, left, part), _lerp(overlap, left, part)


def _lerp(curve: FloatArray, left: NDArray[np.intp], part: FloatArray) -> FloatArray:
    return curve[left] + part * (curve[left + 1] - curve[left])
