"""A CNOT whose control is then projected on |0> is the identity.

<0| CNOT = <0| (x) 1. Where the readout's effect contains |0><0| on a qubit (a bit that has to be 0 for the shot to
count, or a SWAP test of that qubit against |0...0>, whose effect is that projector), the projector acts on both
sides of that CNOT in <O> = Tr[rho C^+ O C], so that the CNOT drops; further ones may then stand before the projector.
With one layer of the paper's ansatz no CNOT between the trash and what is read is left.
"""

from __future__ import annotations

from qpbae_tn.compiler.logical import LogicalProgram
from qpbae_tn.compiler.reductions.step import Reduction, is_cnot
from qpbae_tn.compiler.stages import Stage, stage_of


def drop_projected_controls(program: LogicalProgram) -> LogicalProgram:
    """Remove every CNOT whose control is projected on |0> by the readout before anything else acts on it."""
    projected = set(program.zero_effect)
    operations = []
    for op in reversed(program.operations()):
        if stage_of(op) is not Stage.READOUT:
            if is_cnot(op) and op.qubits[0] in projected:
                continue
            projected.difference_update(op.qubits)
        operations.append(op)
    return program if len(operations) == len(program.operations()) else program.with_operations(reversed(operations))


PROJECTED_CONTROLS = Reduction(
    "projected_controls", "a CNOT whose control is then projected on |0> is the identity", drop_projected_controls
)
