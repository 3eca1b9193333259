"""A value with the ends of its interval: the one type for it, and the ways to come to one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

LEVEL = 0.95
"""Share of the resamples or repetitions between the ends."""

LEAST_REPETITIONS = 3
"""Of fewer there is no range: one repetition has none, and two say next to nothing of where another falls."""


@dataclass(frozen=True)
class Interval:
    """A value and the ends of its 95% interval; what kind of interval is said where one is made.

    NaN stands for "not defined", e.g. an AUROC without a single anomalous pixel, and as an end for "not known". A
    percentile interval need not contain the value, though it nearly always does.

    Example:
        >>> Interval(0.5, 0.25, math.nan).to_json()
        {'value': 0.5, 'low': 0.25, 'high': None}
    """

    value: float
    low: float = math.nan
    high: float = math.nan

    @classmethod
    def of_resamples(cls, value: float, resampled: ArrayLike) -> Interval:
        """A value with the central 95% of its bootstrap resamples.

        Args:
            value: on all data.
            resampled: shape (R,); those that are not defined are left out, and without any both ends are NaN.
        """
        found = np.asarray(resampled, dtype=np.float64)
        defined = found[~np.isnan(found)]
        return cls(float(value), *(central_range(defined) if defined.size else (math.nan, math.nan)))

    @classmethod
    def of_repetitions(cls, values: Iterable[float]) -> Interval:
        """The mean over repetitions of an experiment, and the range that 95% of the repetitions fall in.

        The range says where a single experiment falls; it does not shrink with more repetitions.

        Args:
            values: at least one. NaN if any of them is; fewer than `LEAST_REPETITIONS` leave the ends NaN.
        """
        found = np.asarray(list(values), dtype=np.float64)
        ends = central_range(found) if len(found) >= LEAST_REPETITIONS else (math.nan, math.nan)
        return cls(float(found.mean()), *ends)

    @classmethod
    def of_mean(cls, values: ArrayLike) -> Interval:
        """A mean with 1.96 of its standard errors on each side; `values` has shape (N,), N > 0."""
        found = np.asarray(values, dtype=np.float64)
        mean, half = float(found.mean()), 1.96 * float(found.std()) / np.sqrt(len(found))
        return cls(mean, float(mean - half), float(mean + half))

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Interval:
        """From `{"value", "low", "high"}`, where null stands for NaN."""
        ends = (document[key] for key in ("value", "low", "high"))
        return cls(*(math.nan if end is None else float(end) for end in ends))

    @property
    def defined(self) -> bool:
        """Whether there is a value."""
        return not math.isnan(self.value)

    @property
    def bounded(self) -> bool:
        """Whether both ends are known and finite."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def to_json(self) -> dict[str, float | None]:
        """As `{"value", "low", "high"}`; what is not defined, not known or not finite is null, as JSON has neither."""
        ends = {"value": self.value, "low": self.low, "high": self.high}
        return {key: float(number) if math.isfinite(number) else None for key, number in ends.items()}


def central_range(values: ArrayLike) -> tuple[float, float]:
    """The ends of the central 95% of at least one value; NaN if any of them is."""
    low, high = np.quantile(np.asarray(values, dtype=np.float64), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
