"""Two-qubit matrices applied to stacks of dense state vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def apply_block(states: Array, matrix: Array, first: int, second: int) -> Array:
    """A 4 x 4 matrix applied to two qubits of every state of a stack.

    Args:
        states: shape (N, 2^n).
        matrix: shape (4, 4), indexed by 2 * (first qubit) + (second qubit).
        first: the more significant qubit of the matrix.
        second: the other qubit.

    Returns:
        Shape (N, 2^n).
    """
    count, size = states.shape
    matrix = matrix.astype(states.dtype, copy=False)
    if second == first + 1:
        below = size >> (second + 1)
        return np.asarray(np.matmul(matrix, states.reshape(-1, 4, below))).reshape(count, size)
    pairs, shape, axes = _pair_first(states, first, second)
    moved = (matrix @ pairs).reshape([2, 2, *shape])
    return np.moveaxis(moved, (0, 1), axes).reshape(count, size)


def pair_overlap(left: Array, right: Array, first: int, second: int) -> Array:
    """sum over the stack and over all other qubits of left[ab, rest] right[cd, rest], shape (4, 4).

    It is what a derivative of the matrix on (first, second) is contracted with in an adjoint sweep.
    """
    return np.asarray(_pair_first(left, first, second)[0] @ _pair_first(right, first, second)[0].T)


def _pair_first(states: Array, first: int, second: int) -> tuple[Array, list[int], tuple[int, int]]:
    count, size = states.shape
    low, high = min(first, second), max(first, second)
    tensor = states.reshape(count, 1 << low, 2, 1 << (high - low - 1), 2, size >> (high + 1))
    axes = (2, 4) if first < second else (4, 2)
    tensor = np.moveaxis(tensor, axes, (0, 1))
    return tensor.reshape(4, -1), list(tensor.shape[2:]), axes
