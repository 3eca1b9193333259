"""Checks of the states to be prepared, and their overlap with those that are."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.errors import InputError

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
