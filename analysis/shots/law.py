"""The law of one shot of `outcomes`: a string is found, and its weight is the value.

With p_k the probability of outcome k and w_k its weight, a shot has the mean s = sum_k w_k p_k and the variance
sum_k w_k^2 p_k - s^2; n shots give an unbiased estimate of s with that variance over n. Its logarithm, which the log
fold takes, is biased: log of the mean of n shots has the mean log s - (variance) / (2 n s^2) + O(1 / n^2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.model.names import WeightRule
from qpbae_tn.model.score import outcome_weights

Array = NDArray[np.floating]
Float64Array = NDArray[np.float64]


def mean_value(probabilities: Array, weights: Array) -> Float64Array:
    """s, from probabilities of shape (..., K) and weights of shape (K,) or (..., K); shape (...)."""
    return np.asarray((probabilities * weights).sum(axis=-1), dtype=np.float64)


def shot_variance(probabilities: Array, weights: Array) -> Float64Array:
    """The variance of one shot, shapes as for `mean_value`."""
    mean = mean_value(probabilities, weights)
    return np.asarray(np.maximum(mean_value(probabilities, weights**2) - mean**2, 0.0))


def standard_error(probabilities: Array, weights: Array, shots: int) -> Float64Array:
    """Of the mean of this many shots, shapes as for `mean_value`."""
    return np.asarray(np.sqrt(shot_variance(probabilities, weights) / shots))


def log_bias(probabilities: Array, weights: Array, shots: int) -> Float64Array:
    """What the logarithm of a mean of many shots is too small by, to first order in 1 / shots; shape (...)."""
    mean = mean_value(probabilities, weights)
    return np.asarray(-shot_variance(probabilities, weights) / (2 * shots * mean**2))


def shots_for_spread(probabilities: Array, weights: Array) -> float:
    """Shots at which the noise of a patch's score equals the spread of patches: mean variance over variance of means.

    No label enters. Patches of different kinds differ by more than normal ones do, so that this is a number of shots
    from which on maps are worth looking at, not one at which they are exact.

    Args:
        probabilities: of patches, shape (N, K).
        weights: shape (K,).
    """
    spread = float(mean_value(probabilities, weights).var())
    noise = float(shot_variance(probabilities, weights).mean())
    return noise / spread if spread > 0 else float("inf")


def epsilon_for(
    budget: int,
    probabilities: Array,
    shares: Array,
    sizes: Array | float = 1.0,
    *,
    rule: WeightRule = "inverse",
    candidates: Sequence[float] = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1),
) -> float:
    """The smallest epsilon whose weights a budget of shots can pay for: `shots_for_spread` is at most the budget.

    A small epsilon tells rare outcomes apart, and needs many shots to see them. No label enters.

    Args:
        budget: shots a patch, at least 1.
        probabilities: of normal patches, shape (N, K).
        shares: lambda, shape (K,).
        sizes: strings of each outcome, shape (K,).
        rule: how weights follow from shares.
        candidates: to choose from.

    Returns:
        One of the candidates; the largest if none of them is within the budget.

    Raises:
        InputError: a budget below 1.
    """
    if budget < 1:
        raise InputError(f"{budget} shots", where="shots", remedy="give at least 1")
    rising = sorted(candidates)
    for epsilon in rising:
        if shots_for_spread(probabilities, outcome_weights(rule, shares, sizes, epsilon)) <= budget:
            return epsilon
    return rising[-1]
