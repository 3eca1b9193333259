"""Training and scoring under depolarising noise, behind the protocol of all engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.analysis.noise.depolarising import PAPER_P, check_strength, depolarised
from qpbae_tn.analysis.noise.expectation import effect
from qpbae_tn.analysis.noise.response import DepolarisedResponse
from qpbae_tn.analysis.noise.transfer import FloatArray, pauli_operator
from qpbae_tn.compiler.readouts import AncillaTest, AncillaTraining
from qpbae_tn.engines.exact import MeanState, mean_state
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.floating]


@dataclass(frozen=True)
class DepolarisedEngine:
    """The authors' noisy simulation: <Z> of the ancilla in their training and test circuits, exact.

    Args:
        p: strength of the channel on each wire after each gate.
        name: what reports call it.
    """

    p: float = PAPER_P
    name: str = "depolarised"

    def __post_init__(self) -> None:
        check_strength(self.p)

    def trash_fidelity(self, specification: ModelSpecification, angles: Array, states: Array) -> FloatArray:
        """The noisy score of the training circuit (Fig. 3), shape (N,)."""
        return self._scores(AncillaTraining(), specification, angles, states)

    def reconstruction_fidelity(self, specification: ModelSpecification, angles: Array, states: Array) -> FloatArray:
        """The noisy score of the test circuit (Fig. 2), shape (N,)."""
        return self._scores(AncillaTest(), specification, angles, states)

    def prepare_loss(
        self, specification: ModelSpecification, batch_states: Sequence[Array], weights: Array
    ) -> DepolarisedLoss:
        """The noisy training loss of a batch."""
        return DepolarisedLoss(specification, self.p, mean_state(batch_states, weights))

    def _scores(
        self, readout: AncillaTest | AncillaTraining, specification: ModelSpecification, angles: Array, states: Array
    ) -> FloatArray:
        numbers = np.asarray(angles, dtype=np.float64)
        response = DepolarisedResponse(specification, numbers, readout, self.p)
        return response.means(np.asarray(states, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class DepolarisedLoss:
    """1 - Tr[O(t) Sigma], O the noisy observable pulled back to the patch state; parameter-shift gradient.

    The shift stays exact under noise: each angle sits in one RY gate, and channels after it are linear.
    """

    specification: ModelSpecification
    p: float
    mean_state: MeanState

    def value(self, angles: Array) -> float:
        """C(t)."""
        program = AncillaTraining().program(self.specification, np.asarray(angles, dtype=np.float64))
        operator = pauli_operator(effect(depolarised(program, self.p))).real
        return 1.0 - float(np.trace(self.mean_state.apply(operator)))

    def value_and_gradient(self, angles: Array) -> tuple[float, FloatArray]:
        """C(t) and its gradient, shape (parameter_count,)."""
        angles = np.asarray(angles, dtype=np.float64)
        shifts = np.eye(angles.size) * np.pi / 2
        gradient = [(self.value(angles + shift) - self.value(angles - shift)) / 2 for shift in shifts]
        return self.value(angles), np.array(gradient)
