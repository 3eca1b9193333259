"""The closed formulas of the model: both fidelities of a stack of patch states, from the ansatz' matrices.

With psi = U phi as a matrix M of shape (2^n_t, 2^BD), rows M_k:

    F_trash = |M_0|^2,   F = sum_k (M_0 . M_k)^2.

Everything else that computes them (circuits, tensor networks, shots) is tested against these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.model.ansatz import apply_block
from qpbae_tn.model.names import OutcomeKind
from qpbae_tn.model.outcomes import Outcomes
from qpbae_tn.model.specification import ModelSpecification

Array = NDArray[np.floating]
Float64Array = NDArray[np.float64]

CHUNK_BYTES = 1 << 19
"""Bytes of one chunk of amplitudes: small enough for a second-level cache, large enough for the matrix product."""

DENSE_QUBITS = 8
"""Up to this n the whole of U is one matrix product; past it block by block is cheaper (4 n against 2^n)."""


def trash_fidelity(specification: ModelSpecification, angles: Array, states: Array) -> Array:
    """F_trash of each state; shapes as in `Engine.trash_fidelity`, dtype that of `states`."""
    rows = latent_rows(specification, specification.ansatz.matrices(angles)).astype(states.dtype)
    result = np.empty(states.shape[0], dtype=states.dtype)
    for part in _chunks(states):
        latent = rows @ states[part].T
        np.einsum("lp,lp->p", latent, latent, out=result[part])
    return result


def reconstruction_fidelity(specification: ModelSpecification, angles: Array, states: Array) -> Array:
    """F of each state; shapes as in `Engine.reconstruction_fidelity`, dtype that of `states`."""
    matrices = specification.ansatz.matrices(angles)
    trash, latent = 1 << specification.trash_count, 1 << specification.bottleneck
    unitary = None
    if specification.qubit_count <= DENSE_QUBITS:
        columns = _encode(specification, matrices, np.eye(specification.pixel_count))
        unitary = np.ascontiguousarray(_trash_major(specification, columns.T)).astype(states.dtype)
    result = np.empty(states.shape[0], dtype=states.dtype)
    for part in _chunks(states):
        if unitary is not None:
            psi = unitary @ states[part].T
        else:
            encoded = _encode(specification, matrices, states[part])
            psi = np.ascontiguousarray(_trash_major(specification, encoded.T))
        psi = psi.reshape(trash, latent, -1)
        overlaps = psi[:, 0] * psi[0, 0]
        scratch = np.empty_like(overlaps)
        for index in range(1, latent):
            np.multiply(psi[:, index], psi[0, index], out=scratch)
            overlaps += scratch
        np.einsum("kp,kp->p", overlaps, overlaps, out=result[part])
    return result


def outcome_probabilities(specification: ModelSpecification, angles: Array, states: Array, kind: OutcomeKind) -> Array:
    """p_k of each state; shapes as in `Engine.outcome_probabilities`, dtype that of `states`."""
    outcomes = Outcomes(specification, kind)
    matrices = specification.ansatz.matrices(angles)
    unitary = None
    if specification.qubit_count <= DENSE_QUBITS:
        unitary = _encode(specification, matrices, np.eye(specification.pixel_count)).astype(states.dtype)
    result = np.empty((states.shape[0], outcomes.count), dtype=states.dtype)
    for part in _chunks(states):
        encoded = states[part] @ unitary if unitary is not None else _encode(specification, matrices, states[part])
        result[part] = outcomes.gather(np.square(encoded))
    return result


def _chunks(states: Array) -> Iterator[slice]:
    step = max(1, CHUNK_BYTES // (states.shape[1] * states.itemsize))
    for start in range(0, states.shape[0], step):
        yield slice(start, min(start + step, states.shape[0]))


def _encode(specification: ModelSpecification, matrices: list[NDArray[np.float64]], states: Array) -> Array:
    """U phi for each row phi."""
    for block, matrix in zip(specification.ansatz.blocks, matrices, strict=True):
        states = apply_block(states, matrix, block.first, block.second)
    return states


def _trash_major(specification: ModelSpecification, columns: Array) -> Array:
    """Rows (2^n, ...) reordered so that the trash bits come first."""
    if specification.trash == "first":
        return columns
    latent, trash = 1 << specification.bottleneck, 1 << specification.trash_count
    return np.asarray(columns.reshape(latent, trash, -1).swapaxes(0, 1).reshape(latent * trash, -1))


def latent_indices(specification: ModelSpecification) -> NDArray[np.intp]:
    """Amplitude indices whose trash bits are zero, shape (2^BD,), latent bits counting up."""
    step = 1 if specification.trash == "first" else 1 << specification.trash_count
    return np.arange(1 << specification.bottleneck) * step


def latent_rows(specification: ModelSpecification, matrices: Sequence[Float64Array]) -> Float64Array:
    """U_0, the 2^BD rows of U(t) that lead to a trash register of zeros.

    Args:
        specification: the model.
        matrices: the 4 x 4 matrix of each block, in order of time.

    Returns:
        Shape (2^BD, 2^n).
    """
    kept = latent_indices(specification)
    rows = np.zeros((kept.size, specification.pixel_count))
    rows[np.arange(kept.size), kept] = 1.0
    for block, matrix in zip(reversed(specification.ansatz.blocks), reversed(matrices), strict=True):
        rows = np.asarray(apply_block(rows, matrix.T, block.first, block.second))
    return rows
