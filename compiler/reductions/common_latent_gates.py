"""The same gates on both latent registers, just before they are compared, change nothing.

Where the readout acts as SWAP on pairs of qubits, its effect S satisfies (V (x) V)^+ S (V (x) V) = S for every V on one
side and the same V on the other. In `latent`, V is what of the encoder's end acts on latents alone: each step takes off
one gate that is the last on all its qubits, together with its equal on the other side.
"""

from __future__ import annotations

import cirq

from qpbae_tn.compiler.logical import LogicalProgram
from qpbae_tn.compiler.reductions.step import Reduction
from qpbae_tn.compiler.stages import Stage, stage_of


def drop_common(program: LogicalProgram) -> LogicalProgram:
    """Remove equal gates at the end of both sides of the readout's SWAP pairs, until there are none."""
    partner = dict(program.swap_effect)
    left, right = frozenset(partner), frozenset(partner.values())
    operations = program.operations()
    kept = set(range(len(operations)))
    while True:
        ends = [index for index in kept if _is_end(operations, kept, index)]
        mirrored = {operations[index]: index for index in ends if right.issuperset(operations[index].qubits)}
        for index in ends:
            if left.issuperset(operations[index].qubits):
                match = mirrored.get(operations[index].transform_qubits(lambda qubit: partner.get(qubit, qubit)))
                if match is not None:
                    kept -= {index, match}
                    break
        else:
            break
    if len(kept) == len(operations):
        return program
    return program.with_operations(operations[index] for index in sorted(kept))


def _is_end(operations: list[cirq.Operation], kept: set[int], index: int) -> bool:
    """Whether nothing but the readout follows an operation."""
    if stage_of(operations[index]) is Stage.READOUT:
        return False
    own = set(operations[index].qubits)
    later = (other for other in kept if other > index and stage_of(operations[other]) is not Stage.READOUT)
    return all(own.isdisjoint(operations[other].qubits) for other in later)


COMMON_LATENT_GATES = Reduction(
    "common_latent_gates_drop", "SWAP commutes with V (x) V: equal gates on both latent registers drop", drop_common
)
