"""`destructive`: the SWAP test as a Bell measurement of each pair, without an ancilla."""

from __future__ import annotations

from dataclasses import dataclass

import cirq
import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.compiler.circuits import Angles, reconstruction_registers
from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.logical import LogicalProgram
from qpbae_tn.compiler.readouts.protocol import Needs, Quantity, bell_basis, two_valued
from qpbae_tn.compiler.readouts.reconstruction import reconstruction
from qpbae_tn.compiler.stages import Stage, tagged
from qpbae_tn.specification import ModelSpecification


@dataclass(frozen=True)
class Destructive:
    """F as the mean of the SWAP sign of all pairs, measured instead of controlled: SWAP = 1 - 2 |singlet><singlet|.

    Garcia-Escartin and Chamorro-Posada, Phys. Rev. A 87, 052330 (2013). Variance 1 - F^2.
    """

    name: str = "destructive"
    quantity: Quantity = Quantity.FIDELITY

    def needs(self, specification: ModelSpecification) -> Needs:
        """Two copies and the decoder's fresh trash."""
        return Needs(copies=2, fresh=specification.trash_count)

    def program(self, specification: ModelSpecification, angles: Angles) -> LogicalProgram:
        """Encode, swap the trash with fresh zeros, decode, measure each pair in the Bell basis."""
        registers = reconstruction_registers(specification)
        pairs = tuple(zip(registers.data, registers.copy, strict=True))
        bell = tagged((bell_basis(first, second) for first, second in pairs), Stage.READOUT)
        count = len(pairs)
        return LogicalProgram(
            specification,
            cirq.Circuit(reconstruction(specification, angles, registers), bell),
            inputs=(registers.data, registers.copy),
            measured=(*registers.data, *registers.copy),
            estimator=Estimator(2 * count, pairs=tuple((index, count + index) for index in range(count))),
            swap_effect=pairs,
        )

    def value_probabilities(self, trash_fidelity: ArrayLike, fidelity: ArrayLike) -> NDArray[np.float64]:
        """+1 with probability (1 + F) / 2, else -1."""
        return two_valued(fidelity, lowest=-1)
