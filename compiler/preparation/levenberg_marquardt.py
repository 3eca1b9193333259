"""Levenberg-Marquardt with geodesic acceleration: the angles of a ladder that prepare given states.

A step solves (J J^T + lambda) y = residual. Patches close to product states lie at the end of narrow curved valleys of
the least-squares landscape; the second-order term along the step (Transtrum and Sethna, arXiv:1201.5885) halves the
number of steps there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.preparation.sweep import LadderSweep

FloatArray = NDArray[np.float64]

# Found by trying; slow release of the damping is what keeps the steps inside the valleys.
FIRST_DAMPING = 1e-2
LEAST_DAMPING, _MOST_DAMPING = 1e-12, 1e6
_DAMPING_DOWN, _DAMPING_UP = 0.6, 3.0
_FAST, _DAMPING_DOWN_WHEN_FAST = 0.1, 0.1
_PROBE, _LARGEST_ACCELERATION = 0.1, 1.5


@dataclass(frozen=True)
class LadderFit:
    """Where every start ended.

    Args:
        angles: shape (M, K).
        misfit: |psi - phi|^2, shape (M,), the sign of phi being free.
        steps: number of steps taken until then, shape (M,).
    """

    angles: FloatArray
    misfit: FloatArray
    steps: NDArray[np.intp]


def fit_ladder(
    sweep: LadderSweep,
    targets: FloatArray,
    starts: FloatArray,
    *,
    tolerance: float | FloatArray,
    most_steps: int,
    stall: float = 0.0,
    damping: float | FloatArray = FIRST_DAMPING,
    groups: NDArray[np.intp] | None = None,
) -> LadderFit:
    """Fit a stack of targets from a stack of starts, all at once.

    Args:
        sweep: the ladder.
        targets: unit vectors, shape (M, 2^n).
        starts: angles, shape (M, K).
        tolerance: misfit at which a start counts as solved, a number or shape (M,).
        most_steps: after which all end.
        stall: relative decrease of the misfit in a step below which a start ends as converged.
        damping: lambda of the first step, a number or shape (M,).
        groups: shape (M,); starts of one group race, and all of them end when the first is solved. Without groups
            every start runs to its own end.
    """
    groups = np.arange(len(starts)) if groups is None else groups
    best, misfits, steps = starts.copy(), np.empty(len(starts)), np.zeros(len(starts), dtype=np.intp)
    active = np.arange(len(starts))
    angles = starts.copy()
    states, jacobian = sweep.states_and_derivatives(angles)
    targets = targets * np.where(np.einsum("pk,pk->p", states, targets) < 0, -1.0, 1.0)[:, None]
    residuals = states - targets
    misfit = _squares(residuals)
    tolerance, damping = (np.broadcast_to(value, misfit.shape) for value in (tolerance, damping))
    stalled = fast = np.zeros(len(starts), dtype=bool)
    step = 0
    while True:
        solved = misfit <= tolerance
        going = ~stalled & ~(np.isin(groups[active], groups[active[solved]]) if solved.any() else solved)
        if step == most_steps:
            going[:] = False
        if not going.all():
            ended = active[~going]
            best[ended], misfits[ended], steps[ended] = angles[~going], misfit[~going], step
            active = active[going]
            angles, states, jacobian, targets, residuals = (
                array[going] for array in (angles, states, jacobian, targets, residuals)
            )
            misfit, tolerance, damping, fast = (array[going] for array in (misfit, tolerance, damping, fast))
        if not len(active):
            return LadderFit(best, misfits, steps)
        step += 1
        # Where all starts converge quadratically already, the second order has nothing to add.
        move, sane = _step(sweep, angles, states, jacobian, residuals, damping, accelerate=not fast.all())
        tried = angles + move
        new_states, new_jacobian = sweep.states_and_derivatives(tried)
        new_residuals = new_states - targets
        new_misfit = _squares(new_residuals)
        good = (new_misfit < misfit) & (sane | (new_misfit < 0.5 * misfit))
        stalled = good & (misfit - new_misfit < stall * misfit) | (damping > _MOST_DAMPING)
        fast = new_misfit < _FAST * misfit
        down = np.where(fast, _DAMPING_DOWN_WHEN_FAST, _DAMPING_DOWN)
        damping = np.where(good, np.maximum(damping * down, LEAST_DAMPING), damping * _DAMPING_UP)
        if good.all():
            angles, states, jacobian, residuals, misfit = tried, new_states, new_jacobian, new_residuals, new_misfit
        else:
            angles, states, residuals = (
                np.where(good[:, None], new, old)
                for new, old in ((tried, angles), (new_states, states), (new_residuals, residuals))
            )
            jacobian[good] = new_jacobian[good]
            misfit = np.where(good, new_misfit, misfit)


def _step(
    sweep: LadderSweep,
    angles: FloatArray,
    states: FloatArray,
    jacobian: FloatArray,
    residuals: FloatArray,
    damping: FloatArray,
    *,
    accelerate: bool,
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """The damped step with its second-order correction, and whether that correction was small enough to trust."""
    transposed = jacobian.swapaxes(1, 2)
    wide = jacobian.shape[1] >= jacobian.shape[2]
    # Of J J^T and J^T J, the smaller one.
    normal = transposed @ jacobian if wide else jacobian @ transposed
    diagonal = np.arange(normal.shape[1])
    normal[:, diagonal, diagonal] += damping[:, None]

    def solve(vectors: FloatArray) -> FloatArray:
        if wide:
            return np.asarray(-(jacobian @ np.linalg.solve(normal, vectors[..., None])))[..., 0]
        return np.asarray(-np.linalg.solve(normal, jacobian @ vectors[..., None]))[..., 0]

    move = solve(residuals)
    if not accelerate:
        return move, np.ones(len(move), dtype=bool)
    linear = (move[:, None] @ jacobian)[:, 0]
    curvature = 2 / _PROBE * ((sweep.states(angles + _PROBE * move) - states) / _PROBE - linear)
    correction = 0.5 * solve(curvature)
    sane = 4 * _squares(correction) <= _LARGEST_ACCELERATION**2 * _squares(move)
    return np.where(sane[:, None], move + correction, move), sane


def _squares(vectors: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("pk,pk->p", vectors, vectors))
