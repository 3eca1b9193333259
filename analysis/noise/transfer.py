"""Pauli transfer matrices: channels and states as real arrays over the Paulis I, X, Y, Z of each qubit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

import cirq
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

PAULIS: ComplexArray = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128
)
ZERO: FloatArray = np.array([1.0, 0.0, 0.0, 1.0])
"""The Pauli expectations of |0>."""


def pauli_strings(width: int) -> ComplexArray:
    """All Pauli strings on `width` qubits, shape (4^width, 2^width, 2^width), the first qubit most significant."""
    return reduce(_products, [PAULIS] * width)


def transfer_matrix(kraus: Sequence[NDArray[np.complexfloating]]) -> FloatArray:
    """R_ij = Tr[P_i E(P_j)] / 2^k of a channel with these Kraus operators, shape (4^k, 4^k)."""
    size = kraus[0].shape[0]
    strings = pauli_strings(size.bit_length() - 1)
    moved = sum(operator @ strings @ operator.conj().T for operator in kraus)
    return np.asarray(np.einsum("iab,jba->ij", strings, moved, optimize=True).real / size)


def operation_transfer(operation: cirq.Operation) -> FloatArray:
    """The transfer matrix of a gate or channel without symbols."""
    return transfer_matrix(cirq.kraus(operation))


def depolarising_transfer(p: float) -> FloatArray:
    """(1 - p) rho + p/3 (X rho X + Y rho Y + Z rho Z): every Pauli but I shrinks by 1 - 4 p / 3."""
    return np.diag([1.0, *[1.0 - 4.0 * p / 3.0] * 3])


def pauli_vectors(states: NDArray[np.floating]) -> FloatArray:
    """The Pauli expectations of real states.

    Args:
        states: shape (N, 2^n), unit norm.

    Returns:
        Shape (4,) * n + (N,): <phi|P|phi> for each string, the first qubit's Pauli first.
    """
    count, size = states.shape
    width = size.bit_length() - 1
    table = np.einsum("pa,pb->abp", states, states).reshape((2,) * (2 * width) + (count,))
    table = table.transpose(*(axis for qubit in range(width) for axis in (qubit, width + qubit)), 2 * width)
    table = table.reshape((4,) * width + (count,)).astype(np.complex128)
    # Row P, column (a, b): P_ba, so that the sum over a and b of rho_ab P_ba is a trace.
    change = PAULIS.transpose(0, 2, 1).reshape(4, 4)
    for axis in range(width):
        table = apply_to_axis(change, table, axis)
    return np.ascontiguousarray(table.real)


def pauli_operator(coefficients: FloatArray) -> ComplexArray:
    """The operator sum_P c_P P, shape (2^n, 2^n), of coefficients of shape (4,) * n."""
    width = coefficients.ndim
    return np.asarray(np.einsum("i,iab->ab", coefficients.ravel(), pauli_strings(width)))


def apply_to_axis(matrix: NDArray[np.number], tensor: NDArray[np.number], axis: int) -> NDArray[np.number]:
    """A matrix (4, 4) on one axis of a tensor; the axis stays where it is."""
    shape = tensor.shape
    before = int(np.prod(shape[:axis], dtype=int))
    return np.asarray(np.matmul(matrix, tensor.reshape(before, shape[axis], -1)).reshape(shape))


def apply_to_axes(matrix: FloatArray, tensor: FloatArray, axes: Sequence[int]) -> FloatArray:
    """A matrix (4^k, 4^k) on k axes of a tensor; the axes stay where they are."""
    if len(axes) == 1:
        return np.asarray(apply_to_axis(matrix, tensor, axes[0]))
    width = len(axes)
    shaped = matrix.reshape((4,) * (2 * width))
    moved = np.tensordot(shaped, tensor, axes=(range(width, 2 * width), list(axes)))
    return np.ascontiguousarray(np.moveaxis(moved, range(width), list(axes)))


def kronecker(matrices: Iterable[FloatArray]) -> FloatArray:
    """The Kronecker product of matrices, the first one most significant."""
    product = np.ones((1, 1))
    for matrix in matrices:
        product = np.asarray(np.kron(product, matrix), dtype=np.float64)
    return product


def _products(left: ComplexArray, right: ComplexArray) -> ComplexArray:
    return np.asarray([np.kron(a, b) for a in left for b in right])
