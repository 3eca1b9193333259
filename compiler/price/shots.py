"""How many shots a standard error takes, and how long a shot takes on a processor of the cloud."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from qpbae_tn.compiler.targets import Target
from qpbae_tn.errors import InputError


@dataclass(frozen=True)
class ShotPeriod:
    """The time from one shot to the next: reset, program, readout, data; waiting times of a cloud are not in it.

    Args:
        name: of the preset, or any other.
        period_ns: in nanoseconds.
        citation: where it was published.
    """

    name: str
    period_ns: float
    citation: str

    def for_program(self, duration_ns: float) -> float:
        """The period in ns for a program of this duration, which is a lower bound of it."""
        return max(self.period_ns, duration_ns)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"name": self.name, "period_ns": self.period_ns, "citation": self.citation}


WILLOW_2024 = ShotPeriod(
    "willow_2024",
    1e9 / 63_000,
    "Google Quantum AI, Willow spec sheet, 9 December 2024: 63,000 circuit repetitions per second "
    "(random circuit sampling, 103 qubits, depth 40)",
)
SYCAMORE_2021 = ShotPeriod(
    "sycamore_2021",
    1e9 / 24_000,
    "cirq_google.engine.runtime_estimator: about 24,000 repetitions per second for fast circuits, "
    "from runs on Sycamore processors in November 2021",
)
SYCAMORE_2019 = ShotPeriod(
    "sycamore_2019",
    200e9 / 1e6,
    "F. Arute et al., Nature 574, 505 (2019): 200 seconds for a million samples of one circuit",
)
SHOT_PERIODS = {period.name: period for period in (WILLOW_2024, SYCAMORE_2021, SYCAMORE_2019)}
"""The presets by name."""

_DEFAULTS = {"willow_pink": WILLOW_2024, "weber": SYCAMORE_2021, "rainbow": SYCAMORE_2021}


def default_shot_period(target: Target) -> ShotPeriod:
    """The preset for a target that is known by name; raises `InputError` for any other."""
    if target.name not in _DEFAULTS:
        raise InputError(
            f"no shot period is known for {target.name}",
            where="--shot-period",
            remedy=f"give a ShotPeriod with its source, or one of the presets {', '.join(SHOT_PERIODS)}",
        )
    return _DEFAULTS[target.name]


def shot_period(name: str) -> ShotPeriod:
    """A preset by name; raises `InputError` for an unknown one."""
    if name not in SHOT_PERIODS:
        raise InputError(
            f"unknown shot period {name!r}", where="--shot-period", remedy=f"choose {', '.join(SHOT_PERIODS)}"
        )
    return SHOT_PERIODS[name]


def shots_for(standard_error: float, variance: float) -> int:
    """The least number of shots whose mean has at most this standard error: ceil(variance / standard_error^2).

    Args:
        standard_error: of the mean, above 0.
        variance: of one shot, 0 or more; a readout without variance still takes one shot.

    Raises:
        InputError: a value outside these ranges.
    """
    if not standard_error > 0 or not math.isfinite(standard_error):
        raise InputError(f"standard error {standard_error}", where="--standard-error", remedy="give a number above 0")
    if not variance >= 0 or not math.isfinite(variance):
        raise InputError(f"variance {variance}", where="variance", remedy="give a number of at least 0")
    # a relative slack below rounding errors, so that 0.25 at 0.005 is 10000 and not 10001
    return max(1, math.ceil(variance / standard_error**2 * (1 - 1e-12)))
