"""Dice score at the operating threshold (Eq. 10): 2 |A n B| / (|A| + |B|)."""

from __future__ import annotations

from qpbae_tn.metrics.averaging import Averaging, FloatArray, OverlapMetric


def dice_parts(hit: FloatArray, called: FloatArray, anomalous: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Numerator and denominator of Eq. 10 from numbers of pixels, all of one shape."""
    return 2 * hit, called + anomalous


DICE = tuple(OverlapMetric(f"dice_{averaging.value}", dice_parts, averaging) for averaging in Averaging)
