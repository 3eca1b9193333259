"""All metrics of a set of anomaly maps, each with its bootstrap interval over images; a new one is one more entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.interval import Interval
from qpbae_tn.metrics.aupimo import Aupimo
from qpbae_tn.metrics.overlap import DICE, IOU
from qpbae_tn.metrics.ranked import STRICT_FPR_LIMIT, Aupro, AveragePrecision, BestF1, ImageAuroc, PixelAuroc
from qpbae_tn.metrics.table import PixelTable

RESAMPLES = 200
"""Of the bootstrap, unless a caller says otherwise."""


class Metric(Protocol):
    """A number between 0 and 1 that says how well anomaly maps agree with masks; NaN where it is not defined."""

    @property
    def name(self) -> str:
        """Its key in results."""

    def value(self, table: PixelTable) -> float:
        """The exact value on all images."""

    def resampled(self, table: PixelTable, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values when image i counts `weights[r, i]` times.

        Args:
            table: the maps and masks.
            weights: shape (R, images), whole numbers from 0 up.

        Returns:
            Shape (R,).
        """


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
"""What tables and charts call the metrics, by their names."""


def metric_title(name: str) -> str:
    """The title of a metric; its name in words where it has none."""
    return METRIC_TITLES.get(name, name.replace("_", " "))


def evaluate_maps(
    maps: NDArray[np.floating],
    masks: NDArray[np.bool_],
    threshold: float,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Interval]:
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

    Example:
        >>> import numpy as np
        >>> masks = np.zeros((2, 4, 4), dtype=bool)
        >>> masks[0, :2] = True
        >>> found = evaluate_maps(0.2 + 0.5 * masks, masks, threshold=0.5)
        >>> found["auroc"].value, found["aupro"].value, found["dice_paper"].value
        (1.0, 1.0, 1.0)
    """
    return evaluate_table(PixelTable(maps, masks, threshold), resamples=resamples, seed=seed)


def evaluate_table(
    table: PixelTable, metrics: Sequence[Metric] = METRICS, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Interval]:
    """As `evaluate_maps`, for maps whose table has further uses, or for some metrics only."""
    measured = measure_table(table, metrics, resamples=resamples, seed=seed)
    return {name: found.interval for name, found in measured.items()}


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
    def interval(self) -> Interval:
        """With its own interval."""
        return Interval.of_resamples(self.value, self.resampled)

    def minus(self, other: Measured) -> Interval:
        """The paired difference to another detector on the same images, with the interval of the difference.

        Both have to be measured with the same images, number of resamples and seed. Two intervals side by side would
        hold what the images share twice, and look far wider than the difference is uncertain.
        """
        return Interval.of_resamples(self.value - other.value, self.resampled - other.resampled)


def measure_table(
    table: PixelTable, metrics: Sequence[Metric] = METRICS, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Measured]:
    """Each metric with its values on every resample, by name; arguments as for `evaluate_maps`."""
    weights = resample_weights(table.image_count, resamples, seed)
    return {
        metric.name: Measured(metric.value(table), metric.resampled(table, weights) if resamples else np.empty(0))
        for metric in metrics
    }


def paired_differences(first: Mapping[str, Measured], second: Mapping[str, Measured]) -> dict[str, Interval]:
    """For each metric that both have, the first detector's value minus the second's, with a paired interval."""
    return {name: found.minus(second[name]) for name, found in first.items() if name in second}


def resample_weights(image_count: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """How often each image is drawn when as many images as there are are drawn with replacement.

    Returns:
        Shape (resamples, image_count), rows adding up to `image_count`.

    Raises:
        InputError: a negative number of resamples.
    """
    if resamples < 0:
        raise InputError(f"{resamples} resamples", where="resamples", remedy="give 0 or more")
    generator = np.random.default_rng(seed)
    shares = np.full(image_count, 1.0 / image_count)
    return generator.multinomial(image_count, shares, size=resamples).astype(np.float64)
