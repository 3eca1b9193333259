"""Shots for a given loss of AUROC, by interpolation between the numbers of shots that were sampled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from qpbae_tn.analysis.shots.study import ShotRow, ShotStudy
from qpbae_tn.interval import LEAST_REPETITIONS, LEVEL

LOSSES = (0.01, 0.001)
"""Losses of AUROC that the tables ask for."""


class Bound(StrEnum):
    """How the number is meant."""

    EQUAL = "equal"
    AT_MOST = "at_most"
    """The loss is smaller already with the fewest shots sampled."""
    MORE_THAN = "more_than"
    """The loss is larger even with the most shots sampled."""


@dataclass(frozen=True)
class NeededShots:
    """Shots per patch at which a map's AUROC is this much below the exact one.

    Args:
        readout: its name.
        loss: of AUROC.
        shots: where the mean over repetitions crosses.
        low, high: central 95% range of where single repetitions cross; infinite where they do not, NaN where there are
            too few repetitions to tell.
        bound: how `shots` is meant.
        preparations_per_shot_and_image: patch states prepared for a map with one shot a patch.
    """

    readout: str
    loss: float
    shots: float
    low: float
    high: float
    bound: Bound
    preparations_per_shot_and_image: int

    def to_json(self) -> dict[str, Any]:
        """As JSON values; what lies beyond the numbers sampled or is not told is null."""
        ends = {"value": self.shots, "low": self.low, "high": self.high}
        preparations = self.shots * self.preparations_per_shot_and_image
        return {
            "readout": self.readout,
            "loss_of_auroc": self.loss,
            "shots_per_patch": {key: number if math.isfinite(number) else None for key, number in ends.items()},
            "bound": self.bound.value,
            "preparations_per_image": preparations if math.isfinite(preparations) else None,
        }


def needed_shots(study: ShotStudy, losses: Sequence[float] = LOSSES) -> list[NeededShots]:
    """For each readout and loss; without readouts whose AUROC is not defined."""
    found = []
    for readout in dict.fromkeys(row.readout for row in study.rows):
        rows = study.of(readout)
        exact = study.exact[rows[0].quantity]["auroc"]
        if not math.isnan(exact):
            found += [_needed(rows, exact, loss) for loss in losses]
    return found


def crossing(shots: Sequence[int], losses: Sequence[float], target: float) -> float:
    """Where a loss that was sampled at rising numbers of shots falls to its target for good.

    Interpolated between the last number with a larger loss and the next, straight in the logarithms of both. The loss
    is a power series in the variance of the noise, so it goes like 1/shots once shots are many. Where samples fall
    faster than 1/shots^2, sampling noise is at work, and the loss is taken to fall like 1/shots^2.

    Returns:
        A number of shots; the fewest if the loss is never larger, infinity if it is larger still at the last.
    """
    above = [index for index, loss in enumerate(losses) if loss > target]
    if not above:
        return float(shots[0])
    last = above[-1]
    if last == len(shots) - 1:
        return math.inf
    start, end = math.log(shots[last]), math.log(shots[last + 1])
    steepest = losses[last] * (shots[last] / shots[last + 1]) ** 2
    fall = math.log(losses[last] / max(losses[last + 1], steepest))
    return math.exp(min(end, start + (end - start) * math.log(losses[last] / target) / fall))


def _needed(rows: Sequence[ShotRow], exact: float, loss: float) -> NeededShots:
    shots = [row.shots for row in rows]
    curves = np.array([row.auroc for row in rows]).T
    value = crossing(shots, [exact - float(row.metrics["auroc"].value) for row in rows], loss)
    single = [crossing(shots, [exact - float(auroc) for auroc in curve], loss) for curve in curves]
    low = high = math.nan
    # Of infinite numbers no mean can be taken: the range ends at repetitions, not between them.
    if len(single) >= LEAST_REPETITIONS:
        low = float(np.quantile(single, (1 - LEVEL) / 2, method="lower"))
        high = float(np.quantile(single, (1 + LEVEL) / 2, method="higher"))
    first = rows[0]
    bound = Bound.MORE_THAN if math.isinf(value) else Bound.AT_MOST if value == shots[0] else Bound.EQUAL
    return NeededShots(
        first.readout,
        loss,
        value,
        low,
        high,
        bound,
        first.cost.preparations * first.patches_per_image,
    )
