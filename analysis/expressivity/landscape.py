"""The landscape of the training loss: its minimum for an ansatz, and the directions of the angles that are flat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from qpbae_tn.engines.exact import MeanState, MeanStateLoss
from qpbae_tn.errors import InputError
from qpbae_tn.experiment.initial_angles import dc_angles
from qpbae_tn.model.blocks import RY
from qpbae_tn.model.specification import ModelSpecification

STARTS = 3
NEAR = 0.1
"""Standard deviation in radians of the noise on a start near a known point."""
MAX_ITERATIONS = 1000
GRADIENT_TOLERANCE = 1e-7
TIE = 1e-9
"""Losses that differ by less are the same minimum; the first start that reaches it counts, whatever rounding does."""


@dataclass(frozen=True, eq=False)
class Converged:
    """The best of several descents.

    Args:
        angles: shape (parameter_count,), radians.
        loss: C(t) there.
        gradient_norm: largest component of the gradient there.
        losses: what each start reached, in order.
    """

    angles: NDArray[np.float64]
    loss: float
    gradient_norm: float
    losses: tuple[float, ...]


def train_to_convergence(
    specification: ModelSpecification,
    mean_state: MeanState,
    seed: int = 0,
    starts: int = STARTS,
    fewer: NDArray[np.float64] | None = None,
) -> Converged:
    """Minimise C(t) by L-BFGS with the exact gradient, from the DC solution, from random angles, and from fewer layers.

    The losses of the starts are kept: where they differ the landscape has several valleys, and the best one is a bound.

    Args:
        specification: the model.
        mean_state: of the training images.
        seed: of the starts.
        starts: number of descents besides those from fewer layers, at least one.
        fewer: the trained angles of an ansatz that this one continues. With further angles of zero, which leave the
            loss as it is where the trash comes first, they are one more start, and what is found is never above them.
    """
    loss = MeanStateLoss(specification, mean_state)
    rng = np.random.default_rng(seed)
    count = specification.ansatz.parameter_count
    noises = rng.normal(size=(starts, count))
    points = [dc_angles(specification.ansatz) + NEAR * noises[0], *noises[1:]]
    if fewer is not None:
        neutral = np.concatenate([fewer, np.zeros(count - fewer.size)])
        # At the neutral layer itself the gradient by its angles may vanish by symmetry.
        points += [neutral, neutral + NEAR * rng.normal(size=count)]
    found = [
        minimize(
            loss.value_and_gradient,
            start,
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": MAX_ITERATIONS, "gtol": GRADIENT_TOLERANCE, "ftol": 1e-12},
        )
        for start in points
    ]
    least = min(float(result.fun) for result in found)
    best = next(result for result in found if float(result.fun) <= least + TIE)
    gradient = loss.value_and_gradient(best.x)[1]
    return Converged(best.x, float(best.fun), float(np.abs(gradient).max()), tuple(float(r.fun) for r in found))


def flat_directions(specification: ModelSpecification) -> NDArray[np.float64]:
    """A basis of the directions of the angles along which F_trash of one layer of the paper's ansatz stays the same.

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
    """Angles with the same loss: moved at random, uniformly over a whole turn along each flat direction.

    Returns:
        Shape (draws, parameter_count).
    """
    directions = flat_directions(specification)
    steps = np.random.default_rng(seed).uniform(-np.pi, np.pi, size=(draws, directions.shape[0]))
    return np.asarray(angles + steps @ directions)
