"""`echo`: decode, undo the preparation, and count how often everything is zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.compiler.circuits import Angles, reconstruction_registers
from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.logical import LogicalProgram
from qpbae_tn.compiler.readouts.protocol import Needs, Quantity, two_valued
from qpbae_tn.compiler.readouts.reconstruction import reconstruction
from qpbae_tn.specification import ModelSpecification


@dataclass(frozen=True)
class Echo:
    """F = <phi| rho |phi> of the reconstruction rho, as the probability that the inverse preparation leads to |0...0>.

    n qubits fewer than `destructive`, one preparation after the other. Variance F (1 - F).
    """

    name: str = "echo"
    quantity: Quantity = Quantity.FIDELITY

    def needs(self, specification: ModelSpecification) -> Needs:
        """One copy, the decoder's fresh trash, and one inverse preparation."""
        return Needs(copies=1, fresh=specification.trash_count, inverse_preparations=1)

    def program(self, specification: ModelSpecification, angles: Angles) -> LogicalProgram:
        """Encode, swap the trash with fresh zeros, decode; the inverse preparation is put in with the preparation."""
        registers = reconstruction_registers(specification)
        count = specification.qubit_count
        return LogicalProgram(
            specification,
            reconstruction(specification, angles, registers),
            inputs=(registers.data,),
            outputs=(registers.data,),
            measured=registers.data,
            estimator=Estimator(count, zeros=tuple(range(count))),
        )

    def value_probabilities(self, trash_fidelity: ArrayLike, fidelity: ArrayLike) -> NDArray[np.float64]:
        """1 with probability F, else 0."""
        return two_valued(fidelity, lowest=0)
