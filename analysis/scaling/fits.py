"""Growth laws from points: straight lines through logarithms, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import linregress, t

CONFIDENCE = 0.95


@dataclass(frozen=True)
class PowerLaw:
    """y = c x^exponent.

    Args:
        exponent: slope of log y over log x by least squares.
        low: lower end of its 95% t-interval; -inf is never told, two points give none.
        high: upper end.
        points: how many.
        smallest: smallest x.
        largest: largest x.
    """

    exponent: float
    low: float
    high: float
    points: int
    smallest: float
    largest: float

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        interval = {"value": self.exponent, "low": self.low, "high": self.high}
        return {"exponent": interval, "points": self.points, "from": self.smallest, "to": self.largest}


def fit_power_law(x: Sequence[float], y: Sequence[float]) -> PowerLaw | None:
    """The power law through positive points, or None for fewer than three, where no interval exists.

    The interval is for independent scatter about a true power law. Where the points bend, it is too narrow.
    """
    kept = [(a, b) for a, b in zip(x, y, strict=True) if a > 0 and b > 0]
    if len(kept) < 3:
        return None
    logs = np.log(np.array(kept))
    line = linregress(logs[:, 0], logs[:, 1])
    half = float(t.ppf(0.5 + CONFIDENCE / 2, len(kept) - 2)) * float(line.stderr)
    slope, places = float(line.slope), [a for a, _ in kept]
    return PowerLaw(slope, slope - half, slope + half, len(kept), min(places), max(places))
