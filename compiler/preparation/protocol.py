"""What every preparation offers: one template for all patches, and each patch's angles with the fidelity reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cirq
import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.compiler.preparation.matrix_product import compress
from qpbae_tn.compiler.preparation.template import PreparationTemplate
from qpbae_tn.errors import InputError

# Checks of the states to be prepared, and their overlap with those that are.


FloatArray = NDArray[np.float64]

NORM_TOLERANCE = 1e-5
"""How far a norm may be from one; float32 states pass, and are normalised again."""


def checked_states(states: ArrayLike) -> FloatArray:
    """The states as float64 unit vectors of shape (N, 2^n), n at least 1.

    Raises:
        InputError: another shape, a value that is not finite, or a norm that is not one.
    """
    stack = np.asarray(states, dtype=np.float64)
    size = stack.shape[-1] if stack.ndim else 0
    if stack.ndim != 2 or size < 2 or size & (size - 1):
        raise InputError(f"states of shape {stack.shape}", where="states", remedy="give shape (N, 2^n)")
    norms = np.linalg.norm(stack, axis=1)
    if not (np.abs(norms - 1.0) <= NORM_TOLERANCE).all():
        raise InputError("a state is not a unit vector", where="states", remedy="normalise the patches first")
    return np.asarray(stack / norms[:, None])


def qubit_count_of(states: FloatArray) -> int:
    """n of states of shape (..., 2^n)."""
    return int(states.shape[-1]).bit_length() - 1


def fidelities(states: FloatArray, others: FloatArray) -> FloatArray:
    """|<phi|phi~>|^2 of two stacks of unit vectors, shape (N,), at most 1."""
    return np.asarray(np.minimum(np.einsum("pk,pk->p", states, others) ** 2, 1.0))


@dataclass(frozen=True)
class PreparationFit:
    """The angles of a stack of patches.

    Args:
        angles: shape (N, K), radians.
        fidelity: |<phi|phi~>|^2 of the patch state and the state that is prepared, shape (N,).
    """

    angles: FloatArray
    fidelity: FloatArray


@dataclass(frozen=True)
class StatePreparation:
    """The preparation of one state, with numbers instead of symbols.

    Args:
        circuit: RY and CZ gates tagged with PREPARATION.
        state: phi~, what they make of |0...0>, shape (2^n,), up to a sign.
        fidelity: |<phi|phi~>|^2.
    """

    circuit: cirq.Circuit
    state: FloatArray
    fidelity: float


class Preparation(Protocol):
    """A way to prepare real amplitude vectors of either sign.

    States are stacked as (N, 2^n) with unit norm, qubit 0 being the most significant bit. All templates consist of RY
    and CZ; a global sign of the state is free.
    """

    @property
    def name(self) -> str:
        """The name that it is chosen by."""

    @property
    def assumes_state(self) -> bool:
        """Whether the register is taken to hold the patch already, so that there is no circuit and no error."""

    def settled(self, states: FloatArray) -> Preparation:
        """A preparation with a fixed template, chosen for these states where there is a choice; mostly itself."""

    def template(self, qubit_count: int, prefix: str = "p") -> PreparationTemplate:
        """The one circuit that serves all patches of n qubits; raises `InputError` for an n out of reach."""

    def fit(self, states: FloatArray) -> PreparationFit:
        """Each patch's angles for `template`; raises `InputError` unless they are unit vectors of 2^n numbers."""


# `none`: no preparation; the register is taken to hold the patch.


@dataclass(frozen=True)
class NoPreparation:
    """An empty slot: no gates, no angles, no error."""

    name: str = "none"
    assumes_state: bool = True

    def settled(self, states: NDArray[np.float64]) -> Preparation:
        """Itself."""
        return self

    def template(self, qubit_count: int, prefix: str = "p") -> PreparationTemplate:
        """A template without gates."""
        return PreparationTemplate(qubit_count, (), prefix)

    def fit(self, states: NDArray[np.float64]) -> PreparationFit:
        """No angles, fidelity one."""
        count = len(checked_states(states))
        return PreparationFit(np.empty((count, 0)), np.ones(count))


# Product states, one RY a qubit: the best ones (bond 1), and quick ones from each qubit on its own.


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
