"""Levenberg-Marquardt with geodesic acceleration: the angles of a ladder that prepare given states.

A step solves (J J^T + lambda) y = residual. Patches close to product states lie at the end of narrow curved valleys of
the least-squares landscape; the second-order term along the step (Transtrum and Sethna, arXiv:1201.5885) halves the
number of steps there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.preparation.template import Ladder

# States of ladders and their derivatives by all angles, in one forward sweep over the layers of a stack of ladders.


FloatArray = NDArray[np.float64]


class LadderSweep:
    """The map from angles to states of one ladder, prepared for many evaluations.

    A layer is a diagonal of signs (CZ gates that share no qubit), then rotations. The rotations of a layer form a
    Kronecker product of two matrices, on the first n // 2 qubits and on the others.
    dRY(t)/dt = RY(t) J / 2 with J = -iY: a derivative enters the sweep as a signed permutation of the state.
    """

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        n, self.size = ladder.qubit_count, 2**ladder.qubit_count
        self._half = n // 2
        bits = (np.arange(self.size)[None, :] >> np.arange(n - 1, -1, -1)[:, None]) & 1
        signs = [np.ones(self.size)]
        slots: list[list[int]] = [list(range(n))]
        qubits: list[list[int]] = [list(range(n))]
        level = [0] * n
        for index, (first, second) in enumerate(ladder.pairs):
            layer = 1 + max(level[first], level[second])
            level[first] = level[second] = layer
            if layer == len(signs):
                signs.append(np.ones(self.size))
                slots.append([])
                qubits.append([])
            signs[layer] *= 1 - 2 * (bits[first] & bits[second])
            slots[layer] += [n + 2 * index, n + 2 * index + 1]
            qubits[layer] += [first, second]
        self.depth = len(signs) - 1
        self._signs = signs
        self._order = np.concatenate(slots).astype(np.intp)
        """Angle numbers in the order in which the sweep meets them."""
        self._in_order = bool((self._order == np.arange(len(self._order))).all())
        self._place = np.concatenate([layer * n + np.array(own) for layer, own in enumerate(qubits)])
        self._flips = [np.arange(self.size) ^ (1 << (n - 1 - np.array(own)[:, None])) for own in qubits]
        self._generators = [bits[own] - 0.5 for own in qubits]

    def states(self, angles: FloatArray) -> FloatArray:
        """The states, shape (M, 2^n), for angles of shape (M, K)."""
        first, second = self._rotations(angles)
        current = first[:, 0, :, :1] * second[:, 0, None, 0, :]
        for layer in range(1, self.depth + 1):
            current = first[:, layer] @ (current * self._signs[layer].reshape(current.shape[1:])) @ second[:, layer]
        return current.reshape(len(angles), self.size)

    def states_and_derivatives(self, angles: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The states, shape (M, 2^n), and their derivatives by each angle, shape (M, K, 2^n)."""
        first, second = self._rotations(angles)
        count, size, a, b = len(angles), self.size, first.shape[-1], second.shape[-1]
        # Row 0 holds the states, the rows below their derivatives in the order of the sweep.
        rows = np.empty((count, angles.shape[1] + 1, size))
        rows[:, 0] = (first[:, 0, :, :1] * second[:, 0, None, 0, :]).reshape(count, size)
        filled = 1
        for layer in range(self.depth + 1):
            if layer:
                block = (rows[:, :filled] * self._signs[layer]).reshape(count, filled * a, b) @ second[:, layer]
                block = first[:, layer, None] @ block.reshape(count, filled, a, b)
                rows[:, :filled] = block.reshape(count, filled, size)
            flips, upto = self._flips[layer], filled + len(self._flips[layer])
            np.multiply(rows[:, 0][:, flips], self._generators[layer], out=rows[:, filled:upto])
            filled = upto
        if self._in_order:
            return rows[:, 0], rows[:, 1:]
        derivatives = np.empty((count, angles.shape[1], size))
        derivatives[:, self._order] = rows[:, 1:]
        return rows[:, 0], derivatives

    def _rotations(self, angles: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Kronecker products of each layer's rotations on the first half and, transposed, on the second half."""
        count, n = len(angles), self.ladder.qubit_count
        flat = np.zeros((count, (self.depth + 1) * n))
        flat[:, self._place] = angles[:, self._order] / 2
        halves = flat.reshape(count, self.depth + 1, n)
        rotations = np.empty((*halves.shape, 2, 2))
        rotations[..., 0, 0] = rotations[..., 1, 1] = np.cos(halves)
        rotations[..., 1, 0] = np.sin(halves)
        np.negative(rotations[..., 1, 0], out=rotations[..., 0, 1])
        second = _kron(rotations[:, :, self._half :])
        return _kron(rotations[:, :, : self._half]), np.ascontiguousarray(second.swapaxes(-1, -2))


@lru_cache(maxsize=16)
def ladder_sweep(ladder: Ladder) -> LadderSweep:
    """The sweep of a ladder, built once."""
    return LadderSweep(ladder)


def _kron(matrices: FloatArray) -> FloatArray:
    """Kronecker products over the third axis of shape (M, layers, qubits, 2, 2); of none, 1 x 1 ones."""
    count, layers, qubits = matrices.shape[:3]
    result = matrices[:, :, 0] if qubits else np.ones((count, layers, 1, 1))
    for qubit in range(1, qubits):
        size = result.shape[-1]
        product = result[:, :, :, None, :, None] * matrices[:, :, qubit, None, :, None, :]
        result = product.reshape(count, layers, 2 * size, 2 * size)
    return result


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
