"""`none`: no preparation; the register is taken to hold the patch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.preparation.protocol import Preparation, PreparationFit
from qpbae_tn.compiler.preparation.states import checked_states
from qpbae_tn.compiler.preparation.template import PreparationTemplate


@dataclass(frozen=True)
class NoPreparation:
    """An empty slot: no gates, no angles, no error."""

    name: str = "none"
    assumes_state: bool = True

    def settled(self, states: NDArray[np.float64]) -> Preparation:
        """Itself."""
        return self

    def template(self, qubit_count: int, prefix: str = "p") -> PreparationTemplate:
        """A template without gates."""
        return PreparationTemplate(qubit_count, (), prefix)

    def fit(self, states: NDArray[np.float64]) -> PreparationFit:
        """No angles, fidelity one."""
        count = len(checked_states(states))
        return PreparationFit(np.empty((count, 0)), np.ones(count))
