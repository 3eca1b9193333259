"""How well anomaly maps agree with masks: metrics with intervals, curves, and the operating threshold."""

from qpbae_tn.interval import Interval
from qpbae_tn.metrics.curves import OverlapCurve, RateCurve, overlap_curve, pro_curve, roc_curve
from qpbae_tn.metrics.evaluation import METRICS, Metric, evaluate_maps
from qpbae_tn.metrics.overlap import Averaging
from qpbae_tn.metrics.table import PixelTable, decide, operating_threshold

__all__ = [
    "METRICS",
    "Averaging",
    "Interval",
    "Metric",
    "OverlapCurve",
    "PixelTable",
    "RateCurve",
    "decide",
    "evaluate_maps",
    "operating_threshold",
    "overlap_curve",
    "pro_curve",
    "roc_curve",
]
