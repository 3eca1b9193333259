"""The Adam optimiser (Kingma and Ba 2015)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class Adam:
    """Adam with bias correction.

    Args:
        learning_rate: step size.
        beta1: decay of the mean of the gradient.
        beta2: decay of the mean of its square.
        epsilon: added to the root of the latter.
    """

    learning_rate: float = 0.005
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    _step: int = field(default=0, init=False)
    _mean: NDArray[np.float64] | float = field(default=0.0, init=False)
    _square: NDArray[np.float64] | float = field(default=0.0, init=False)

    def update(self, parameters: NDArray[np.float64], gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """The parameters after one step down the gradient, both of the same shape."""
        self._step += 1
        self._mean = self.beta1 * self._mean + (1 - self.beta1) * gradient
        self._square = self.beta2 * self._square + (1 - self.beta2) * gradient**2
        mean = self._mean / (1 - self.beta1**self._step)
        square = self._square / (1 - self.beta2**self._step)
        return np.asarray(parameters - self.learning_rate * mean / (np.sqrt(square) + self.epsilon))
