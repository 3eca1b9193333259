"""A quantity over repetitions of the same experiment: its mean and the range that nearly all repetitions fall in."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95
"""Share of the repetitions between the ends."""
LEAST_REPETITIONS = 3
"""Of fewer no range is told: one repetition has none, and two say next to nothing of where another falls."""


@dataclass(frozen=True)
class Spread:
    """Mean and central 95% range over repetitions.

    The range tells where a single experiment falls; it does not shrink with more repetitions. NaN stands for "not
    defined on these images", and as an end for "too few repetitions to tell".
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """From the repetitions; NaN if any of them is. Fewer than `LEAST_REPETITIONS` leave the ends NaN."""
        found = np.asarray(list(values), dtype=np.float64)
        if len(found) < LEAST_REPETITIONS:
            return cls(float(found.mean()), math.nan, math.nan)
        low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return cls(float(found.mean()), float(low), float(high))

    def to_json(self) -> dict[str, float | None]:
        """As `{"value", "low", "high"}`; what is not defined or not told is null."""
        ends = {"value": self.value, "low": self.low, "high": self.high}
        return {key: number if math.isfinite(number) else None for key, number in ends.items()}
