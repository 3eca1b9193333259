"""A metric's value with its bootstrap interval."""

from __future__ import annotations

import math
from dataclasses import dataclass


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
