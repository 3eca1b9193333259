"""Training to convergence: the least loss that an ansatz reaches on a mean state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from qpbae_tn.engines.exact import MeanState, MeanStateLoss
from qpbae_tn.experiment.initial_angles import dc_angles
from qpbae_tn.model.specification import ModelSpecification

STARTS = 3
MAX_ITERATIONS = 1000
GRADIENT_TOLERANCE = 1e-7


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
    specification: ModelSpecification, mean_state: MeanState, seed: int = 0, starts: int = STARTS
) -> Converged:
    """Minimise C(t) by L-BFGS with the exact gradient, from the DC solution and from random angles.

    The losses of the starts are kept: where they differ the landscape has several valleys, and the best one is a bound.

    Args:
        specification: the model.
        mean_state: of the training images.
        seed: of the starts.
        starts: number of descents, at least one.
    """
    loss = MeanStateLoss(specification, mean_state)
    rng = np.random.default_rng(seed)
    count = specification.ansatz.parameter_count
    found = []
    for index in range(starts):
        noise = rng.normal(size=count)
        start = dc_angles(specification.ansatz) + 0.1 * noise if index == 0 else noise
        found.append(
            minimize(
                loss.value_and_gradient,
                start,
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": MAX_ITERATIONS, "gtol": GRADIENT_TOLERANCE, "ftol": 1e-12},
            )
        )
    best = min(found, key=lambda result: float(result.fun))
    gradient = loss.value_and_gradient(best.x)[1]
    return Converged(best.x, float(best.fun), float(np.abs(gradient).max()), tuple(float(r.fun) for r in found))
