"""What readouts of F share: encode, swap the trash with fresh zeros, decode (Fig. 2 without its SWAP test)."""

from __future__ import annotations

import cirq

from qpbae_tn.compiler.circuits import Angles, Registers, decoder, encoder_operations
from qpbae_tn.compiler.stages import Stage, tagged
from qpbae_tn.specification import ModelSpecification


def reconstruction(specification: ModelSpecification, angles: Angles, registers: Registers) -> cirq.Circuit:
    """Encoder, reset and decoder, tagged; the SWAPs of the reset count as the decoder's."""
    reset = (
        cirq.SWAP(registers.data[qubit], fresh)
        for qubit, fresh in zip(specification.trash_qubits, registers.fresh, strict=True)
    )
    return cirq.Circuit(
        tagged(encoder_operations(specification.ansatz, angles, registers.data), Stage.ENCODER),
        tagged((reset, decoder(specification.ansatz, angles, registers.data)), Stage.DECODER),
    )
