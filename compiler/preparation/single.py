"""The preparation of one state with numbers, collapsed to what that state needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cirq
import numpy as np
from numpy.typing import ArrayLike, NDArray

from qpbae_tn.compiler.gates import Stage, tagged
from qpbae_tn.compiler.preparation.protocol import (
    Preparation,
    StatePreparation,
    checked_states,
    fidelities,
    qubit_count_of,
)
from qpbae_tn.compiler.preparation.template import Rotation

FloatArray = NDArray[np.float64]

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
                if isinstance(gate, Rotation):
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
