"""`direct`: encode and count how often the trash register is all zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.compiler.circuits import Angles, encoder_operations, training_registers
from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.logical import LogicalProgram
from qpbae_tn.compiler.readouts.protocol import Needs, Quantity, two_valued
from qpbae_tn.compiler.stages import Stage, tagged
from qpbae_tn.specification import ModelSpecification


@dataclass(frozen=True)
class Direct:
    """F_trash as the probability that the trash is found in |0...0>; n qubits, variance F_trash (1 - F_trash)."""

    name: str = "direct"
    quantity: Quantity = Quantity.TRASH_FIDELITY

    def needs(self, specification: ModelSpecification) -> Needs:
        """One copy."""
        return Needs(copies=1)

    def program(self, specification: ModelSpecification, angles: Angles) -> LogicalProgram:
        """Encode, measure the trash."""
        data = training_registers(specification).data
        trash = tuple(data[qubit] for qubit in specification.trash_qubits)
        return LogicalProgram(
            specification,
            tagged(encoder_operations(specification.ansatz, angles, data), Stage.ENCODER),
            inputs=(data,),
            measured=trash,
            estimator=Estimator(len(trash), zeros=tuple(range(len(trash)))),
            zero_effect=frozenset(trash),
        )

    def value_probabilities(self, trash_fidelity: ArrayLike, fidelity: ArrayLike) -> NDArray[np.float64]:
        """1 with probability F_trash, else 0."""
        return two_valued(trash_fidelity, lowest=0)
