"""Angles of a ladder with enough of them to reach every real state: races of random starts, then a homotopy.

Races solve images, signs, sparse vectors and noise. They stall at states that are almost products: product states are
singular points of the map from angles to states, where small amplitudes depend on products of several angles. There
the homotopy starts at the state with all magnitudes raised to a small power, far from any product, and lets the power
grow to one, so that every amplitude falls to its value at its own rate and the angles follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.compiler.preparation.levenberg_marquardt import (
    FIRST_DAMPING,
    LEAST_DAMPING,
    LadderSweep,
    fit_ladder,
    ladder_sweep,
)
from qpbae_tn.compiler.preparation.template import Ladder

FloatArray = NDArray[np.float64]

TOLERANCE = 1e-14
"""|psi - phi|^2 of a solution, and with it 1 - |<phi|psi>|^2: no score moves by more than 2e-7."""

_SEEDS: dict[int, tuple[tuple[int, ...], ...]] = {
    4: ((18, 2, 116, 49, 111, 56, 5, 124), (117, 193, 46, 115, 140, 145, 38, 26)),
    5: ((0, 1), (2, 3, 4, 5)),
    6: ((66,), (10, 56, 40)),
}
_OTHER_SEEDS = ((0,), (1, 2))
"""Seeds of the first angles in each race, by number of qubits: those of many that need the fewest steps."""

_RACE_STEPS = (60, 80)
_ALMOST_PRODUCT = {4: 0.99999, 6: 0.98}
_OTHER_ALMOST_PRODUCT = 0.999
"""Weight of the nearest product state past which races are not worth their time, by number of qubits."""

_MEMORY = 2**27
"""Bytes that the derivatives of one stack of starts may take."""

_FLOOR = 3e-8
"""Magnitudes below it count as it in a homotopy until the last stage."""


@dataclass(frozen=True)
class _Schedule:
    """How a homotopy proceeds.

    Args:
        flattest: smallest magnitude, relative to the largest, at the start.
        fall: largest factor by which a magnitude falls from one stage to the next.
        accuracy: misfit (as an amplitude) of a stage, relative to the smallest magnitude.
        damping: of the first step of a stage, relative to the smallest magnitude.
        most_steps: of a stage.
        least_weight: weight outside of the nearest product state from which the schedule is worth its time.
    """

    flattest: float
    fall: float
    accuracy: float
    damping: float
    most_steps: int
    least_weight: float


_QUICK = _Schedule(flattest=0.1, fall=10.0, accuracy=0.5, damping=3e-2, most_steps=50, least_weight=1e-6)
_CAREFUL = _Schedule(flattest=0.3, fall=6.0, accuracy=0.05, damping=1e-3, most_steps=100, least_weight=0.0)
_HOMOTOPIES = ((_QUICK, 8), *((_CAREFUL, seed) for seed in (2, 8, 3, 66, 40, 55, 10, 56, 0, 1)))
"""Schedules and seeds in the order in which they are tried."""


class PreparationError(ArithmeticError):
    """No start led to the angles of a state. No vector that does this is known."""


def fit_states(ladder: Ladder, states: FloatArray) -> FloatArray:
    """The angles that prepare each state to `TOLERANCE`.

    The last rotations of a ladder turn every qubit freely. States and starts are therefore both brought to the frame in
    which each qubit points to |0> as far as it points anywhere, so that no start is far from its target.

    Args:
        ladder: with enough angles to reach every state.
        states: unit vectors, shape (N, 2^n), N at least 1.

    Returns:
        Shape (N, K), radians.

    Raises:
        PreparationError: neither a race nor a homotopy solved a state.
    """
    sweep = ladder_sweep(ladder)
    frames = marginal_angles(states)
    targets = Ladder(ladder.qubit_count, ()).template().undo(states, frames)
    racers = max(len(seeds) for seeds in _seeds(ladder))
    chunk = max(1, _MEMORY // (8 * ladder.parameter_count * sweep.size * racers))
    parts = [_fit(sweep, targets[begin : begin + chunk]) for begin in range(0, len(states), chunk)]
    angles = np.concatenate(parts)
    angles[:, ladder.last_slots] += frames
    return angles


def _fit(sweep: LadderSweep, targets: FloatArray) -> FloatArray:
    # Without rotations the CZ gates leave |0...0>, the frame's product state, as it is.
    angles, solved = np.zeros((len(targets), sweep.ladder.parameter_count)), 2 - 2 * np.abs(targets[:, 0]) <= TOLERANCE
    weight = 1 - targets[:, 0] ** 2
    entangled = weight > 1 - _ALMOST_PRODUCT.get(sweep.ladder.qubit_count, _OTHER_ALMOST_PRODUCT)
    for seeds, steps in zip(_seeds(sweep.ladder), _RACE_STEPS, strict=True):
        left = np.flatnonzero(~solved & entangled)
        if len(left):
            angles[left], solved[left] = _race(sweep, targets[left], _first_angles(sweep, seeds), steps)
    for schedule, seed in _HOMOTOPIES:
        left = np.flatnonzero(~solved & (weight >= schedule.least_weight))
        if len(left):
            angles[left], solved[left] = _homotopy(sweep, targets[left], _first_angles(sweep, (seed,)), schedule)
    if not solved.all():
        count = int((~solved).sum())
        raise PreparationError(f"no angles found for {count} states of {sweep.ladder.qubit_count} qubits")
    return angles


def _race(
    sweep: LadderSweep, targets: FloatArray, starts: FloatArray, most_steps: int
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Each target's best angles, shape (N, K), and whether they solve it."""
    racers, count = len(starts), len(targets)
    fit = fit_ladder(
        sweep,
        np.repeat(targets, racers, axis=0),
        np.tile(starts, (count, 1)),
        tolerance=TOLERANCE,
        most_steps=most_steps,
        groups=np.repeat(np.arange(count), racers),
    )
    misfits = fit.misfit.reshape(count, racers)
    return fit.angles[misfits.argmin(axis=1) + racers * np.arange(count)], misfits.min(axis=1) <= TOLERANCE


def _homotopy(
    sweep: LadderSweep, targets: FloatArray, start: FloatArray, schedule: _Schedule
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Angles at the end of the homotopy from one start, shape (N, K), and whether they solve their targets."""
    logarithms = np.log(np.maximum(np.abs(targets), _FLOOR))
    logarithms -= logarithms.max(axis=1, keepdims=True)
    span = -logarithms.min(axis=1)
    # States with flat magnitudes start, and stay, at power one.
    first_power = np.minimum(1.0, -np.log(schedule.flattest) / np.maximum(span, 1e-3))
    stages = max(1, int(np.ceil(((1 - first_power) * span / np.log(schedule.fall)).max())))
    angles = np.repeat(start, len(targets), axis=0)
    for stage in range(stages):
        power = first_power + (1 - first_power) * stage / stages
        flattened = np.where(targets < 0, -1.0, 1.0) * np.exp(power[:, None] * logarithms)
        flattened /= np.linalg.norm(flattened, axis=1, keepdims=True)
        smallest = np.abs(flattened).min(axis=1)
        angles = fit_ladder(
            sweep,
            flattened,
            angles,
            tolerance=np.maximum((schedule.accuracy * smallest) ** 2, TOLERANCE / 10),
            most_steps=schedule.most_steps,
            damping=np.maximum(schedule.damping * smallest, LEAST_DAMPING) if stage else FIRST_DAMPING,
        ).angles
    smallest = np.maximum(np.abs(targets).min(axis=1), _FLOOR)
    fit = fit_ladder(
        sweep,
        targets,
        angles,
        tolerance=TOLERANCE,
        most_steps=schedule.most_steps,
        damping=np.maximum(schedule.damping * smallest, LEAST_DAMPING),
    )
    return fit.angles, fit.misfit <= TOLERANCE


def _seeds(ladder: Ladder) -> tuple[tuple[int, ...], ...]:
    return _SEEDS.get(ladder.qubit_count, _OTHER_SEEDS)


@lru_cache(maxsize=64)
def _first_angles(sweep: LadderSweep, seeds: tuple[int, ...]) -> FloatArray:
    """First angles, one row a seed, turned so that their states stand in the frame of the targets."""
    ladder = sweep.ladder
    starts = np.array([np.random.default_rng(seed).uniform(-np.pi, np.pi, ladder.parameter_count) for seed in seeds])
    starts[:, ladder.last_slots] -= marginal_angles(sweep.states(starts))
    return starts


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
