"""`ancilla`: the paper's SWAP test with a controlled SWAP for each pair, in the training and in the test circuit."""

from __future__ import annotations

from dataclasses import dataclass

import cirq
import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.compiler.circuits import (
    Angles,
    encoder_operations,
    reconstruction_registers,
    swap_test,
    training_registers,
)
from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.logical import LogicalProgram
from qpbae_tn.compiler.readouts.protocol import Needs, Quantity, two_valued
from qpbae_tn.compiler.readouts.reconstruction import reconstruction
from qpbae_tn.compiler.stages import Stage, tagged
from qpbae_tn.specification import ModelSpecification


@dataclass(frozen=True)
class AncillaTest:
    """F as <Z> of the ancilla in the test circuit (Fig. 2); variance 1 - F^2."""

    name: str = "ancilla"
    quantity: Quantity = Quantity.FIDELITY

    def needs(self, specification: ModelSpecification) -> Needs:
        """Two copies, the decoder's fresh trash, one ancilla."""
        return Needs(copies=2, fresh=specification.trash_count, ancillas=1)

    def program(self, specification: ModelSpecification, angles: Angles) -> LogicalProgram:
        """Encode, swap the trash with fresh zeros, decode, SWAP test against the second copy."""
        registers = reconstruction_registers(specification)
        test = swap_test(registers.ancilla, registers.data, registers.copy)
        return LogicalProgram(
            specification,
            cirq.Circuit(reconstruction(specification, angles, registers), tagged(test, Stage.READOUT)),
            inputs=(registers.data, registers.copy),
            measured=(registers.ancilla,),
            estimator=Estimator(1, signs=(0,)),
            swap_effect=tuple(zip(registers.data, registers.copy, strict=True)),
        )

    def value_probabilities(self, trash_fidelity: ArrayLike, fidelity: ArrayLike) -> NDArray[np.float64]:
        """+1 with probability (1 + F) / 2, else -1."""
        return two_valued(fidelity, lowest=-1)


@dataclass(frozen=True)
class AncillaTraining:
    """F_trash as <Z> of the ancilla in the training circuit (Fig. 3); variance 1 - F_trash^2."""

    name: str = "ancilla_training"
    quantity: Quantity = Quantity.TRASH_FIDELITY

    def needs(self, specification: ModelSpecification) -> Needs:
        """One copy, a reference register in |0...0>, one ancilla."""
        return Needs(copies=1, fresh=specification.trash_count, ancillas=1)

    def program(self, specification: ModelSpecification, angles: Angles) -> LogicalProgram:
        """Encode, SWAP test of the trash against fresh zeros."""
        registers = training_registers(specification)
        trash = tuple(registers.data[qubit] for qubit in specification.trash_qubits)
        test = swap_test(registers.ancilla, trash, registers.fresh)
        encode = encoder_operations(specification.ansatz, angles, registers.data)
        return LogicalProgram(
            specification,
            cirq.Circuit(tagged(encode, Stage.ENCODER), tagged(test, Stage.READOUT)),
            inputs=(registers.data,),
            measured=(registers.ancilla,),
            estimator=Estimator(1, signs=(0,)),
            zero_effect=frozenset(trash),
        )

    def value_probabilities(self, trash_fidelity: ArrayLike, fidelity: ArrayLike) -> NDArray[np.float64]:
        """+1 with probability (1 + F_trash) / 2, else -1."""
        return two_valued(trash_fidelity, lowest=-1)
