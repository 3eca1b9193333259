"""The qsim engine: the paper's circuits as they stand, simulated by qsim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.parameter_shift import ParameterShiftLoss
from qpbae_tn.specification import ModelSpecification


@final
@dataclass(frozen=True)
class QsimEngine:
    """Fidelities from the SWAP-test circuits on qsim (complex64, so to about 1e-6); an `Engine`.

    Args:
        memory_budget_bytes: bound on the statevectors held at once.
    """

    name: str = "qsim"
    memory_budget_bytes: int = 2 << 30

    def trash_fidelity(
        self, specification: ModelSpecification, angles: NDArray[np.floating], states: NDArray[np.floating]
    ) -> NDArray[np.floating]:
        """F_trash from the training circuit, shape (N,)."""
        from qpbae_tn.engines.qsim.simulation import ancilla_expectations

        return ancilla_expectations("trash", specification, angles, states, self.memory_budget_bytes)

    def reconstruction_fidelity(
        self, specification: ModelSpecification, angles: NDArray[np.floating], states: NDArray[np.floating]
    ) -> NDArray[np.floating]:
        """F from the test circuit, shape (N,)."""
        from qpbae_tn.engines.qsim.simulation import ancilla_expectations

        return ancilla_expectations("reconstruction", specification, angles, states, self.memory_budget_bytes)

    def prepare_loss(
        self,
        specification: ModelSpecification,
        batch_states: Sequence[NDArray[np.floating]],
        weights: NDArray[np.floating],
    ) -> ParameterShiftLoss:
        """The batch's loss, patch by patch, with a parameter-shift gradient."""
        states = np.concatenate(batch_states)
        shares = np.tile(np.asarray(weights) / len(batch_states), len(batch_states))
        return ParameterShiftLoss(lambda angles, rows: self.trash_fidelity(specification, angles, rows), states, shares)
