"""The local cost 1 - mean_i <0|_i of one layer of the paper's blocks, linear in n on matrix product states.

Pulled back through the encoder, Z on qubit i becomes a sum of two terms at each step down the staircase:

    O_i = cos t[i,0] * O_{i-1} (x) R_i(Z) - sin t[i,0] * 1 (x) R_i(X),   R_i(A) = RY(t[i-1,1])^T A RY(t[i-1,1]),

because the CNOT i-1 -> i turns Z_i into Z_{i-1} Z_i and leaves X_i alone. So one pass over the sites with two
environments, for O and for the identity, gives <Z_i> for every i (M. Cerezo et al., Nature Communications 12:1791, 2021
compare such costs with global ones).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.model.mps import MpsStack
from qpbae_tn.model.specification import ModelSpecification

Float64Array = NDArray[np.float64]

PAULI_Z = np.diag([1.0, -1.0])
PAULI_X = np.array([[0.0, 1.0], [1.0, 0.0]])


@dataclass(frozen=True, eq=False)
class LocalCost:
    """The trash qubits of a stack of patches, ready for any angles.

    Args:
        specification: one staircase of the paper's blocks, trash first.
        stack: N patch states as trains, normalised.
    """

    specification: ModelSpecification
    stack: MpsStack

    def zero_probabilities(self, angles: NDArray[np.floating]) -> Float64Array:
        """The probability to find each trash qubit in 0 after the encoder, shape (N, n_t).

        Args:
            angles: shape (2 (n - 1),), radians.
        """
        pairs = np.asarray(angles, dtype=np.float64).reshape(-1, 2)
        found = []
        observed = self._left[0]
        for qubit in range(self.specification.trash_count):
            site, before = self.stack.tensors[qubit], self._left[qubit]
            turn = _ry(pairs[qubit - 1, 1]) if qubit else np.eye(2)
            cosine, sine = np.cos(pairs[qubit, 0]), np.sin(pairs[qubit, 0])
            # Nothing lies before qubit 0, where O is Z turned by its own angle.
            observed = cosine * _absorb(observed, site, turn.T @ PAULI_Z @ turn)
            observed -= sine * _absorb(before, site, turn.T @ PAULI_X @ turn)
            found.append((1.0 + (observed * self._right[qubit + 1]).sum(axis=(1, 2))) / 2.0)
        return np.stack(found, axis=1)

    @cached_property
    def _left(self) -> list[Float64Array]:
        """For each cut the environment of the norm to its left, shape (N, bond, bond)."""
        result = [np.ones((self.stack.count, 1, 1))]
        for tensor in self.stack.tensors:
            result.append(_absorb(result[-1], tensor, np.eye(2)))
        return result

    @cached_property
    def _right(self) -> list[Float64Array]:
        """For each cut the environment of the norm to its right, shape (N, bond, bond)."""
        result = [np.ones((self.stack.count, 1, 1))]
        for tensor in reversed(self.stack.tensors):
            result.append(_absorb(result[-1], tensor.transpose(0, 3, 2, 1), np.eye(2)))
        return result[::-1]


def _absorb(environment: Float64Array, site: Float64Array, operator: Float64Array) -> Float64Array:
    """An environment (N, a, a) carried over a site (N, a, 2, b) with an operator on its qubit: (N, b, b)."""
    count, left, _, right = site.shape
    half = (environment @ site.reshape(count, left, 2 * right)).reshape(count, left, 2, right)
    turned = (operator @ half).reshape(count, 2 * left, right)
    return np.asarray(site.reshape(count, 2 * left, right).swapaxes(1, 2) @ turned)


def _ry(angle: float) -> Float64Array:
    cosine, sine = np.cos(angle / 2), np.sin(angle / 2)
    return np.array([[cosine, -sine], [sine, cosine]])
