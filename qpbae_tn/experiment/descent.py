"""Descent by L-BFGS from several starts, one layer after the other.

Ansätze nest: to an encoder of L - 1 layers a layer can be added that leaves the objective as it is, all of its angles
zero (an so4 block is then the identity; an ry block is a CNOT, which relabels bit strings; over the trash register that
holds where the trash comes first, since a CNOT into the latent register changes nothing there). So the descent of L
layers takes the result for L - 1 as one of its starts, and never ends above it.

Where a Hadamard gate stands on every qubit the outcomes are Walsh functions, and the gradient of the log-volume by
many angles is zero by symmetry: besides that point itself, starts near it are taken, drawn with the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qpbae_tn.engines.protocol import PreparedLoss
from qpbae_tn.errors import InputError
from qpbae_tn.model.ansatz import Ansatz
from qpbae_tn.model.blocks import Ry

Float64Array = NDArray[np.float64]

HADAMARD_SPREAD = 0.1
"""Standard deviation in radians of the noise on starts near the Hadamard gates."""


@dataclass(frozen=True)
class DescentOptions:
    """How to descend.

    Args:
        near_hadamard: starts near the Hadamard gates, besides the gates themselves and the given angles.
        max_steps: steps of L-BFGS from each start.
        seed: of the starts that are drawn.

    Raises:
        InputError: a negative number of starts, or no step.
    """

    near_hadamard: int = 2
    max_steps: int = 3000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.near_hadamard < 0:
            raise InputError(f"{self.near_hadamard} starts", where="starts", remedy="give 0 or more")
        if self.max_steps < 1:
            raise InputError(f"{self.max_steps} steps", where="max_steps", remedy="give at least 1")


@dataclass(frozen=True, eq=False)
class Descent:
    """What one descent found.

    Args:
        angles: shape (parameter_count,), radians.
        value: the objective there.
        history: the objective after each step, from the start on.
        start: where it began: "hadamard", "near hadamard", "given", or "fewer layers".
        evaluations: of the objective and its gradient, over all starts and layers.
        converged: whether the optimiser stopped by itself.
    """

    angles: Float64Array
    value: float
    history: tuple[float, ...]
    start: str
    evaluations: int
    converged: bool


def hadamard_angles(ansatz: Ansatz) -> Float64Array:
    """Angles at which the bit strings of the encoder are those of a Hadamard gate on every qubit, up to their names.

    Each qubit takes RY(-pi/2), a Hadamard gate up to Z, by its first rotation, which comes before any CNOT of that
    qubit; all other angles are zero. CNOTs alone are left, and they relabel the strings.
    """
    angles = np.zeros(ansatz.parameter_count)
    turned: set[int] = set()
    for block, offset in zip(ansatz.blocks, ansatz.offsets, strict=True):
        for gate in block.kind.gates:
            if isinstance(gate, Ry):
                qubit = (block.first, block.second)[gate.qubit]
                if qubit not in turned:
                    turned.add(qubit)
                    angles[offset + gate.parameter] = -np.pi / 2
    return angles


def layer_prefixes(ansatz: Ansatz) -> tuple[Ansatz, ...]:
    """The ansatz with its first layer only, its first two, and so on up to all of it.

    A layer is the shortest list of blocks that the whole repeats; an ansatz that repeats nothing has one layer.
    """
    blocks = ansatz.blocks
    period = next(
        size
        for size in range(1, len(blocks) + 1)
        if len(blocks) % size == 0 and blocks == blocks[:size] * (len(blocks) // size)
    )
    return tuple(replace(ansatz, blocks=blocks[:end]) for end in range(period, len(blocks) + 1, period))


def descend(
    objective: Callable[[Ansatz], PreparedLoss],
    ansatz: Ansatz,
    given: NDArray[np.floating],
    options: DescentOptions | None = None,
    on_layer: Callable[[Descent], None] | None = None,
) -> Descent:
    """The lowest of all descents, layer after layer.

    Args:
        objective: the objective of an ansatz; it is asked for each number of layers.
        ansatz: of all layers.
        given: angles to start from, e.g. the seed's, shape (parameter_count,); with fewer layers their first ones.
        options: how many starts and steps.
        on_layer: called with the best of each number of layers.
    """
    options = options or DescentOptions()
    given = ansatz.check_angles(given)
    best: Descent | None = None
    evaluations = 0
    for index, part in enumerate(layer_prefixes(ansatz)):
        loss = objective(part)
        rng = np.random.default_rng([options.seed, index])
        hadamard = hadamard_angles(part)
        starts = [("hadamard", hadamard), ("given", given[: part.parameter_count])]
        starts += [
            ("near hadamard", hadamard + HADAMARD_SPREAD * rng.normal(size=part.parameter_count))
            for _ in range(options.near_hadamard)
        ]
        found: list[Descent] = []
        if best is not None:
            found += _from_fewer(loss, part, best, rng, options)
        found += [lbfgs(loss, angles, options.max_steps, start) for start, angles in starts]
        evaluations += sum(descent.evaluations for descent in found)
        best = replace(min(found, key=lambda descent: descent.value), evaluations=evaluations)
        if on_layer is not None:
            on_layer(best)
    assert best is not None, "an ansatz has at least one block"
    return best


def lbfgs(loss: PreparedLoss, start: Float64Array, max_steps: int, name: str = "given") -> Descent:
    """SciPy's L-BFGS-B without bounds.

    One thread: the matrices of a step are small, and threads that wait for each other made it forty times slower.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    history: list[float] = []
    evaluations = 0

    def evaluate(angles: Float64Array) -> tuple[float, Float64Array]:
        nonlocal evaluations
        evaluations += 1
        return loss.value_and_gradient(angles)

    with threadpool_limits(1):
        found = minimize(
            evaluate,
            start,
            jac=True,
            method="L-BFGS-B",
            callback=lambda intermediate_result: history.append(float(intermediate_result.fun)),
            options={"maxiter": max_steps, "maxfun": 20 * max_steps},
        )
    first = loss.value(start)
    return Descent(
        np.asarray(found.x, dtype=np.float64),
        float(found.fun),
        (first, *history),
        name,
        evaluations,
        bool(found.success),
    )


def _from_fewer(
    loss: PreparedLoss, ansatz: Ansatz, best: Descent, rng: np.random.Generator, options: DescentOptions
) -> Sequence[Descent]:
    """The result for one layer fewer with a neutral layer, as it stands, and descents from there.

    At the neutral layer itself the gradient may vanish by symmetry, so a second start lies near it.
    """
    added = ansatz.parameter_count - best.angles.size
    neutral = np.concatenate([best.angles, np.zeros(added)])
    near = neutral + HADAMARD_SPREAD * rng.normal(size=neutral.size)
    value = loss.value(neutral)
    kept = Descent(neutral, value, (value,), "fewer layers", 1, True)
    return [kept, *(lbfgs(loss, angles, options.max_steps, "fewer layers") for angles in (neutral, near))]
