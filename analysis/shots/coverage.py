"""How often the interval of a shot estimate holds the exact value: summed over all outcomes, not sampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import multinomial

from qpbae_tn.analysis.shots.sampling import law_of
from qpbae_tn.compiler.estimator import Estimate
from qpbae_tn.compiler.readouts import READOUTS, Quantity, Readout

SHOTS = (1, 3, 10, 30, 60)
"""Numbers of shots that the tables show: the outcomes of a readout of three values grow like the square."""
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class OutcomeIntervals:
    """The interval of every outcome that a number of shots can have.

    Args:
        counts: shape (outcomes, 3), shots with the values -1, 0 and +1.
        low: shape (outcomes,).
        high: shape (outcomes,).
    """

    counts: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def of(cls, readout: Readout, shots: int, confidence: float = 0.95) -> OutcomeIntervals:
        """All outcomes of a readout and their intervals by `Estimate.interval`.

        Args:
            readout: whose values are meant.
            shots: at least 1; outcomes of a readout of three values grow like its square.
            confidence: nominal rate.
        """
        # A generic point shows which values a shot can have at all.
        possible = readout.value_probabilities(0.5, 0.25) > 0
        counts = [
            (minus, shots - minus - plus, plus)
            for minus in range(shots + 1 if possible[0] else 1)
            for plus in range(shots - minus + 1)
            if possible[1] or minus + plus == shots
        ]
        lowest = -1 if possible[0] else 0
        ends = np.array([Estimate(*row, lowest).interval(confidence) for row in counts])
        return cls(np.array(counts), ends[:, 0], ends[:, 1])

    def coverage(self, readout: Readout, trash_fidelity: ArrayLike, fidelity: ArrayLike) -> NDArray[np.float64]:
        """The probability that the interval holds the exact value.

        Args:
            readout: the same as for `of`.
            trash_fidelity: F_trash, any shape.
            fidelity: F, the same shape.

        Returns:
            That shape.
        """
        probabilities = np.clip(readout.value_probabilities(trash_fidelity, fidelity), 0.0, 1.0)
        probabilities /= probabilities.sum(axis=-1, keepdims=True)
        exact = (probabilities[..., 2] - probabilities[..., 0])[..., None]
        held = (self.low <= exact + ROUNDING) & (exact - ROUNDING <= self.high)
        shots = int(self.counts[0].sum())
        weights = multinomial.pmf(self.counts, shots, probabilities[..., None, :])
        return np.asarray((weights * held).sum(axis=-1))


def fidelity_grid(points: int = 13) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pairs (F_trash, F) with 0 <= F <= F_trash <= 1, denser towards 0 and 1, all ends included; each (pairs,).

    Without noise F is at least F_trash^2; a noisy device may go below, and the intervals have to hold there, too.
    """
    edge = np.geomspace(1e-4, 0.5, points)
    axis = np.unique(np.concatenate([[0.0], edge, 1.0 - edge, [1.0]]))
    trash, share = (grid.ravel() for grid in np.meshgrid(axis, axis))
    return trash, share * trash


def coverage_rows(shots: Sequence[int] = SHOTS, confidence: float = 0.95) -> list[dict[str, Any]]:
    """For each law and number of shots the least coverage over the grid, and that at F = 0 and F = 1.

    Readouts of F_trash stand for F = F_trash; at F = 0 the least over all F_trash that allow it is told.
    """
    trash, full = fidelity_grid()
    rows = []
    for readout in READOUTS.values():
        if law_of(readout) != readout.name:
            continue
        value = full if readout.quantity is Quantity.FIDELITY else trash
        for count in shots:
            coverage = OutcomeIntervals.of(readout, count, confidence).coverage(readout, trash, full)
            rows.append(
                {
                    "readout": readout.name,
                    "shots": count,
                    "nominal": confidence,
                    "least_coverage": float(coverage.min()),
                    "coverage_at_0": float(coverage[value == 0].min()),
                    "coverage_at_1": float(coverage[value == 1].min()),
                }
            )
    return rows
