"""A matrix on two qubits in the fewest CZ: real ones with RY alone where that takes no CZ more.

RY and CZ make the matrices of O(4), and each CZ turns the sign of the determinant: two CZ make all of SO(4) (`so4`),
and one more in front of them the rest. Special matrices take fewer, and those with complex entries up to three; for
both, Cirq finds the gates.
"""

from __future__ import annotations

from functools import lru_cache

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.logical import Stage
from qpbae_tn.compiler.lowering.angles import Angle
from qpbae_tn.compiler.lowering.real_program import Cz, Phase, RealGate, Ry
from qpbae_tn.compiler.lowering.synthesis import euler
from qpbae_tn.compiler.preparation.so4 import rotation_angles

Matrix = NDArray[np.complex128]

_TOLERANCE = 1e-10
_CZ = np.diag([1.0, 1.0, 1.0, -1.0])


def fewest_cz(matrix: Matrix) -> int:
    """The least number of CZ, 0 to 3, for a unitary, shape (4, 4), up to a global phase."""
    return _fewest(matrix.astype(np.complex128).tobytes())


def pair_gates(matrix: Matrix, first: cirq.Qid, second: cirq.Qid, stage: Stage) -> tuple[RealGate, ...] | None:
    """Gates for a unitary, shape (4, 4), with `fewest_cz` CZ; None where rounding keeps Cirq from finding them.

    Args:
        matrix: indexed by 2 * (first qubit) + (second qubit).
        first: the first qubit.
        second: the second qubit.
        stage: of all gates.
    """
    count = fewest_cz(matrix)
    real = _as_real(matrix)
    if real is not None and count == 2 and np.linalg.det(real) > 0:
        gates = _rotations(real, first, second, stage)
    elif real is not None and count == 3:
        gates = [Cz(first, second, stage), *_rotations(real @ _CZ, first, second, stage)]
    else:
        gates = _by_cirq(matrix, first, second, stage)
    found = matrix_of(gates, first, second)
    exact = abs(abs(np.vdot(found, matrix)) - 4.0) < _TOLERANCE
    return tuple(gates) if exact and sum(isinstance(gate, Cz) for gate in gates) == count else None


def matrix_of(gates: list[RealGate], first: cirq.Qid, second: cirq.Qid) -> Matrix:
    """The unitary, shape (4, 4), of numeric gates on two qubits, in order of time."""
    total = np.eye(4, dtype=np.complex128)
    for gate in gates:
        match gate:
            case Cz():
                total = _CZ @ total
            case Ry(qubit, angle, _):
                total = _on(cirq.unitary(cirq.ry(angle.constant)), qubit == second) @ total
            case Phase(qubit, half_turns, _):
                total = _on(np.diag([1.0, np.exp(1j * np.pi * half_turns)]), qubit == second) @ total
    return total


@lru_cache(maxsize=4096)
def _fewest(content: bytes) -> int:
    return int(cirq.num_cnots_required(np.frombuffer(content, dtype=np.complex128).reshape(4, 4)))


def _on(matrix: Matrix, second: bool) -> Matrix:
    one = np.eye(2, dtype=np.complex128)
    return np.asarray(np.kron(one, matrix) if second else np.kron(matrix, one), dtype=np.complex128)


def _as_real(matrix: Matrix) -> NDArray[np.float64] | None:
    """The matrix without its global phase, where that makes it real."""
    largest = matrix.flat[np.argmax(np.abs(matrix))]
    turned = matrix * (np.conj(largest) / abs(largest))
    return np.ascontiguousarray(turned.real) if np.abs(turned.imag).max() < _TOLERANCE else None


def _rotations(matrix: NDArray[np.float64], first: cirq.Qid, second: cirq.Qid, stage: Stage) -> list[RealGate]:
    gates: list[RealGate] = []
    for index, layer in enumerate(rotation_angles(matrix[None])[0].tolist()):
        if index:
            gates.append(Cz(first, second, stage))
        gates += (Ry(qubit, Angle(angle), stage) for qubit, angle in zip((first, second), layer, strict=True))
    return gates


def _by_cirq(matrix: Matrix, first: cirq.Qid, second: cirq.Qid, stage: Stage) -> list[RealGate]:
    gates: list[RealGate] = []
    for op in cirq.two_qubit_matrix_to_cz_operations(first, second, matrix, allow_partial_czs=False):
        if len(op.qubits) == 2:
            gates.append(Cz(first, second, stage))
            continue
        (qubit,) = op.qubits
        before, middle, after = euler(cirq.unitary(op))
        gates += (
            Phase(qubit, _snapped(before), stage),
            Ry(qubit, Angle(_snapped(middle) * np.pi), stage),
            Phase(qubit, _snapped(after), stage),
        )
    return gates


def _snapped(half_turns: float) -> float:
    """Without the rounding beside a multiple of a quarter turn, so that the other rules know it."""
    near = round(2 * half_turns) / 2
    return near if abs(half_turns - near) < _TOLERANCE else half_turns
