"""Mean-state training: the loss of a whole batch from one matrix, with its exact adjoint gradient.

With Sigma = sum_p w_p phi_p phi_p^T, averaged over the images of the batch, Eq. 8 reads

    C(t) = 1 - Tr[U_0 Sigma U_0^T],   U_0 = the rows of U(t) whose trash bits are zero,

so a step costs the same for any number of patches, and only 2^BD rows of U are ever needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import final

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines import exact as scoring
from qpbae_tn.model.ansatz import apply_block, pair_overlap
from qpbae_tn.model.specification import ModelSpecification

# Fidelities of a stack of patch states by the closed formulas of the model.
#
# With psi = U phi as a matrix M of shape (2^n_t, 2^BD), rows M_k:
#
#     F_trash = |M_0|^2,   F = sum_k (M_0 . M_k)^2.
#
# The stack is worked through in chunks that stay in the processor's cache, one matrix product each.


Array = NDArray[np.floating]

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


Float64Array = NDArray[np.float64]


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


@dataclass(frozen=True)
class MeanState:
    """Sigma, held as the 2^n x 2^n matrix or as a factor R with Sigma = R^T R, whichever is smaller.

    Args:
        array: shape (2^n, 2^n), symmetric, or (rows, 2^n).
        factored: whether `array` is the factor R.
    """

    array: Float64Array
    factored: bool

    def apply(self, rows: Float64Array) -> Float64Array:
        """rows @ Sigma, shape (k, 2^n)."""
        if self.factored:
            return np.asarray((rows @ self.array.T) @ self.array)
        return np.asarray(rows @ self.array)


def mean_state(batch_states: Sequence[NDArray[np.floating]], weights: NDArray[np.floating]) -> MeanState:
    """The mean state of a batch.

    Args:
        batch_states: the patch states of each image, each of shape (N, 2^n); read once, image after image.
        weights: w_p, shape (N,), adding up to one.
    """
    share = np.sqrt(np.asarray(weights, dtype=np.float64) / len(batch_states))[:, None]
    images = iter(batch_states)
    first = next(images)
    size = first.shape[1]
    if len(batch_states) * len(share) < size:
        return MeanState(np.concatenate([first * share, *(states * share for states in images)]), factored=True)
    sigma = np.zeros((size, size))
    for states in chain((first,), images):
        scaled = states * share
        sigma += scaled.T @ scaled
    return MeanState(sigma, factored=False)


@dataclass(frozen=True)
class MeanStateLoss:
    """C(t) of one batch; see `qpbae_tn.engines.protocol.PreparedLoss`."""

    specification: ModelSpecification
    mean_state: MeanState

    def value(self, angles: NDArray[np.floating]) -> float:
        """C(t)."""
        rows = latent_rows(self.specification, self.specification.ansatz.matrices(angles))
        return 1.0 - float(np.vdot(rows, self.mean_state.apply(rows)))

    def value_and_gradient(self, angles: NDArray[np.floating]) -> tuple[float, Float64Array]:
        """C(t) and dC/dt by one adjoint sweep over the blocks.

        With U_0 = V_k B_k P_k, the derivative by an angle of block k is -2 Tr[V_k dB_k (P_k Sigma U_0^T)]. V and P are
        both moved from one block to the next by applying B_k, so nothing has to be stored.
        """
        ansatz = self.specification.ansatz
        matrices = ansatz.matrices(angles)
        rows = latent_rows(self.specification, matrices)
        moved = self.mean_state.apply(rows)
        loss = 1.0 - float(np.vdot(rows, moved))
        gradient = np.empty(ansatz.parameter_count)
        count = rows.shape[0]
        both = np.concatenate([rows, moved])
        slopes = ansatz.derivatives(angles)
        for block, offset, matrix, derivatives in zip(ansatz.blocks, ansatz.offsets, matrices, slopes, strict=True):
            advanced = apply_block(both, matrix, block.first, block.second)
            overlap = pair_overlap(advanced[:count], both[count:], block.first, block.second)
            gradient[offset : offset + len(derivatives)] = -2.0 * (derivatives.reshape(-1, 16) @ overlap.ravel())
            both = advanced
        return loss, gradient


# The exact engine: NumPy closed forms, mean-state training with an exact adjoint gradient.


@final
@dataclass(frozen=True)
class ExactEngine:
    """Closed-form fidelities of dense patch states; see `qpbae_tn.engines.protocol.Engine`.

    Results have the dtype of the states: float64 to rounding; float32 states give fidelities with an absolute error of
    about 1e-6 (measured in the tests) at more than twice the speed.
    """

    name: str = "exact"

    def trash_fidelity(
        self, specification: ModelSpecification, angles: NDArray[np.floating], states: NDArray[np.floating]
    ) -> NDArray[np.floating]:
        """F_trash, shape (N,)."""
        return scoring.trash_fidelity(specification, angles, states)

    def reconstruction_fidelity(
        self, specification: ModelSpecification, angles: NDArray[np.floating], states: NDArray[np.floating]
    ) -> NDArray[np.floating]:
        """F, shape (N,)."""
        return scoring.reconstruction_fidelity(specification, angles, states)

    def prepare_loss(
        self,
        specification: ModelSpecification,
        batch_states: Sequence[NDArray[np.floating]],
        weights: NDArray[np.floating],
    ) -> MeanStateLoss:
        """The batch's loss through its mean state."""
        return MeanStateLoss(specification, mean_state(batch_states, weights))
