"""Exact sampling of what the shots of a readout add up to, without simulating its circuit.

The value of one shot is -1, 0 or +1 with probabilities that depend on F and F_trash only
(`Readout.value_probabilities`), so the sum over independent shots follows from a multinomial distribution. It is drawn
as such: nothing is approximated by a normal distribution, whatever the number of shots.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.readouts import READOUTS, Readout

ROUNDING = 1e-6
"""How far outside 0..1 a probability may lie by rounding of single-precision fidelities; anything more is an error."""


def value_sums(
    probabilities: NDArray[np.float64], shots: int, repetitions: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Sums of the values of many shots: (number of +1) - (number of -1).

    Repetitions come last and are drawn one after the other, which lets NumPy prepare each distribution only once.

    Args:
        probabilities: shape (..., 3), of the values -1, 0 and +1.
        shots: N, at least 1.
        repetitions: how often each sum is drawn.
        generator: of random numbers.

    Returns:
        Shape (..., repetitions), from -N to N; a sum divided by N is an unbiased estimate, and is not clipped.
    """
    minus, zero, plus = (_checked(probabilities[..., index]) for index in range(3))
    size = (*minus.shape, repetitions)
    if not zero.any():
        return np.asarray(2 * generator.binomial(shots, plus[..., None], size) - shots)
    if not minus.any():
        return np.asarray(generator.binomial(shots, plus[..., None], size))
    found_minus = generator.binomial(shots, minus[..., None], size)
    rest = np.maximum(zero + plus, np.finfo(np.float64).tiny)
    found_plus = generator.binomial(shots - found_minus, np.minimum(plus / rest, 1.0)[..., None])
    return np.asarray(found_plus - found_minus)


def law_of(readout: Readout) -> str:
    """The first readout whose shots follow the same law as this one's.

    `ancilla` and `destructive` differ in circuits and qubits, not in the distribution of a shot's value: what is
    sampled for one holds for the other.
    """
    trash, share = np.meshgrid(np.linspace(0.0, 1.0, 9), np.linspace(0.0, 1.0, 9))
    fidelity = trash * share
    own = readout.value_probabilities(trash, fidelity)
    same = (name for name, other in READOUTS.items() if np.array_equal(other.value_probabilities(trash, fidelity), own))
    return next(same, readout.name)


def _checked(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    if probabilities.size and not (probabilities.min() >= -ROUNDING and probabilities.max() <= 1 + ROUNDING):
        raise ValueError(f"probabilities from {probabilities.min()} to {probabilities.max()}")
    return np.clip(probabilities, 0.0, 1.0)
