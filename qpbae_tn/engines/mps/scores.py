"""Scores of a stack of patches with the intervals that the truncation of their states leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ExactErrors:
    """What the truncation did to the scores, known where the dense patches exist: score of the train less true score.

    Args:
        trash_fidelity: error of F_trash, shape (N,).
        fidelity: error of F, shape (N,).
    """

    trash_fidelity: Float64Array
    fidelity: Float64Array


@dataclass(frozen=True, eq=False)
class MpsScores:
    """F_trash and F of each patch's train, and intervals that hold the scores of the patch itself; all of shape (N,).

    Args:
        trash_fidelity: F_trash.
        fidelity: F.
        trash_low: lower end of the interval of F_trash.
        trash_high: its upper end.
        low: lower end of the interval of F.
        high: its upper end.
        discarded_weight: eps = 1 - |<phi|phi~>|^2 of each train.
        errors: the errors themselves, None where there are no dense patches to compare with.
    """

    trash_fidelity: Float64Array
    fidelity: Float64Array
    trash_low: Float64Array
    trash_high: Float64Array
    low: Float64Array
    high: Float64Array
    discarded_weight: Float64Array
    errors: ExactErrors | None = None
