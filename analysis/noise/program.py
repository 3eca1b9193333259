"""A noisy circuit as a list of transfer matrices, and the observable that its readout estimates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cirq
import numpy as np
from numpy.typing import NDArray

from qpbae_tn.analysis.noise.transfer import FloatArray, kronecker
from qpbae_tn.compiler.estimator import Estimator

Wires = tuple[cirq.Qid, ...]


@dataclass(frozen=True, eq=False)
class Turn:
    """The part of a step that depends on an angle: cos(pi x) C + sin(pi x) S, x the value of a symbol.

    Args:
        cosine: C, shape (4, 4).
        sine: S, shape (4, 4).
        symbol: which column of the exponents x is.
    """

    cosine: FloatArray
    sine: FloatArray
    symbol: int


@dataclass(frozen=True, eq=False)
class Step:
    """A gate with its noise, or noise alone, in the Pauli basis.

    Args:
        wires: the k qubits that it acts on, k = 1 if it turns.
        matrix: shape (4^k, 4^k).
        turn: what depends on the patch; None for a step that is the same for all patches.
    """

    wires: Wires
    matrix: FloatArray
    turn: Turn | None = None

    def after(self, earlier: Step) -> Step:
        """Both steps as one; they have the same wires and at most one of them turns."""
        if self.turn is not None and earlier.turn is not None:
            raise ValueError("two steps that turn cannot be one")
        turn = self.turn or earlier.turn
        if turn is not None:
            left, right = (self.matrix, None) if self.turn is None else (None, earlier.matrix)
            cosine, sine = (_between(left, part, right) for part in (turn.cosine, turn.sine))
            turn = Turn(cosine, sine, turn.symbol)
        return Step(self.wires, self.matrix @ earlier.matrix, turn)


@dataclass(frozen=True, eq=False)
class Factor:
    """A factor of the observable: coefficients of Pauli strings.

    Args:
        wires: its k qubits.
        coefficients: shape (4,) * k; the mean is the sum of coefficients times expectations.
    """

    wires: Wires
    coefficients: FloatArray


@dataclass(frozen=True, eq=False)
class NoisyProgram:
    """A circuit with noise.

    Args:
        steps: in order of time.
        registers: groups of n qubits that start in the patch state, in data order; all others start in |0>.
        factors: of the observable, on different qubits.
    """

    steps: tuple[Step, ...]
    registers: tuple[Wires, ...]
    factors: tuple[Factor, ...]


def observable(estimator: Estimator, measured: Sequence[cirq.Qid]) -> tuple[Factor, ...]:
    """The value of a shot as a product of observables, diagonal in the measured bits."""
    zero, sign = np.array([0.5, 0, 0, 0.5]), np.array([0.0, 0, 0, 1])
    pair = np.zeros((4, 4))
    pair[0, 0] = pair[0, 3] = pair[3, 0] = 0.5
    pair[3, 3] = -0.5
    factors = [Factor((measured[bit],), zero) for bit in estimator.zeros]
    factors += [Factor((measured[a], measured[b]), pair) for a, b in estimator.pairs]
    factors += [Factor((measured[bit],), sign) for bit in estimator.signs]
    return tuple(factors)


def swap_observable(first: cirq.Qid, second: cirq.Qid) -> Factor:
    """SWAP = (II + XX + YY + ZZ) / 2: its mean over products of registers is their overlap."""
    return Factor((first, second), np.eye(4) / 2)


def fused(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The same circuit in fewer steps: one-qubit steps are merged with their neighbours on the same wire.

    What does not turn is merged into the next step on its wire, so that noise of a waiting qubit costs nothing.
    """
    result: list[Step] = []
    waiting: dict[cirq.Qid, Step] = {}
    for step in steps:
        if len(step.wires) == 1:
            (wire,) = step.wires
            earlier = waiting.pop(wire, None)
            if earlier is not None and earlier.turn is not None and step.turn is not None:
                result.append(earlier)
                earlier = None
            waiting[wire] = step if earlier is None else step.after(earlier)
            continue
        held = [waiting.pop(wire, None) for wire in step.wires]
        result += [one for one in held if one is not None and one.turn is not None]
        plain = [np.eye(4) if one is None or one.turn is not None else one.matrix for one in held]
        result.append(Step(step.wires, step.matrix @ kronecker(plain)))
    return (*result, *waiting.values())


def _between(left: FloatArray | None, middle: FloatArray, right: FloatArray | None) -> NDArray[np.float64]:
    product = middle if left is None else left @ middle
    return product if right is None else product @ right
