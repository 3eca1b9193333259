"""Numbers of the page as words and cells."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from qpbae_tn.analysis.shots.cases import Case
from qpbae_tn.analysis.shots.needed import NeededShots
from qpbae_tn.interval import Interval

FEW = 10
"""Shots per patch that the text takes as an example of few."""


def count(row: NeededShots) -> str:
    """Needed shots to two digits, or the bound."""
    if math.isinf(row.shots):
        return "more than were sampled"
    return f"{'fewer than ' if row.bound == 'at_most' else ''}{two_digits(row.shots)}"


def main_cases(cases: Sequence[Case]) -> list[Case]:
    """The first study of each data set, which has all readouts."""
    return list({case.plan.data_set.name: case for case in reversed(cases)}.values())[::-1]


def slug(case: Case) -> str:
    """The data set's name as part of a file name."""
    return case.plan.data_set.name.replace(":", "_")


def at(case: Case, readout: str, shots: int) -> Mapping[str, Interval]:
    """The metrics of this readout with this many shots per patch."""
    return next(row.metrics for row in case.study.of(readout) if row.shots == shots)


def with_range(row: NeededShots) -> str:
    """Needed shots and where single repetitions cross, if there are enough of them to tell."""
    if math.isinf(row.shots):
        return "not reached"
    value = f"{'< ' if row.bound == 'at_most' else ''}{two_digits(row.shots)}"
    if math.isnan(row.low):
        return value
    ends = " to ".join("?" if math.isinf(end) else two_digits(end) for end in (row.low, row.high))
    return f"{value} ({ends})"


def states(row: NeededShots) -> str:
    """Patch states prepared for one map at the needed shots."""
    return scientific(row.shots * row.preparations_per_shot_and_image)


def scientific(value: float) -> str:
    """Two digits and a power of ten; a dash for infinity."""
    return "-" if math.isinf(value) else f"{value:.1e}"


def ranged(spread: Interval, places: int, kind: str = "f") -> str:
    """Mean and range; the mean alone where there are too few repetitions for a range.

    Args:
        spread: over the repetitions.
        places: after the point.
        kind: "f", or "%" for shares.
    """
    value, low, high = (f"{number:.{places}{kind}}" for number in (spread.value, spread.low, spread.high))
    return f"{value} ({low} to {high})" if math.isfinite(spread.low) else value


def two_digits(value: float) -> str:
    """A number of shots to two digits."""
    places = max(0, math.floor(math.log10(value)) - 1)
    return f"{round(value, -places):,.0f}" if value >= 10 else f"{value:.1f}"
