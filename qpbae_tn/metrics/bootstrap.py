"""Bootstrap over images: resamples as weights, and the interval of what they give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError

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
        raise InputError(f"{resamples} resamples", where="--resamples", remedy="give 0 or more")
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
