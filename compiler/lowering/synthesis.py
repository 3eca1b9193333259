"""CZ from each native two-qubit gate, by one fixed sequence without symbols."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.targets.target import NativeGate

Matrix = NDArray[np.complex128]


@dataclass(frozen=True)
class CzSequence:
    """CZ = locals[k] N ... N locals[0], N the native gate, in order of time; equal up to a global phase.

    Args:
        native: the two-qubit gate N.
        locals: (k + 1) pairs of one-qubit matrices for the first and second qubit, None for the identity. Behind the
            last N they have the form Y^b Z^c, c first, so that a symbolic RY that follows takes them up.
    """

    native: NativeGate
    locals: tuple[tuple[Matrix | None, Matrix | None], ...]


@cache
def cz_sequence(native: NativeGate) -> CzSequence:
    """The sequence that makes a CZ with `native.uses_per_cz` native gates."""
    if native is NativeGate.CZ:
        return CzSequence(native, ((None, None), (None, None)))
    identity = np.eye(2, dtype=np.complex128)
    first, second = cirq.LineQubit.range(2)
    locals_ = [[identity, identity]]
    for operation in cirq.flatten_to_ops(_operations(native, first, second)):
        if len(operation.qubits) == 2:
            locals_.append([identity, identity])
        else:
            side = int(operation.qubits[0] == second)
            locals_[-1][side] = cirq.unitary(operation) @ locals_[-1][side]
    for side in range(2):
        # CZ commutes with Z: Z^-c in front and Z^c behind take the last Z of the sequence to its beginning
        turn = euler(locals_[-1][side])[2]
        locals_[-1][side] = cirq.unitary(cirq.Z**-turn) @ locals_[-1][side]
        locals_[0][side] = locals_[0][side] @ cirq.unitary(cirq.Z**turn)
    return CzSequence(native, tuple((pair[0], pair[1]) for pair in locals_))


def euler(matrix: Matrix) -> tuple[float, float, float]:
    """Half turns (c, b, a) with matrix = Z^a Y^b Z^c up to a phase."""
    c, b, a = cirq.deconstruct_single_qubit_matrix_into_angles(matrix)
    return c / np.pi, b / np.pi, a / np.pi


def _operations(native: NativeGate, first: cirq.Qid, second: cirq.Qid) -> cirq.OP_TREE:
    if native is NativeGate.SQRT_ISWAP:
        # X on one side turns XX + YY into XX - YY: two roots make exp(i pi/4 XX), and Y**0.5 turns X into Z
        turn, back = cirq.Y**-0.5, cirq.Y**0.5
        root = cirq.SQRT_ISWAP(first, second)
        before = [back(first), back(second), cirq.X(first)]
        after = [turn(first), turn(second), cirq.S(first), cirq.S(second)]
        return [before, root, cirq.X(first), root, after]
    import cirq_google

    return cirq_google.known_2q_op_to_sycamore_operations(cirq.CZ(first, second))
