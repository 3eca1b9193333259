"""Directions of the angles that the training loss does not see, and what moving along them does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.errors import InputError
from qpbae_tn.model.blocks import RY
from qpbae_tn.model.specification import ModelSpecification


def unseen_directions(specification: ModelSpecification) -> NDArray[np.float64]:
    """A basis of the angles' directions that one layer of the paper's ansatz leaves F_trash unchanged along.

    F_trash depends only on a_i = t[i, 0] + t[i-1, 1] for the n_t trash qubits, so t[i, 0] and t[i-1, 1] may move
    against each other, and all other angles freely. F depends on them all the same.

    Args:
        specification: one staircase layer of RY blocks, trash first.

    Returns:
        Shape (directions, parameter_count), rows orthonormal.

    Raises:
        InputError: another ansatz, for which the flat directions are not a fixed linear space.
    """
    ansatz, trash = specification.ansatz, specification.trash_count
    chain = [(qubit, qubit + 1) for qubit in range(ansatz.qubit_count - 1)]
    is_paper = [(block.first, block.second) for block in ansatz.blocks] == chain
    if not is_paper or any(block.kind is not RY for block in ansatz.blocks) or specification.trash != "first":
        raise InputError("not one staircase layer of RY blocks with trash first", remedy="use the paper's ansatz")
    seen = np.zeros((trash, ansatz.parameter_count))
    for qubit in range(trash):
        if qubit < len(ansatz.blocks):
            seen[qubit, 2 * qubit] = 1.0
        if qubit > 0:
            seen[qubit, 2 * (qubit - 1) + 1] = 1.0
    _, _, rows = np.linalg.svd(seen)
    return np.asarray(rows[trash:])


def moved_along(
    specification: ModelSpecification, angles: NDArray[np.float64], draws: int, seed: int
) -> NDArray[np.float64]:
    """Angles with the same loss: moved at random, uniformly over a whole turn along each unseen direction.

    Returns:
        Shape (draws, parameter_count).
    """
    directions = unseen_directions(specification)
    steps = np.random.default_rng(seed).uniform(-np.pi, np.pi, size=(draws, directions.shape[0]))
    return np.asarray(angles + steps @ directions)
