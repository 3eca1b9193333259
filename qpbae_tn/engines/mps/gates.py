"""The matrices of all blocks of an ansatz, and their derivatives, computed together rather than block by block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.model.ansatz import Ansatz
from qpbae_tn.model.blocks import BlockKind, Gate, Ry

Float64Array = NDArray[np.float64]

_CNOT = {(0, 1): np.eye(4)[[0, 1, 3, 2]], (1, 0): np.eye(4)[[0, 3, 2, 1]]}


def block_matrices(ansatz: Ansatz, angles: Float64Array) -> Float64Array:
    """The matrix of each block, shape (blocks, 4, 4), in order of time; what `Ansatz.matrices` gives, in one go."""
    result = np.empty((len(ansatz.blocks), 4, 4))
    for kind, members, own in _by_kind(ansatz, angles):
        product = np.broadcast_to(np.eye(4), (len(members), 4, 4))
        for gate in kind.gates:
            product = np.asarray(_gate(gate, own) @ product)
        result[members] = product
    return result


def angle_gradient(ansatz: Ansatz, angles: Float64Array, adjoints: Float64Array) -> Float64Array:
    """From the derivative of a number by each block matrix to its derivative by each angle.

    Args:
        ansatz: the blocks.
        angles: shape (parameter_count,).
        adjoints: d/d(matrix) of each block, shape (blocks, 4, 4).

    Returns:
        Shape (parameter_count,).
    """
    gradient = np.empty(ansatz.parameter_count)
    offsets = np.asarray(ansatz.offsets, dtype=np.intp)
    for kind, members, own in _by_kind(ansatz, angles):
        gates = [_gate(gate, own) for gate in kind.gates]
        before = [np.broadcast_to(np.eye(4), (len(members), 4, 4))]
        for matrix in gates[:-1]:
            before.append(matrix @ before[-1])
        adjoint = adjoints[members]
        for gate, matrix, prefix in zip(reversed(kind.gates), reversed(gates), reversed(before), strict=True):
            if isinstance(gate, Ry):
                # dRY(t)/dt = RY(t + pi) / 2, which is half of i Y RY(t): the rotation by pi, once more.
                turned = 0.5 * _rotation(gate.qubit, own[:, gate.parameter] + np.pi)
                inner = adjoint @ prefix.swapaxes(1, 2)
                gradient[offsets[members] + gate.parameter] = np.einsum("bij,bij->b", inner, turned)
            adjoint = matrix.swapaxes(-1, -2) @ adjoint
    return gradient


def _by_kind(ansatz: Ansatz, angles: Float64Array) -> list[tuple[BlockKind, NDArray[np.intp], Float64Array]]:
    """For each kind its blocks and their angles, shape (members, parameters of the kind)."""
    # By identity: hashing a kind for each block would take longer than the matrices do.
    members: dict[int, tuple[BlockKind, list[int]]] = {}
    for index, block in enumerate(ansatz.blocks):
        members.setdefault(id(block.kind), (block.kind, []))[1].append(index)
    offsets = np.asarray(ansatz.offsets, dtype=np.intp)
    result = []
    for kind, own in members.values():
        indices = np.asarray(own, dtype=np.intp)
        result.append((kind, indices, angles[offsets[indices][:, None] + np.arange(kind.parameter_count)]))
    return result


def _gate(gate: Gate, own: Float64Array) -> Float64Array:
    if isinstance(gate, Ry):
        return _rotation(gate.qubit, own[:, gate.parameter])
    return _CNOT[gate.control, gate.target]


def _rotation(qubit: int, angles: Float64Array) -> Float64Array:
    """RY on one of two qubits, shape (angles, 4, 4)."""
    c, s = np.cos(angles / 2), np.sin(angles / 2)
    small = np.stack([c, -s, s, c], axis=-1).reshape(-1, 2, 2)
    wide = np.zeros((len(angles), 2, 2, 2, 2))
    for other in range(2):
        if qubit == 0:
            wide[:, :, other, :, other] = small
        else:
            wide[:, other, :, other, :] = small
    return wide.reshape(-1, 4, 4)
