"""A CNOT whose control is still in |0> is the identity.

CNOT = |0><0| (x) 1 + |1><1| (x) X, and the control is |0> with certainty until the first gate on it that is not such a
CNOT. In the decoder of the paper's staircase this ends every CNOT, one after the other, since each is controlled by a
fresh qubit on which nothing has acted yet.
"""

from __future__ import annotations

from qpbae_tn.compiler.logical import LogicalProgram
from qpbae_tn.compiler.reductions.step import Reduction, is_cnot


def drop_zero_controls(program: LogicalProgram) -> LogicalProgram:
    """Remove every CNOT that is controlled by a qubit on which nothing has acted yet."""
    untouched = set(program.qubits).difference(*program.inputs)
    operations = []
    for op in program.operations():
        if is_cnot(op) and op.qubits[0] in untouched:
            continue
        untouched.difference_update(op.qubits)
        operations.append(op)
    return program if len(operations) == len(program.operations()) else program.with_operations(operations)


ZERO_CONTROLS = Reduction("zero_controls", "a CNOT whose control is a fresh |0> is the identity", drop_zero_controls)
