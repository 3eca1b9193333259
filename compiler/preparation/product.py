"""Product states, one RY a qubit: the best ones (bond 1), and quick ones from each qubit on its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.preparation.matrix_product import compress

FloatArray = NDArray[np.float64]


def product_angles(states: FloatArray) -> FloatArray:
    """The RY angles, shape (N, n), of product states close to the states, which have shape (N, 2^n)."""
    if states.shape[1] == 2:
        return 2 * np.arctan2(states[:, 1:], states[:, :1])
    mps = compress(states, 1)
    vectors = np.stack([tensor[:, 0, :, 0] for tensor in (*mps.left, *mps.right)], axis=1)
    return np.asarray(2 * np.arctan2(vectors[..., 1], vectors[..., 0]))


def marginal_angles(states: FloatArray) -> FloatArray:
    """The RY angles, shape (N, n), that point every qubit along its own Bloch vector.

    Close to the best product state where there is one, for a fraction of the work; Bloch vectors are
    (sum over x of phi(x) phi(x with the qubit flipped), probability of 0 minus that of 1).
    """
    size = states.shape[1]
    weights = size >> np.arange(1, size.bit_length())
    index = np.arange(size)
    flipped = index ^ weights[:, None]
    signs = np.where(index & weights[:, None], -1.0, 1.0)
    return np.asarray(np.arctan2(np.einsum("pk,pqk->pq", states, states[:, flipped]), states**2 @ signs.T))
