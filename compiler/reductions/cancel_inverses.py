"""Encoder blocks on latents alone cancel against the decoder's first ones.

The decoder begins with the inverses of the encoder's last gates. Once the reset is a relabelling, a gate of the encoder
that acts on latents alone and is followed, on its qubits, by nothing but its own inverse gives G^-1 G = 1. Nothing is
assumed of the gates but that they are inverse; for blocks that only partly act on latents (SO(4)) this takes off the
part that does. Removing a pair can expose the next one, so that one pass over a stack reaches the fix-point.
"""

from __future__ import annotations

import cirq

from qpbae_tn.compiler.logical import LogicalProgram
from qpbae_tn.compiler.reductions.step import Reduction, are_inverse


def cancel(program: LogicalProgram) -> LogicalProgram:
    """Remove every gate together with its inverse where nothing stands between them."""
    operations: list[cirq.Operation | None] = []
    last: dict[cirq.Qid, list[int]] = {qubit: [] for qubit in program.qubits}
    for op in program.operations():
        tops = {last[qubit][-1] if last[qubit] else None for qubit in op.qubits}
        index = tops.pop() if len(tops) == 1 else None
        before = operations[index] if index is not None else None
        if index is not None and before is not None and are_inverse(before, op):
            operations[index] = None
            for qubit in op.qubits:
                last[qubit].pop()
        else:
            for qubit in op.qubits:
                last[qubit].append(len(operations))
            operations.append(op)
    left = [op for op in operations if op is not None]
    return program if len(left) == len(operations) and None not in operations else program.with_operations(left)


CANCEL_INVERSES = Reduction(
    "latent_blocks_cancel", "encoder gates on latents alone cancel against the decoder's first ones", cancel
)
