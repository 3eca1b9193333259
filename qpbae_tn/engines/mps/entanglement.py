"""Schmidt weights, entanglement entropy and compression of stacks of states."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.model.mps import MpsStack, check_truncation, truncated_split

Float64Array = NDArray[np.float64]


def compress(stack: MpsStack, bond: int | None = None, cutoff: float = 0.0) -> MpsStack:
    """The same states with smaller bonds, truncated from left to right in the right-canonical gauge.

    Args:
        stack: the states.
        bond: largest bond dimension, None for no limit.
        cutoff: share of the weight that may be left out at each cut, in [0, 1).

    Returns:
        The stack, normalised. Its discarded weight is that of this truncation where the stack had none, and else the
        bound sin^2(arcsin sqrt(eps_before) + arcsin sqrt(eps_now)) from the triangle inequality of angles.

    Raises:
        InputError: a bond below 1, a cut-off outside [0, 1).
    """
    check_truncation(bond, cutoff)
    tensors, _, lost = _truncate(stack, bond, cutoff)
    total = np.arcsin(np.sqrt(stack.discarded_weight)) + np.arcsin(np.sqrt(lost))
    weight = np.where(stack.discarded_weight == 0, lost, np.sin(np.minimum(total, np.pi / 2)) ** 2)
    return MpsStack(tuple(tensors), weight)


def schmidt_weights(stack: MpsStack) -> list[Float64Array]:
    """The squared Schmidt coefficients at each cut, falling, shape (N, at most the bond) each; they add up to one."""
    return _truncate(stack, None, 0.0)[1]


def entanglement_entropy(states: MpsStack | NDArray[np.floating]) -> Float64Array:
    """Entanglement entropy of each state at each cut between neighbouring qubits.

    Args:
        states: trains, or amplitudes of shape (N, 2^n).

    Returns:
        Shape (N, n - 1), in bits: -sum_k p_k log2 p_k over the squared Schmidt coefficients.
    """
    weights = schmidt_weights(states) if isinstance(states, MpsStack) else _dense_weights(states)
    return np.stack([_entropy(cut) for cut in weights], axis=1)


def _entropy(weights: Float64Array) -> Float64Array:
    positive = np.where(weights > 0, weights, 1.0)
    return np.asarray(np.maximum(-(positive * np.log2(positive)).sum(axis=1), 0.0))


def _dense_weights(states: NDArray[np.floating]) -> list[Float64Array]:
    count, size = states.shape
    amplitudes = np.asarray(states, dtype=np.float64)
    amplitudes = amplitudes / np.linalg.norm(amplitudes, axis=1, keepdims=True)
    result = []
    for cut in range(1, size.bit_length() - 1):
        matrix = amplitudes.reshape(count, 1 << cut, size >> cut)
        if matrix.shape[1] > matrix.shape[2]:
            matrix = matrix.swapaxes(1, 2)
        result.append(np.linalg.eigvalsh(matrix @ matrix.swapaxes(1, 2)))
    return result


def _right_canonical(stack: MpsStack) -> list[Float64Array]:
    """Tensors of the normalised states that are isometries from the right, all the norm in the first."""
    tensors = list(stack.normalised().tensors)
    for site in range(len(tensors) - 1, 0, -1):
        count, left, _, right = tensors[site].shape
        base, core = np.linalg.qr(tensors[site].reshape(count, left, 2 * right).swapaxes(1, 2))
        tensors[site] = base.swapaxes(1, 2).reshape(count, base.shape[2], 2, right)
        tensors[site - 1] = tensors[site - 1] @ core.swapaxes(1, 2)[:, None]
    return tensors


def _truncate(
    stack: MpsStack, bond: int | None, cutoff: float
) -> tuple[list[Float64Array], list[Float64Array], Float64Array]:
    """Normalised tensors, the squared Schmidt coefficients at each cut before its truncation, the weight left out."""
    tensors = _right_canonical(stack)
    lost = np.zeros(stack.count)
    weights = []
    for site in range(len(tensors) - 1):
        count, left, _, right = tensors[site].shape
        matrix = tensors[site].reshape(count, 2 * left, right)
        if left * 2 > right:
            spectrum = np.linalg.eigvalsh(matrix.swapaxes(1, 2) @ matrix)
        else:
            spectrum = np.linalg.eigvalsh(matrix @ matrix.swapaxes(1, 2))
        weights.append(np.maximum(spectrum[:, ::-1], 0.0))
        split = truncated_split(matrix, bond, cutoff)
        tensors[site] = split.isometry.reshape(count, left, 2, split.isometry.shape[2])
        following = tensors[site + 1]
        tensors[site + 1] = np.einsum("pka,pasb->pksb", split.remainder, following, optimize=True)
        lost = lost + split.discarded
    kept = np.sqrt(np.maximum(1.0 - lost, np.finfo(np.float64).tiny))
    tensors[-1] = tensors[-1] / kept[:, None, None, None]
    return tensors, weights, np.clip(lost, 0.0, 1.0)
