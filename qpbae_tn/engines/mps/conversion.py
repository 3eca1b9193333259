"""Dense patch states to matrix product states, a whole stack at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.mps.splitting import check_truncation, truncated_split
from qpbae_tn.engines.mps.states import MpsStack

Float64Array = NDArray[np.float64]


def states_to_mps(states: NDArray[np.floating], bond: int | None = None, cutoff: float = 0.0) -> MpsStack:
    """Matrix product states of a stack of patch states, truncated from left to right.

    Each truncation projects orthogonally within the range of the one before, so that the weights left out add up and
    |<phi|phi~>|^2 = 1 - eps holds exactly, eps being `discarded_weight`. Without a bond limit and a cut-off nothing is
    decomposed: the state is one tensor in the middle between isometries that only regroup indices.

    Args:
        states: shape (N, 2^n), unit norm, in pixel order.
        bond: largest bond dimension, None for no limit.
        cutoff: share of the weight that may be left out at each cut, in [0, 1).

    Returns:
        The stack, normalised, with the weight thrown away of each patch.

    Raises:
        InputError: a bond below 1, a cut-off outside [0, 1).
    """
    check_truncation(bond, cutoff)
    count, size = states.shape
    qubits = size.bit_length() - 1
    rest = np.asarray(states, dtype=np.float64).reshape(count, 1, size)
    norms = np.einsum("pij,pij->p", rest, rest)
    lost = np.zeros(count)
    tensors: list[Float64Array] = []
    left = 1
    for site in range(qubits - 1):
        columns = size >> (site + 1)
        rows = 2 * left
        if cutoff == 0 and columns <= rows and (bond is None or columns <= bond):
            break
        if cutoff == 0 and (bond is None or rows <= bond):
            tensors.append(_regrouping(count, left, rows))
            left = rows
            continue
        split = truncated_split(rest.reshape(count, rows, columns), bond, cutoff)
        right = split.isometry.shape[2]
        tensors.append(split.isometry.reshape(count, left, 2, right))
        rest, left, lost = split.remainder, right, lost + split.discarded
    kept = np.sqrt(np.maximum(norms - lost, np.finfo(np.float64).tiny))
    columns = size >> (len(tensors) + 1)
    tensors.append(rest.reshape(count, left, 2, columns) / kept[:, None, None, None])
    while columns > 1:
        tensors.append(_regrouping(count, columns, columns // 2))
        columns //= 2
    return MpsStack(tuple(tensors), np.clip(lost / norms, 0.0, 1.0))


def _regrouping(count: int, left: int, right: int) -> Float64Array:
    """The identity between (left, 2) and right, or between left and (2, right), as a site tensor."""
    identity = np.eye(max(left, right)).reshape(left, 2, right)
    return np.broadcast_to(identity, (count, left, 2, right))
