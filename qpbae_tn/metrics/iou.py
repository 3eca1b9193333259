"""Intersection over union at the operating threshold (Eq. 9): |A n B| / |A u B|."""

from __future__ import annotations

from qpbae_tn.metrics.averaging import Averaging, FloatArray, OverlapMetric


def iou_parts(hit: FloatArray, called: FloatArray, anomalous: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Numerator and denominator of Eq. 9 from numbers of pixels, all of one shape."""
    return hit, called + anomalous - hit


IOU = tuple(OverlapMetric(f"iou_{averaging.value}", iou_parts, averaging) for averaging in Averaging)
