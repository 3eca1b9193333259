"""AUPIMO: area under the per-image overlap curve where false alarms are rare.

Bertoldo et al., "AUPIMO: Redefining Visual Anomaly Detection Benchmarks with High Speed and Low Tolerance" (BMVC 2024,
arXiv:2401.01984): the false positive rate F is taken over the pixels of images without a defect, the recall T_i over
the anomalous pixels of one defective image, and

    AUPIMO_i = (1 / log(U / L)) * integral of T_i d log F from F = L to F = U,   L = 1e-5, U = 1e-4,

averaged over the defective images. Between two thresholds T is taken as linear in F, as for AUPRO.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import diags_array

from qpbae_tn.errors import InputError
from qpbae_tn.metrics.table import PixelTable

Float64Array = NDArray[np.float64]

LOW, HIGH = 1e-5, 1e-4
"""The false positive rates between which the recall counts."""
LEAST_NORMAL_PIXELS = 100_000
"""With fewer pixels of images without a defect not a single one lies below the lower rate."""


@dataclass(frozen=True)
class Aupimo:
    """The mean over defective images; not defined without them, or with fewer than `LEAST_NORMAL_PIXELS`.

    Args:
        least_normal_pixels: pixels of images without a defect below which there is no value.
    """

    name: str = "aupimo"
    least_normal_pixels: int = LEAST_NORMAL_PIXELS

    def value(self, table: PixelTable) -> float:
        """The value on all images; NaN where it is not defined."""
        return float(self.resampled(table, np.ones((1, table.image_count)))[0])

    def resampled(self, table: PixelTable, weights: Float64Array) -> Float64Array:
        """The values for weighted images, shape (R,), over the exact ranking: rates this low bear no merging."""
        if normal_image_pixels(table) < self.least_normal_pixels:
            return np.full(len(weights), np.nan)
        good, defective = ~table.defective, table.defective
        pixels = table.maps[0].size
        normal_total = pixels * (weights @ good)
        images = weights @ defective
        shares = np.divide(1.0, table.anomalous_pixels, out=np.zeros(len(good)), where=defective)
        ranking = table.ranking
        # Only pixels of images without a defect are false alarms here, and each defective image weighs the same.
        ranking = replace(ranking, normal=(ranking.normal @ diags_array(good.astype(np.float64))).tocsr())
        recall = (ranking.anomalous @ diags_array(shares)).tocsr()
        area = np.zeros(len(weights))
        defined = (normal_total > 0) & (images > 0)
        per_normal = np.divide(1.0, normal_total, out=np.zeros(len(weights)), where=defined)
        for block in ranking.sweep(weights, recall):
            after, before = block.normal_total * per_normal, (block.normal_total - block.normal) * per_normal
            area += _log_area(before, after, block.rising_total - block.rising, block.rising_total).sum(axis=0)
            if (after[-1] >= HIGH).all():
                break
        span = images * np.log(HIGH / LOW)
        return np.asarray(np.divide(area, span, out=np.full(len(weights), np.nan), where=defined))


def normal_image_pixels(table: PixelTable) -> int:
    """Pixels of the images without a defect."""
    return int((~table.defective).sum()) * int(table.maps[0].size)


def require_normal_pixels(table: PixelTable) -> None:
    """Raises `InputError` where AUPIMO has no value for want of normal pixels."""
    found = normal_image_pixels(table)
    if found < LEAST_NORMAL_PIXELS:
        raise InputError(
            f"AUPIMO needs {LEAST_NORMAL_PIXELS:,} pixels of images without a defect, there are {found:,}",
            where="metrics",
            remedy="give more normal test images or a larger `image_size`, or leave aupimo out",
        )


def _log_area(before: Float64Array, after: Float64Array, low: Float64Array, high: Float64Array) -> Float64Array:
    """The integral of T d log F over steps from F = before to F = after, clipped to LOW..HIGH; T from low to high."""
    start, end = np.clip(before, LOW, HIGH), np.clip(after, LOW, HIGH)
    width = after - before
    slope = np.divide(high - low, width, out=np.zeros_like(width), where=width > 0)
    return np.asarray((low - slope * before) * np.log(end / start) + slope * (end - start))
