"""Bootstrap over images: resamples as weights, and the interval of what they give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.metrics.table import PixelTable

# A metric's value with its bootstrap interval.


@dataclass(frozen=True)
class MetricValue:
    """A value and the ends of its 95% bootstrap interval over images.

    NaN stands for "not defined on these images", e.g. an AUROC without a single anomalous pixel. The interval is a
    percentile interval: it need not contain the value, though it nearly always does.
    """

    value: float
    low: float
    high: float

    @property
    def defined(self) -> bool:
        """Whether the metric has a value on these images."""
        return not math.isnan(self.value)

    def to_json(self) -> dict[str, float | None]:
        """As `{"value", "low", "high"}`; what is not defined is null, since JSON has no NaN."""
        ends = {"value": self.value, "low": self.low, "high": self.high}
        return {key: None if math.isnan(number) else number for key, number in ends.items()}


LEVEL = 0.95
"""Share of the resamples inside an interval."""


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


def percentile_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The central 95% of resampled values; those that are not defined are left out, and without any both are NaN."""
    defined = values[~np.isnan(values)]
    if defined.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


# What every metric offers.


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
