"""Matrix product states of stacks of patches: SVD truncation from the left, then two variational sweeps.

For left-to-right SVD |<phi|phi~>|^2 = 1 - (weight thrown away). The sweeps replace two neighbouring tensors at a time
by the best ones for given bases on both sides, so the fidelity never falls below that of the SVD.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class CentredMps:
    """A stack of N unit matrix product states, Schmidt-decomposed at one bond.

    Args:
        left: for each qubit left of the bond, shape (N, bond to the left, 2, bond to the right), isometric from the
            right: sum over the first two indices is the identity.
        schmidt: Schmidt coefficients at the bond, shape (N, bond), descending.
        right: for each qubit right of the bond, the same shape, isometric from the left.
    """

    left: tuple[FloatArray, ...]
    schmidt: FloatArray
    right: tuple[FloatArray, ...]

    def states(self) -> FloatArray:
        """The amplitudes, shape (N, 2^n)."""
        right = self.right[-1][..., 0]
        for tensor in reversed(self.right[:-1]):
            right = _grow_left(tensor, right)
        left = self.left[0][:, 0]
        for tensor in self.left[1:]:
            left = np.einsum("pxl,plsr->pxsr", left, tensor).reshape(len(left), -1, tensor.shape[-1])
        return np.asarray(np.einsum("pxr,pr,pry->pxy", left, self.schmidt, right)).reshape(len(left), -1)


def centre_bond(qubit_count: int) -> int:
    """The number of qubits left of the bond from which circuits grow: half of them."""
    return qubit_count // 2


def compress(states: FloatArray, bond: int) -> CentredMps:
    """The matrix product states of this bond dimension that are close to the states.

    Args:
        states: unit vectors, shape (N, 2^n), n at least 2.
        bond: largest bond dimension, at least 1.

    Returns:
        Unit states centred at `centre_bond`, with a fidelity at least that of left-to-right SVD truncation.
    """
    count, n = len(states), int(states.shape[1]).bit_length() - 1
    # Projections of the states on the left bases: projected[k] has shape (N, bond, 2^(n - k)).
    projected = [states.reshape(count, 1, -1)]
    for site in range(n - 1):
        block = projected[site].reshape(count, 2 * projected[site].shape[1], -1)
        keep = min(bond, *block.shape[1:])
        vectors = np.linalg.svd(block, full_matrices=False)[0][..., :keep]
        projected.append(vectors.swapaxes(1, 2) @ block)
    # From the right: bases[k] spans qubits k..n-1, shape (N, bond, 2^(n - k)).
    bases = {n: np.ones((count, 1, 1))}
    right: dict[int, FloatArray] = {}
    for site in range(n - 2, -1, -1):
        pair = _pair(projected[site], bases[site + 2])
        right[site + 1] = _split(pair, bond)[2]
        bases[site + 1] = _grow_left(right[site + 1], bases[site + 2])
    # From the left again, up to the centre.
    left: list[FloatArray] = []
    current, centre = projected[0], centre_bond(n)
    for site in range(centre):
        tensor, schmidt, beyond = _split(_pair(current, bases[site + 2]), bond)
        left.append(tensor)
        if site < centre - 1:
            block = current.reshape(count, 2 * current.shape[1], -1)
            current = tensor.reshape(count, block.shape[1], -1).swapaxes(1, 2) @ block
    schmidt = schmidt / np.linalg.norm(schmidt, axis=1, keepdims=True)
    return CentredMps(tuple(left), schmidt, (beyond, *(right[site] for site in range(centre + 1, n))))


def _pair(projected: FloatArray, basis: FloatArray) -> FloatArray:
    """The best two neighbouring tensors for given bases, shape (N, left bond, 2, 2, right bond)."""
    count, bond = projected.shape[:2]
    split = projected.reshape(count, bond * 4, -1)
    return (split @ basis.swapaxes(1, 2)).reshape(count, bond, 2, 2, -1)


def _split(pair: FloatArray, bond: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Left tensor, Schmidt coefficients and right tensor of two neighbouring tensors, truncated to the bond."""
    count, left_bond, _, _, right_bond = pair.shape
    u, s, vt = np.linalg.svd(pair.reshape(count, left_bond * 2, 2 * right_bond), full_matrices=False)
    keep = min(bond, s.shape[1])
    return (
        u[..., :keep].reshape(count, left_bond, 2, keep),
        s[:, :keep],
        vt[:, :keep].reshape(count, keep, 2, right_bond),
    )


def _grow_left(tensor: FloatArray, basis: FloatArray) -> FloatArray:
    """The basis with one more qubit to its left, shape (N, left bond of the tensor, 2 * columns)."""
    count, bond, _, right_bond = tensor.shape
    return (tensor.reshape(count, bond * 2, right_bond) @ basis).reshape(count, bond, -1)
