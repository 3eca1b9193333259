"""All metrics of a set of anomaly maps, each with its interval; a new metric is one more entry in `METRICS`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.metrics.aupimo import Aupimo
from qpbae_tn.metrics.overlap import DICE, IOU
from qpbae_tn.metrics.protocol import Metric, MetricValue, percentile_interval, resample_weights
from qpbae_tn.metrics.ranked import STRICT_FPR_LIMIT, Aupro, AveragePrecision, BestF1, ImageAuroc, PixelAuroc
from qpbae_tn.metrics.table import PixelTable

# What tables and charts call the metrics.


METRIC_TITLES = {
    "auroc": "AUROC",
    "aupro": "AUPRO",
    "aupro_05": "AUPRO (FPR to .05)",
    "aupimo": "AUPIMO",
    "average_precision": "AP",
    "best_f1": "best F1",
    "image_auroc": "image AUROC",
    "dice_paper": "Dice",
    "iou_paper": "IoU",
    "dice_defective": "Dice (defective)",
    "iou_defective": "IoU (defective)",
    "dice_pooled": "Dice (pooled)",
    "iou_pooled": "IoU (pooled)",
}
"""By the metric's name."""


def metric_title(name: str) -> str:
    """The title of a metric; its name in words where it has none."""
    return METRIC_TITLES.get(name, name.replace("_", " "))


METRICS: tuple[Metric, ...] = (
    PixelAuroc(),
    Aupro(),
    Aupro("aupro_05", STRICT_FPR_LIMIT),
    Aupimo(),
    AveragePrecision(),
    *DICE,
    *IOU,
    BestF1(),
    ImageAuroc(),
)


def evaluate_maps(
    maps: NDArray[np.floating],
    masks: NDArray[np.bool_],
    threshold: float,
    *,
    resamples: int = 200,
    seed: int = 0,
) -> dict[str, MetricValue]:
    """Every metric of `METRICS` on these maps, with 95% bootstrap intervals over images.

    Values are exact. Intervals share one set of resamples, are exact for up to `SWEEP_STEPS` distinct thresholds, and
    beyond that are taken over merged ones (see `Ranking.coarsened`), so that time and memory stay bounded.

    Args:
        maps: Y, shape (images, H, W), finite, higher is more anomalous.
        masks: shape (images, H, W), boolean.
        threshold: on the scale of Y; a pixel is called anomalous where map > threshold.
        resamples: of the bootstrap; 0 leaves the intervals NaN.
        seed: of the bootstrap.

    Returns:
        A value for each metric's name; NaN where a metric is not defined on these images.

    Raises:
        InputError: see `PixelTable`; a negative number of resamples.
    """
    return evaluate_table(PixelTable(maps, masks, threshold), resamples=resamples, seed=seed)


def evaluate_table(table: PixelTable, *, resamples: int = 200, seed: int = 0) -> dict[str, MetricValue]:
    """As `evaluate_maps`, for maps whose table has further uses, since it keeps the ranking of their pixels."""
    measured = measure_table(table, resamples=resamples, seed=seed)
    return {name: found.metric_value for name, found in measured.items()}


@dataclass(frozen=True, eq=False)
class Measured:
    """A metric on one detector's maps, with its values on every resample of the images.

    Args:
        value: the exact value.
        resampled: shape (resamples,), in the order of the resamples that a seed gives.
    """

    value: float
    resampled: NDArray[np.float64]

    @property
    def metric_value(self) -> MetricValue:
        """With its own interval."""
        return MetricValue(self.value, *percentile_interval(self.resampled))

    def minus(self, other: Measured) -> MetricValue:
        """The paired difference to another detector on the same images, with the interval of the difference.

        Both have to be measured with the same images, number of resamples and seed. Two intervals side by side would
        hold what the images share twice, and look far wider than the difference is uncertain.
        """
        return MetricValue(self.value - other.value, *percentile_interval(self.resampled - other.resampled))


def measure_table(table: PixelTable, *, resamples: int = 200, seed: int = 0) -> dict[str, Measured]:
    """Every metric of `METRICS` with its values on each resample, by name; arguments as for `evaluate_maps`."""
    weights = resample_weights(table.image_count, resamples, seed)
    return {
        metric.name: Measured(metric.value(table), metric.resampled(table, weights) if resamples else np.empty(0))
        for metric in METRICS
    }


def paired_differences(first: Mapping[str, Measured], second: Mapping[str, Measured]) -> dict[str, MetricValue]:
    """For each metric that both have, the first detector's value minus the second's, with a paired interval."""
    return {name: found.minus(second[name]) for name, found in first.items() if name in second}
