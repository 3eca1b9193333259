"""What an approximate patch state means for the scores: intervals that hold the scores of the true patch.

Let |<phi|phi~>|^2 = 1 - eps and delta = arcsin sqrt(eps), the angle between the true state phi and the state phi~ at
hand. F_trash = cos^2 a, with a the angle between the state and a subspace, moves by at most delta in a. F = cos^2 b,
with b the Bures angle between a state and its image under a channel; angles obey the triangle inequality and channels
do not stretch them, so b moves by at most 2 delta. Besides, F_trash^2 <= F <= F_trash for every state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


class ScoreIntervals(NamedTuple):
    """Bounds of the true patches' scores, each of the common shape of the arguments of `score_intervals`."""

    trash_low: FloatArray
    trash_high: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, eq=False)
class ExactErrors:
    """What the truncation did to the scores, known where dense patches exist: score found less true score.

    Args:
        trash_fidelity: error of F_trash, shape (N,).
        fidelity: error of F, shape (N,).
    """

    trash_fidelity: FloatArray
    fidelity: FloatArray


@dataclass(frozen=True, eq=False)
class TruncatedScores:
    """F_trash and F of truncated patches, and intervals that hold those of the patches themselves; all of shape (N,).

    Args:
        trash_fidelity: F_trash.
        fidelity: F.
        trash_low: lower end of the interval of F_trash.
        trash_high: its upper end.
        low: lower end of the interval of F.
        high: its upper end.
        discarded_weight: eps = 1 - |<phi|phi~>|^2 of each.
        errors: the errors themselves, None where there are no dense patches to compare with.
    """

    trash_fidelity: FloatArray
    fidelity: FloatArray
    trash_low: FloatArray
    trash_high: FloatArray
    low: FloatArray
    high: FloatArray
    discarded_weight: FloatArray
    errors: ExactErrors | None = None


def score_intervals(trash_fidelity: ArrayLike, fidelity: ArrayLike, discarded_weight: ArrayLike) -> ScoreIntervals:
    """Intervals that hold F_trash and F of the true patch states; sound, but wide: delta grows as sqrt(eps).

    Args:
        trash_fidelity: F_trash of the approximate states, shape (N,).
        fidelity: F of the approximate states, shape (N,).
        discarded_weight: eps = 1 - |<phi|phi~>|^2 for each of them, shape (N,) or a number.

    Returns:
        (trash_low, trash_high, low, high), each of shape (N,). The values given always lie inside.
    """
    trash = np.clip(np.asarray(trash_fidelity, dtype=np.float64), 0.0, 1.0)
    reconstruction = np.clip(np.asarray(fidelity, dtype=np.float64), 0.0, 1.0)
    eps = np.clip(np.asarray(discarded_weight, dtype=np.float64), 0.0, 1.0)
    trash, reconstruction, eps = np.broadcast_arrays(trash, reconstruction, eps)
    trash_low, trash_high = _moved(trash, np.sqrt(1.0 - eps), np.sqrt(eps))
    low, high = _moved(reconstruction, 1.0 - 2.0 * eps, 2.0 * np.sqrt(eps * (1.0 - eps)))
    return ScoreIntervals(
        np.minimum(np.maximum(trash_low, low), trash),
        np.maximum(np.minimum(trash_high, np.sqrt(high)), trash),
        np.minimum(np.maximum(low, trash_low**2), reconstruction),
        np.maximum(np.minimum(high, trash_high), reconstruction),
    )


def _moved(value: FloatArray, cosine: FloatArray, sine: FloatArray) -> tuple[FloatArray, FloatArray]:
    """cos^2(x + d) and cos^2(x - d) for value = cos^2 x and d in [0, pi], with x + d and x - d clipped to [0, pi/2].

    By the addition theorem rather than by arccos, which loses half of the digits near 1.
    """
    x_cosine, x_sine = np.sqrt(value), np.sqrt(1.0 - value)
    low = np.maximum(x_cosine * cosine - x_sine * sine, 0.0) ** 2
    high = np.where(x_cosine >= cosine, 1.0, np.minimum(x_cosine * cosine + x_sine * sine, 1.0) ** 2)
    return low, high
