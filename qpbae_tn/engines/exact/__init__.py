"""The exact engine: NumPy closed forms, mean-state training with an exact adjoint gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.exact import scoring
from qpbae_tn.engines.exact.mean_state import MeanStateLoss, mean_state
from qpbae_tn.specification import ModelSpecification


@final
@dataclass(frozen=True)
class ExactEngine:
    """Closed-form fidelities of dense patch states; see `qpbae_tn.engines.protocol.Engine`.

    Results have the dtype of the states: float64 to rounding; float32 states give fidelities with an absolute error of
    about 1e-6 (measured in the tests) at more than twice the speed.
    """

    name: str = "exact"

    def trash_fidelity(
        self, specification: ModelSpecification, angles: NDArray[np.floating], states: NDArray[np.floating]
    ) -> NDArray[np.floating]:
        """F_trash, shape (N,)."""
        return scoring.trash_fidelity(specification, angles, states)

    def reconstruction_fidelity(
        self, specification: ModelSpecification, angles: NDArray[np.floating], states: NDArray[np.floating]
    ) -> NDArray[np.floating]:
        """F, shape (N,)."""
        return scoring.reconstruction_fidelity(specification, angles, states)

    def prepare_loss(
        self,
        specification: ModelSpecification,
        batch_states: Sequence[NDArray[np.floating]],
        weights: NDArray[np.floating],
    ) -> MeanStateLoss:
        """The batch's loss through its mean state."""
        return MeanStateLoss(specification, mean_state(batch_states, weights))
