"""Product states: bond 1, one RY a qubit."""

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
