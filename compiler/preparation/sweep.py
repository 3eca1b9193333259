"""States of ladders and their derivatives by all angles, in one forward sweep over the layers of a stack of ladders."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.preparation.template import Ladder

FloatArray = NDArray[np.float64]


class LadderSweep:
    """The map from angles to states of one ladder, prepared for many evaluations.

    A layer is a diagonal of signs (CZ gates that share no qubit), then rotations. The rotations of a layer form a
    Kronecker product of two matrices, on the first n // 2 qubits and on the others.
    dRY(t)/dt = RY(t) J / 2 with J = -iY: a derivative enters the sweep as a signed permutation of the state.
    """

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        n, self.size = ladder.qubit_count, 2**ladder.qubit_count
        self._half = n // 2
        bits = (np.arange(self.size)[None, :] >> np.arange(n - 1, -1, -1)[:, None]) & 1
        signs = [np.ones(self.size)]
        slots: list[list[int]] = [list(range(n))]
        qubits: list[list[int]] = [list(range(n))]
        level = [0] * n
        for index, (first, second) in enumerate(ladder.pairs):
            layer = 1 + max(level[first], level[second])
            level[first] = level[second] = layer
            if layer == len(signs):
                signs.append(np.ones(self.size))
                slots.append([])
                qubits.append([])
            signs[layer] *= 1 - 2 * (bits[first] & bits[second])
            slots[layer] += [n + 2 * index, n + 2 * index + 1]
            qubits[layer] += [first, second]
        self.depth = len(signs) - 1
        self._signs = signs
        self._order = np.concatenate(slots).astype(np.intp)
        """Angle numbers in the order in which the sweep meets them."""
        self._in_order = bool((self._order == np.arange(len(self._order))).all())
        self._place = np.concatenate([layer * n + np.array(own) for layer, own in enumerate(qubits)])
        self._flips = [np.arange(self.size) ^ (1 << (n - 1 - np.array(own)[:, None])) for own in qubits]
        self._generators = [bits[own] - 0.5 for own in qubits]

    def states(self, angles: FloatArray) -> FloatArray:
        """The states, shape (M, 2^n), for angles of shape (M, K)."""
        first, second = self._rotations(angles)
        current = first[:, 0, :, :1] * second[:, 0, None, 0, :]
        for layer in range(1, self.depth + 1):
            current = first[:, layer] @ (current * self._signs[layer].reshape(current.shape[1:])) @ second[:, layer]
        return current.reshape(len(angles), self.size)

    def states_and_derivatives(self, angles: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The states, shape (M, 2^n), and their derivatives by each angle, shape (M, K, 2^n)."""
        first, second = self._rotations(angles)
        count, size, a, b = len(angles), self.size, first.shape[-1], second.shape[-1]
        # Row 0 holds the states, the rows below their derivatives in the order of the sweep.
        rows = np.empty((count, angles.shape[1] + 1, size))
        rows[:, 0] = (first[:, 0, :, :1] * second[:, 0, None, 0, :]).reshape(count, size)
        filled = 1
        for layer in range(self.depth + 1):
            if layer:
                block = (rows[:, :filled] * self._signs[layer]).reshape(count, filled * a, b) @ second[:, layer]
                block = first[:, layer, None] @ block.reshape(count, filled, a, b)
                rows[:, :filled] = block.reshape(count, filled, size)
            flips, upto = self._flips[layer], filled + len(self._flips[layer])
            np.multiply(rows[:, 0][:, flips], self._generators[layer], out=rows[:, filled:upto])
            filled = upto
        if self._in_order:
            return rows[:, 0], rows[:, 1:]
        derivatives = np.empty((count, angles.shape[1], size))
        derivatives[:, self._order] = rows[:, 1:]
        return rows[:, 0], derivatives

    def _rotations(self, angles: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Kronecker products of each layer's rotations on the first half and, transposed, on the second half."""
        count, n = len(angles), self.ladder.qubit_count
        flat = np.zeros((count, (self.depth + 1) * n))
        flat[:, self._place] = angles[:, self._order] / 2
        halves = flat.reshape(count, self.depth + 1, n)
        rotations = np.empty((*halves.shape, 2, 2))
        rotations[..., 0, 0] = rotations[..., 1, 1] = np.cos(halves)
        rotations[..., 1, 0] = np.sin(halves)
        np.negative(rotations[..., 1, 0], out=rotations[..., 0, 1])
        second = _kron(rotations[:, :, self._half :])
        return _kron(rotations[:, :, : self._half]), np.ascontiguousarray(second.swapaxes(-1, -2))


@lru_cache(maxsize=16)
def ladder_sweep(ladder: Ladder) -> LadderSweep:
    """The sweep of a ladder, built once."""
    return LadderSweep(ladder)


def _kron(matrices: FloatArray) -> FloatArray:
    """Kronecker products over the third axis of shape (M, layers, qubits, 2, 2); of none, 1 x 1 ones."""
    count, layers, qubits = matrices.shape[:3]
    result = matrices[:, :, 0] if qubits else np.ones((count, layers, 1, 1))
    for qubit in range(1, qubits):
        size = result.shape[-1]
        product = result[:, :, :, None, :, None] * matrices[:, :, qubit, None, :, None, :]
        result = product.reshape(count, layers, 2 * size, 2 * size)
    return result
