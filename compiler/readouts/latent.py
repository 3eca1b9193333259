"""`latent`: encode both copies and compare them in the latent register; no decoder."""

from __future__ import annotations

from dataclasses import dataclass

import cirq
import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.compiler.circuits import Angles, encoder_operations, reconstruction_registers
from qpbae_tn.compiler.estimator import Estimator
from qpbae_tn.compiler.logical import LogicalProgram
from qpbae_tn.compiler.readouts.protocol import Needs, Quantity, bell_basis
from qpbae_tn.compiler.stages import Stage, tagged
from qpbae_tn.specification import ModelSpecification


@dataclass(frozen=True)
class Latent:
    """F as the mean of 1(trash of copy 2 all zero) times the SWAP sign of the latent pairs; variance F_trash - F^2.

    The test circuit compares U^+ (|0><0| (x) rho_A) U with phi, which is to compare |0><0| (x) rho_A with U phi:
    Tr = M_0^T rho_A M_0, M_0 being what <0...0| on the second copy's trash leaves of U phi. SWAP on the latent pairs
    gives that overlap, and the trash of the first copy is left alone, which is the partial trace.
    """

    name: str = "latent"
    quantity: Quantity = Quantity.FIDELITY

    def needs(self, specification: ModelSpecification) -> Needs:
        """Two copies."""
        return Needs(copies=2)

    def program(self, specification: ModelSpecification, angles: Angles) -> LogicalProgram:
        """Encode both copies, measure the second trash as it is and the latent pairs in the Bell basis."""
        registers = reconstruction_registers(specification)
        data, copy = registers.data, registers.copy
        trash = tuple(copy[qubit] for qubit in specification.trash_qubits)
        pairs = tuple((data[qubit], copy[qubit]) for qubit in specification.latent_qubits)
        encoders = [encoder_operations(specification.ansatz, angles, register) for register in (data, copy)]
        bell = tagged((bell_basis(first, second) for first, second in pairs), Stage.READOUT)
        zeros, latents = len(trash), len(pairs)
        return LogicalProgram(
            specification,
            cirq.Circuit(tagged(encoders, Stage.ENCODER), bell),
            inputs=(data, copy),
            measured=(*trash, *(first for first, _ in pairs), *(second for _, second in pairs)),
            estimator=Estimator(
                zeros + 2 * latents,
                zeros=tuple(range(zeros)),
                pairs=tuple((zeros + index, zeros + latents + index) for index in range(latents)),
            ),
            zero_effect=frozenset(trash),
            swap_effect=pairs,
        )

    def value_probabilities(self, trash_fidelity: ArrayLike, fidelity: ArrayLike) -> NDArray[np.float64]:
        """0 with probability 1 - F_trash, else +1 or -1, with the mean F."""
        kept, mean = np.broadcast_arrays(np.asarray(trash_fidelity, float), np.asarray(fidelity, float))
        return np.stack([(kept - mean) / 2, 1 - kept, (kept + mean) / 2], axis=-1)
