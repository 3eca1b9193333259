"""What every preparation offers: one template for all patches, and each patch's angles with the fidelity reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import cirq
import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.compiler.gates import Stage, tagged
from qpbae_tn.compiler.preparation.template import PreparationTemplate
from qpbae_tn.errors import InputError
from qpbae_tn.model.blocks import Ry

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


# One state with numbers, collapsed to what it needs.

_PRODUCT_WEIGHT = 1e-15
"""Weight of all but the largest Schmidt coefficient below which a cut counts as free of entanglement."""
_NO_ROTATION = 1e-12
"""Radians below which a rotation is left out."""


def prepare(preparation: Preparation, state: ArrayLike, qubits: Sequence[cirq.Qid]) -> StatePreparation:
    """The circuit that prepares one state.

    The state is cut wherever it is a product of its left and right qubits, and every part is prepared on its own,
    single qubits by one RY: product, basis and uniform states need no CZ, whichever the preparation.

    Args:
        preparation: how entangled parts are prepared; with `none` the circuit is empty.
        state: unit vector of real amplitudes, shape (2^n,).
        qubits: n qubits in data order.

    Raises:
        InputError: not a unit vector of 2^n numbers, or more qubits than the preparation reaches.
    """
    target = checked_states(np.asarray(state)[None])
    if len(qubits) != qubit_count_of(target):
        raise ValueError(f"{len(qubits)} qubits for a state of {qubit_count_of(target)}")
    if preparation.assumes_state:
        return StatePreparation(cirq.Circuit(), target[0], 1.0)
    settled = preparation.settled(target)
    operations: list[cirq.Operation] = []
    prepared = np.ones((1, 1))
    start = 0
    for part in _factors(target[0]):
        n = qubit_count_of(part)
        if n == 1:
            operations += _rotation(qubits[start], 2 * float(np.arctan2(part[1], part[0])))
            achieved = part[None]
        else:
            template, angles = settled.template(n), settled.fit(part[None]).angles
            for gate in template.gates:
                if isinstance(gate, Ry):
                    operations += _rotation(qubits[start + gate.qubit], float(angles[0, gate.parameter]))
                else:
                    operations.append(cirq.CZ(qubits[start + gate.first], qubits[start + gate.second]))
            achieved = template.states(angles)
        prepared = (prepared[:, :, None] * achieved[:, None, :]).reshape(1, -1)
        start += n
    circuit = tagged(operations, Stage.PREPARATION)
    return StatePreparation(circuit, prepared[0], float(fidelities(prepared, target)[0]))


def _factors(state: FloatArray) -> Iterator[FloatArray]:
    """Unit vectors on consecutive qubits whose product the state is, as many as there are."""
    rest = state
    qubits = 1
    while 2**qubits < len(rest):
        u, s, vt = np.linalg.svd(rest.reshape(2**qubits, -1), full_matrices=False)
        if (s[1:] ** 2).sum() <= _PRODUCT_WEIGHT:
            yield u[:, 0]
            rest, qubits = vt[0], 0
        qubits += 1
    yield rest


def _rotation(qubit: cirq.Qid, angle: float) -> list[cirq.Operation]:
    """RY, or nothing where the angle is a multiple of 2 pi: RY(2 pi) is a global sign."""
    reduced = float(np.remainder(angle + np.pi, 2 * np.pi) - np.pi)
    return [] if abs(reduced) < _NO_ROTATION else [cirq.ry(reduced)(qubit)]
