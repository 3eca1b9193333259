"""Closed formulas for two-qubit real gates in RY and CZ.

so(4) is the sum of two commuting su(2): {Y1, XY, ZY} and {1Y, YX, YZ}. Every matrix of SO(4) is therefore a product of
two unit quaternions, and the Euler angles Y-(ZY)-Y of the one and Y-(YX)-Y of the other are those of the circuit
RY RY - CNOT - RY RY - CNOT - RY RY, because CNOT conjugates Y1 to YX and 1Y to ZY (Vatan and Williams 2004).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_ONE, _J, _X, _Z = (
    np.array(entries, dtype=np.float64)
    for entries in ([[1, 0], [0, 1]], [[0, -1], [1, 0]], [[0, 1], [1, 0]], [[1, 0], [0, -1]])
)
# RY(t) = cos(t/2) + sin(t/2) J with J = -iY. In both bases: J, the middle axis, and J times the middle axis.
_FIRST_BASIS = np.array([np.kron(*pair) for pair in ((_ONE, _ONE), (_J, _ONE), (_Z, _J), (_X, _J))])
_SECOND_BASIS = np.array([np.kron(*pair) for pair in ((_ONE, _ONE), (_ONE, _J), (_J, _X), (_J, -_Z))])
_PRODUCTS = np.einsum("iab,jbc->ijac", _FIRST_BASIS, _SECOND_BASIS) / 4.0


def completed(columns: FloatArray) -> FloatArray:
    """Rotation matrices with given first columns.

    Args:
        columns: orthonormal, shape (N, 4, 2).

    Returns:
        Matrices of SO(4), shape (N, 4, 4), whose first two columns are the given ones.
    """
    rest = np.linalg.qr(columns, mode="complete")[0][..., 2:]
    matrices = np.concatenate([columns, rest], axis=2)
    matrices[..., 3] *= np.sign(np.linalg.det(matrices))[:, None]
    return matrices


def rotation_angles(matrices: FloatArray) -> FloatArray:
    """The angles of RY RY - CZ - RY RY - CZ - RY RY for matrices of SO(4).

    Args:
        matrices: shape (N, 4, 4), indexed by 2 * (first qubit) + (second qubit).

    Returns:
        Shape (N, 3, 2): radians by layer in order of time and by qubit; equal to the matrix up to a global sign.
    """
    table = np.einsum("ijab,pab->pij", _PRODUCTS, matrices)
    # The table is the outer product of the two quaternions: any row that is not small gives the second.
    row = np.take_along_axis(table, np.argmax(np.abs(table).max(axis=2), axis=1)[:, None, None], axis=1)[:, 0]
    second = row / np.linalg.norm(row, axis=1, keepdims=True)
    first = np.einsum("pij,pj->pi", table, second)
    before_first, middle_second, after_first = _euler(first)
    before_second, middle_first, after_second = _euler(second)
    # CNOT = RY(pi/2) CZ RY(-pi/2) on the second qubit; between the two CZ these cancel.
    layers = (
        (before_first, before_second - np.pi / 2),
        (middle_first, middle_second),
        (after_first, after_second + np.pi / 2),
    )
    return np.moveaxis(np.array(layers), -1, 0)


def state_angles(matrices: FloatArray) -> FloatArray:
    """The angles of RY RY - CZ - RY RY that take |00> to two-qubit states.

    Args:
        matrices: amplitudes with unit norm, shape (N, 2, 2), indexed by (first qubit, second qubit).

    Returns:
        Shape (N, 2, 2): radians by layer in order of time and by qubit.
    """
    u, s, vt = np.linalg.svd(matrices)
    # Reflections become rotations by a sign, which the smaller Schmidt coefficient takes over.
    u_sign, v_sign = np.sign(np.linalg.det(u)), np.sign(np.linalg.det(vt))
    schmidt = 2 * np.arctan2(s[:, 1] * u_sign * v_sign, s[:, 0])
    after_first = 2 * np.arctan2(u[:, 1, 0], u[:, 0, 0])
    after_second = 2 * np.arctan2(vt[:, 0, 1], vt[:, 0, 0])
    layers = ((schmidt, np.full_like(schmidt, -np.pi / 2)), (after_first, after_second + np.pi / 2))
    return np.moveaxis(np.array(layers), -1, 0)


def _euler(quaternions: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Angles (before, middle, after) of exp(after/2 J) exp(middle/2 M) exp(before/2 J), quaternions (1, J, M, J M)."""
    one, j, m, jm = quaternions.T
    total, difference = np.arctan2(j, one), np.arctan2(jm, m)
    middle = 2 * np.arctan2(np.hypot(m, jm), np.hypot(one, j))
    return total - difference, middle, total + difference
