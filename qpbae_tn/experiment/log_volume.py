"""The log-volume objective: an encoder whose outcomes spread normal patches as little as possible.

    C(t) = sum_k log(lambda_k(t) + eps),   lambda_k = (U Sigma U^T)_kk summed over the strings of outcome k,

with Sigma the mean state of ALL training images (the logarithm of one batch's lambda is another function). Over all
bit strings Hadamard's inequality for the positive matrix U Sigma U^T + eps gives C >= log det(Sigma + eps), with
equality just where U Sigma U^T is diagonal: an encoder that has learned the principal axes of the patches. Over the
trash register the bound is that of the best grouping of eigenvalues, see `log_volume_bound`.

The gradient takes one adjoint sweep over the blocks, as for the loss of Eq. 8, with all 2^n rows of U instead of 2^BD,
row k scaled by 1 / (lambda_k + eps).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.exact import MeanState
from qpbae_tn.errors import InputError
from qpbae_tn.model.ansatz import apply_block, pair_overlap
from qpbae_tn.model.outcomes import Outcomes
from qpbae_tn.model.score import DEFAULT_EPSILON
from qpbae_tn.model.specification import ModelSpecification

Float64Array = NDArray[np.float64]

MAX_QUBITS = 10
"""The sweep holds all of U, 2^n x 2^n, twice; past this a step takes seconds."""


@dataclass(frozen=True)
class LogVolume:
    """C(t) of a set of images; see `qpbae_tn.engines.protocol.PreparedLoss`.

    Args:
        specification: the model.
        mean_state: Sigma of all training images.
        outcomes: all bit strings, or those of the trash register.
        epsilon: added to each lambda, above 0.

    Raises:
        InputError: more than `MAX_QUBITS` qubits, or outcomes gathered in classes.
    """

    specification: ModelSpecification
    mean_state: MeanState
    outcomes: Outcomes
    epsilon: float = DEFAULT_EPSILON

    def __post_init__(self) -> None:
        if self.specification.qubit_count > MAX_QUBITS:
            raise InputError(
                f"the log-volume of {self.specification.qubit_count} qubits needs all of a matrix of "
                f"{self.specification.pixel_count:,} x {self.specification.pixel_count:,}, at most {MAX_QUBITS} qubits",
                where="objective",
                remedy="choose fidelity, or a smaller patch",
            )
        if self.outcomes.kind == "classes":
            raise InputError(
                "the log-volume is not defined over classes", where="objective", remedy="train over all outcomes"
            )

    def shares(self, angles: NDArray[np.floating]) -> Float64Array:
        """lambda, the mean probability of each outcome, shape (K,)."""
        rows = self._rows(self.specification.ansatz.matrices(angles))
        return self._gathered(np.einsum("kj,kj->k", rows, self.mean_state.apply(rows)))

    def value(self, angles: NDArray[np.floating]) -> float:
        """C(t)."""
        return float(np.log(self.shares(angles) + self.epsilon).sum())

    def value_and_gradient(self, angles: NDArray[np.floating]) -> tuple[float, Float64Array]:
        """C(t) and dC/dt.

        dC/dt = sum_k 2 (dU Sigma U^T)_kk / (lambda_k + eps): with U = V B P, the derivative by an angle of block B is
        2 Tr[D V dB (P Sigma U^T)], D the diagonal matrix of 1 / (lambda_k + eps).
        """
        ansatz = self.specification.ansatz
        matrices, slopes = ansatz.linearised(angles)
        rows = self._rows(matrices)
        moved = self.mean_state.apply(rows)
        shares = self._gathered(np.einsum("kj,kj->k", rows, moved)) + self.epsilon
        both = np.concatenate([rows / self._spread(shares)[:, None], moved])
        count, gradient = rows.shape[0], np.empty(ansatz.parameter_count)
        for block, offset, matrix, derivatives in zip(ansatz.blocks, ansatz.offsets, matrices, slopes, strict=True):
            advanced = apply_block(both, matrix, block.first, block.second)
            overlap = pair_overlap(advanced[:count], both[count:], block.first, block.second)
            gradient[offset : offset + len(derivatives)] = 2.0 * (derivatives.reshape(-1, 16) @ overlap.ravel())
            both = advanced
        return float(np.log(shares).sum()), gradient

    def bound(self) -> float:
        """What no encoder can go below; log det(Sigma + eps) over all bit strings."""
        array = self.mean_state.array
        sigma = array.T @ array if self.mean_state.factored else array
        return log_volume_bound(
            np.asarray(np.linalg.eigvalsh(sigma), dtype=np.float64), self.outcomes.count, self.epsilon
        )

    def _rows(self, matrices: list[Float64Array]) -> Float64Array:
        """U, shape (2^n, 2^n)."""
        rows = np.eye(self.specification.pixel_count)
        for block, matrix in zip(reversed(self.specification.ansatz.blocks), reversed(matrices), strict=True):
            rows = np.asarray(apply_block(rows, matrix.T, block.first, block.second))
        return rows

    def _gathered(self, diagonal: Float64Array) -> Float64Array:
        return np.asarray(self.outcomes.gather(diagonal), dtype=np.float64)

    def _spread(self, shares: Float64Array) -> Float64Array:
        """Each outcome's value, shape (K,), given to all strings that it gathers; shape (2^n,)."""
        strings = np.arange(self.specification.pixel_count)
        if self.outcomes.kind == "all":
            return shares
        latent = self.specification.bottleneck
        trash = strings >> latent if self.specification.trash == "first" else strings % len(shares)
        return np.asarray(shares[trash])


def log_volume_bound(eigenvalues: Float64Array, count: int, epsilon: float = DEFAULT_EPSILON) -> float:
    """The least sum of log(lambda_k + eps) that any orthogonal encoder reaches.

    The diagonal of U Sigma U^T is majorised by the eigenvalues (Schur and Horn), and a sum of logarithms is concave: it
    is least where lambda_k gathers consecutive eigenvalues in falling order. With as many outcomes as eigenvalues this
    is Hadamard's inequality, log det(Sigma + eps).

    Args:
        eigenvalues: of Sigma, shape (2^n,), in any order.
        count: number of outcomes, a divisor of 2^n; each gathers the same number of strings.
        epsilon: added to each lambda.
    """
    falling = np.sort(np.maximum(eigenvalues, 0.0))[::-1]
    return float(np.log(falling.reshape(count, -1).sum(axis=1) + epsilon).sum())
