"""The reset is a relabelling.

SWAP only exchanges the names of two wires: for any gate G, G(a) after SWAP(a, b) equals SWAP(a, b) after G(b). Moving
every SWAP to the end and there into the list of measured qubits takes it out of the circuit. For the reset this means
that the fresh qubits are the decoder's trash wires, and that the encoder's trash is left behind.
"""

from __future__ import annotations

from dataclasses import replace

import cirq

from qpbae_tn.compiler.logical import LogicalProgram, Register
from qpbae_tn.compiler.reductions.step import Reduction, is_swap


def relabel(program: LogicalProgram) -> LogicalProgram:
    """Take every SWAP gate out by renaming the wires of all that follows."""
    wire: dict[cirq.Qid, cirq.Qid] = {qubit: qubit for qubit in program.qubits}
    operations, found = [], False
    for op in program.operations():
        if is_swap(op):
            first, second = op.qubits
            wire[first], wire[second] = wire[second], wire[first]
            found = True
        else:
            operations.append(op.transform_qubits(wire))
    if not found:
        return program

    def renamed(register: Register) -> Register:
        return tuple(wire[qubit] for qubit in register)

    return replace(
        program.with_operations(operations),
        measured=renamed(program.measured),
        outputs=tuple(renamed(register) for register in program.outputs),
        zero_effect=frozenset(renamed(tuple(program.zero_effect))),
        swap_effect=tuple((wire[first], wire[second]) for first, second in program.swap_effect),
    )


RELABEL_RESET = Reduction(
    "reset_as_relabelling", "SWAP renames wires: the fresh qubits become the decoder's trash wires", relabel
)
