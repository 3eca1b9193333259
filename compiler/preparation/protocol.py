"""What every preparation offers: one template for all patches, and each patch's angles with the fidelity reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.preparation.template import PreparationTemplate

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PreparationFit:
    """The angles of a stack of patches.

    Args:
        angles: shape (N, K), radians.
        fidelity: |<phi|phi~>|^2 of the patch state and the state that is prepared, shape (N,).
    """

    angles: FloatArray
    fidelity: FloatArray


@dataclass(frozen=True)
class StatePreparation:
    """The preparation of one state, with numbers instead of symbols.

    Args:
        circuit: RY and CZ gates tagged with PREPARATION.
        fidelity: |<phi|phi~>|^2.
        two_qubit_gates: number of CZ gates.
    """

    circuit: cirq.Circuit
    fidelity: float
    two_qubit_gates: int


class Preparation(Protocol):
    """A way to prepare real amplitude vectors of either sign.

    States are stacked as (N, 2^n) with unit norm, qubit 0 being the most significant bit. All templates consist of RY
    and CZ; a global sign of the state is free.
    """

    @property
    def name(self) -> str:
        """What `--preparation` calls it."""

    @property
    def assumes_state(self) -> bool:
        """Whether the register is taken to hold the patch already, so that there is no circuit and no error."""

    def settled(self, states: FloatArray) -> Preparation:
        """A preparation with a fixed template, chosen for these states where there is a choice; mostly itself."""

    def template(self, qubit_count: int, prefix: str = "p") -> PreparationTemplate:
        """The one circuit that serves all patches of n qubits; raises `InputError` for an n out of reach."""

    def fit(self, states: FloatArray) -> PreparationFit:
        """Each patch's angles for `template`; raises `InputError` unless they are unit vectors of 2^n numbers."""
