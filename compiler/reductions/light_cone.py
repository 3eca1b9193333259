"""Gates after which nothing is measured change nothing.

A gate G on qubits that are all discarded afterwards satisfies Tr_D[G rho G^+] = Tr_D[rho]. Read from the end, a gate
stays exactly if one of its qubits is measured or meets a gate that stays.
"""

from __future__ import annotations

from qpbae_tn.compiler.logical import LogicalProgram
from qpbae_tn.compiler.reductions.step import Reduction


def drop_unread(program: LogicalProgram) -> LogicalProgram:
    """Remove the gates on which no measured bit depends."""
    read = set(program.measured).union(*program.outputs)
    operations = []
    for op in reversed(program.operations()):
        if not read.isdisjoint(op.qubits):
            read.update(op.qubits)
            operations.append(op)
    return program if len(operations) == len(program.operations()) else program.with_operations(reversed(operations))


LIGHT_CONE = Reduction("light_cone", "gates after which nothing is measured drop", drop_unread)
