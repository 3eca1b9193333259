"""One truncated split of a stack of matrices: the step that conversion and compression share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError

Float64Array = NDArray[np.float64]


class Split(NamedTuple):
    """matrix ~ isometry @ remainder for each matrix of a stack.

    Args:
        isometry: shape (N, m, k), orthonormal columns.
        remainder: shape (N, k, M).
        discarded: squared norm of what was left out, shape (N,).
    """

    isometry: Float64Array
    remainder: Float64Array
    discarded: Float64Array


def check_truncation(bond: int | None, cutoff: float) -> None:
    """Raises `InputError` for a bond limit below 1 or a cut-off outside [0, 1)."""
    if bond is not None and bond < 1:
        raise InputError(f"bond {bond}", where="--bond", remedy="give a bond dimension of at least 1")
    if not 0 <= cutoff < 1:
        raise InputError(f"cut-off {cutoff}", where="--cutoff", remedy="give a discarded weight from 0 up to below 1")


def truncated_split(matrices: Float64Array, bond: int | None, cutoff: float) -> Split:
    """The best split of each matrix at a common rank.

    The eigenvectors of the Gram matrix of the rows stand in for the left singular vectors: one matrix product and a
    small symmetric problem instead of a singular value decomposition of the whole. Singular values below 1e-8 of the
    norm come out mixed, which moves the discarded weight by 1e-16 at most; it is therefore measured on the projected
    matrix and not read off the eigenvalues. Tall matrices are first reduced by QR.

    Args:
        matrices: shape (N, m, M).
        bond: largest rank, None for no limit.
        cutoff: share of a matrix's squared norm that may be left out; the common rank is the smallest with which
            every matrix stays below it, unless `bond` is smaller.
    """
    _, rows, columns = matrices.shape
    if columns < rows:
        base, core = np.linalg.qr(matrices)
    else:
        base, core = None, matrices
    weights, vectors = np.linalg.eigh(core @ core.swapaxes(1, 2))
    limit = weights.shape[1] if bond is None else min(bond, weights.shape[1])
    if cutoff > 0:
        # Eigenvalues ascend: their running sum is what a rank leaves out, from the largest rank down to zero.
        left_out = np.cumsum(np.maximum(weights, 0.0), axis=1)
        droppable = (left_out <= cutoff * left_out[:, -1:]).sum(axis=1)
        limit = max(1, min(limit, weights.shape[1] - int(droppable.min(initial=weights.shape[1]))))
    vectors = vectors[:, :, ::-1]
    projected = vectors.swapaxes(1, 2) @ core
    isometry = np.ascontiguousarray(vectors[:, :, :limit]) if base is None else base @ vectors[:, :, :limit]
    lost = projected[:, limit:]
    return Split(isometry, projected[:, :limit], np.einsum("pij,pij->p", lost, lost))
