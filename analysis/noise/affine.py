"""The affine response F_noisy = intercept + slope F: its fit, its scatter, and what undoing it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from qpbae_tn.analysis.noise.transfer import FloatArray
from qpbae_tn.interval import Interval

RESAMPLES = 200


@dataclass(frozen=True)
class AffineFit:
    """Least squares of noisy scores on exact ones.

    Args:
        intercept: noisy score at F = 0.
        slope: the contrast that is left.
        scatter: standard deviation of what the line does not explain, on the noisy scale.
        r_squared: share of the noisy scores' variance that the line explains.
    """

    intercept: float
    slope: float
    scatter: float
    r_squared: float

    @classmethod
    def of(cls, exact: FloatArray, noisy: FloatArray) -> AffineFit:
        """The fit; a slope of 0 where all exact scores are the same."""
        centred = exact - exact.mean()
        square = float(centred @ centred)
        slope = float(centred @ noisy) / square if square > 0 else 0.0
        intercept = float(noisy.mean()) - slope * float(exact.mean())
        rest = noisy - intercept - slope * exact
        spread = float(np.var(noisy))
        return cls(intercept, slope, float(rest.std()), 1.0 - float(rest.var()) / spread if spread > 0 else 1.0)

    def undo(self, noisy: FloatArray) -> FloatArray:
        """Exact scores as the line has them, in the shape of `noisy`; may leave [0, 1]."""
        return (noisy - self.intercept) / self.slope


def fit_with_intervals(exact: FloatArray, noisy: FloatArray, seed: int) -> dict[str, Any]:
    """Slope, intercept, scatter, r_squared and rank correlation as JSON values with 95% bootstrap intervals."""
    generator = np.random.default_rng(seed)
    draws = generator.integers(len(exact), size=(RESAMPLES, len(exact)))
    found = [_values(exact[draw], noisy[draw]) for draw in draws]
    whole = _values(exact, noisy)
    result = {}
    for name, value in whole.items():
        result[name] = Interval.of_resamples(value, [one[name] for one in found]).to_json()
    return result


def _values(exact: FloatArray, noisy: FloatArray) -> dict[str, float]:
    fit = AffineFit.of(exact, noisy)
    ranks = float(spearmanr(exact, noisy).statistic) if np.ptp(exact) > 0 and np.ptp(noisy) > 0 else 1.0
    return {
        "slope": fit.slope,
        "intercept": fit.intercept,
        "scatter": fit.scatter,
        "r_squared": fit.r_squared,
        "rank_correlation": ranks,
    }
