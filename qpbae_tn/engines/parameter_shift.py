"""The training loss of an engine that only knows fidelities: Eq. 8 as it stands, with parameter-shift gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


@dataclass(frozen=True)
class ParameterShiftLoss:
    """C(t) of one batch, evaluated patch by patch, as a quantum computer would.

    Args:
        trash_fidelity: angles and states (N, 2^n) to F_trash (N,).
        states: all patch states of the batch, shape (N, 2^n).
        weights: the weight of each of them, shape (N,), adding up to one.
    """

    trash_fidelity: Callable[[Array, Array], Array]
    states: Array
    weights: Array

    def value(self, angles: Array) -> float:
        """C(t)."""
        return 1.0 - float(self.weights @ self.trash_fidelity(angles, self.states))

    def value_and_gradient(self, angles: Array) -> tuple[float, NDArray[np.float64]]:
        """C(t) and dC/dt_j = (C(t + pi/2 e_j) - C(t - pi/2 e_j)) / 2, exact since each angle sits in one RY gate."""
        angles = np.asarray(angles, dtype=np.float64)
        gradient = np.empty(angles.size)
        for index in range(angles.size):
            shift = np.zeros(angles.size)
            shift[index] = np.pi / 2
            gradient[index] = (self.value(angles + shift) - self.value(angles - shift)) / 2
        return self.value(angles), gradient
